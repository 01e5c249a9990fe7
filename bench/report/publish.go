package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A Publication is what a run has to show.
type Publication struct {
	Name      string // of the files
	Title     string
	Run       Run
	Arguments []string
	Tables    []Table // those without rows are left out
	Chart     *Chart
	Figures   any // for the JSON
}

// Publish prints the tables, and writes them, the chart and the figures as
// NAME.md, NAME.svg and NAME.json into the directory.
func (p *Publication) Publish(directory string, screen io.Writer) error {
	var text, chart bytes.Buffer
	heading := p.Run.String()
	if len(p.Arguments) > 0 {
		heading += " · " + strings.Join(p.Arguments, " ")
	}
	fmt.Fprintf(&text, "# %s\n\n%s\n\nMedians of the rounds, and from the smallest to the largest.\n", p.Title, heading)
	for _, table := range p.Tables {
		if len(table.Rows) == 0 {
			continue
		}
		text.WriteByte('\n')
		if err := table.Write(&text); err != nil {
			return err
		}
	}
	if err := p.Chart.Write(&chart); err != nil {
		return err
	}
	figures, err := json.MarshalIndent(p.Figures, "", "  ")
	if err != nil {
		return fmt.Errorf("results: %w", err)
	}
	if err := os.MkdirAll(directory, 0o755); err != nil { //nolint:gosec // for everyone to read
		return fmt.Errorf("results: %w", err)
	}
	_, err = screen.Write(text.Bytes())
	for name, content := range map[string][]byte{".json": append(figures, '\n'), ".md": text.Bytes(), ".svg": chart.Bytes()} {
		err = errors.Join(err, os.WriteFile(filepath.Join(directory, p.Name+name), content, 0o644)) //nolint:gosec // for everyone to read
	}
	return err
}

// Known leaves out targets whose figures were not measured.
func Known(targets []Target) []Target {
	var known []Target
	for _, t := range targets {
		if t.Known() {
			known = append(known, t)
		}
	}
	return known
}
