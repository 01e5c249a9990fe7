package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A Table has a first column of names and others of figures.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Write writes the table as Markdown with aligned columns, which a terminal
// shows as well as a page does.
func (t *Table) Write(w io.Writer) error {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n", t.Title)
	line := func(row []string) {
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				out.WriteString("| " + cell + space + " |")
			} else {
				out.WriteString(" " + space + cell + " |")
			}
		}
		out.WriteByte('\n')
	}
	line(t.Head)
	for i, width := range widths {
		if i == 0 {
			out.WriteString("| " + strings.Repeat("-", width) + " |")
		} else {
			out.WriteString(" " + strings.Repeat("-", width-1) + ": |")
		}
	}
	out.WriteByte('\n')
	for _, row := range t.Rows {
		line(row)
	}
	_, err := io.WriteString(w, out.String())
	return err
}
