package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/maru-chat/maru/bench/report"
)

// results are what firstpaint.json holds.
type results struct {
	Run       report.Run      `json:"run"`
	Arguments []string        `json:"arguments"`
	Browser   string          `json:"browser"`
	Slow      string          `json:"slow"`
	Targets   []report.Target `json:"targets"`
	Measured  []*figures      `json:"measured"`
}

// figures are those of one way under one condition, times in ms.
type figures struct {
	Way       string `json:"way"`
	Condition string `json:"condition"`

	FirstPaint report.Figure `json:"firstPaintMs"`
	Contentful report.Figure `json:"firstContentfulPaintMs"`
	Name       report.Figure `json:"nameMs"`
	Newest     report.Figure `json:"newestMessageMs"`
	Bytes      report.Figure `json:"bytes"`
	Requests   report.Figure `json:"requests"`

	Reloads   int `json:"reloads"`
	NameFirst int `json:"nameInFirstPaint"`   // of anything
	Empty     int `json:"emptyFirst"`         // a picture of one colour before
	Visitor   int `json:"paintedAsVisitor"`   // by the pictures
	Stood     int `json:"visitorInDocument"`  // by the document
	Nameless  int `json:"paintedWithoutName"` // by the pictures, and not as a visitor
	Lost      int `json:"nameGoneAgain"`
}

func (r *results) of(w way, c condition) *figures {
	for _, f := range r.Measured {
		if f.Way == w.name && f.Condition == c.name {
			return f
		}
	}
	f := &figures{Way: w.name, Condition: c.name}
	r.Measured = append(r.Measured, f)
	return f
}

// add adds a round.
func (f *figures) add(of sample) {
	f.FirstPaint = append(f.FirstPaint, of.median(func(r reload) float64 { return r.FirstPaint }))
	f.Contentful = append(f.Contentful, of.median(func(r reload) float64 { return r.Contentful }))
	f.Name = append(f.Name, of.median(func(r reload) float64 { return r.Name }))
	f.Newest = append(f.Newest, of.median(func(r reload) float64 { return r.Newest }))
	f.Bytes = append(f.Bytes, of.median(func(r reload) float64 { return r.Bytes }))
	f.Requests = append(f.Requests, of.median(func(r reload) float64 { return r.Requests }))
}

// count adds what one reload showed. Where the script alone draws, the
// browser's own times have to agree with the pictures about the first paint: a
// picture may be missing.
func (f *figures) count(w way, r reload, v verdict) {
	const sameFrame = 1 // ms
	f.Reloads++
	note := func(count *int, is bool) {
		if is {
			*count++
		}
	}
	note(&f.NameFirst, v.first == asUser && (w.drawn || r.Name-r.Contentful < sameFrame))
	note(&f.Empty, v.empty)
	note(&f.Visitor, v.visitor)
	note(&f.Stood, r.Visitor)
	note(&f.Nameless, v.nameless)
	note(&f.Lost, v.lost)
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments = report.ThisRun(ctx, b.hosts.Root()), arguments
	r.Targets = b.targets()
	p := report.Publication{
		Name: "firstpaint", Title: "First paint", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
	}
	for _, c := range b.conditions {
		p.Tables = append(p.Tables, b.times(c))
	}
	p.Tables = append(p.Tables, b.seen(), report.Targets(r.Targets))
	if err := p.Publish(directory, screen); err != nil {
		return err
	}
	drawn, err := b.film.svg("One reload of each way, "+b.results.Slow, r.Run.String())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "firstpaint-film.svg"), drawn, 0o644) //nolint:gosec // for everyone to read
}

func (b *bench) times(c condition) report.Table {
	title := "A reload, " + c.name
	if c.line.Down > 0 {
		title += ": " + b.results.Slow
	}
	table := report.Table{Title: title, Head: []string{
		"the session's data", "first paint ms", "of content ms", "the name ms", "the newest message ms", "name ÷ in the page", "bytes", "requests",
	}}
	own := b.results.of(ways[0], c)
	for _, w := range ways {
		f := b.results.of(w, c)
		table.Add(w.name, f.FirstPaint.String(), f.Contentful.String(), f.Name.String(), f.Newest.String(),
			report.Number(f.Name.Over(own.Name).Median()), report.Number(f.Bytes.Median()), report.Number(f.Requests.Median()))
	}
	return table
}

func (b *bench) seen() report.Table {
	table := report.Table{Title: "What was painted, of the reloads", Head: []string{
		"the session's data · condition", "reloads", "the name in the first paint of content", "as a visitor", "as a visitor in the document",
		"without the name", "the name gone again", "an empty page first",
	}}
	for _, w := range ways {
		for _, c := range b.conditions {
			f := b.results.of(w, c)
			row := []string{w.name + " · " + c.name}
			for _, n := range []int{f.Reloads, f.NameFirst, f.Visitor, f.Stood, f.Nameless, f.Lost, f.Empty} {
				row = append(row, fmt.Sprint(n))
			}
			table.Add(row...)
		}
	}
	return table
}

// targets are shares of all reloads.
func (b *bench) targets() []report.Target {
	share := func(name string, good func(*figures) int) report.Figure {
		reloads, counted := 0, 0
		for _, f := range b.results.Measured {
			if f.Way == name {
				reloads, counted = reloads+f.Reloads, counted+good(f)
			}
		}
		if reloads == 0 {
			return nil
		}
		return report.Figure{float64(counted) / float64(reloads)}
	}
	return []report.Target{
		{
			What: "reloads with the data in the page whose first paint of content has the name", AtLeast: 1,
			Measured: share(inPage, func(f *figures) int { return f.NameFirst }),
		},
		{
			What: "of those, painted empty, as a visitor or without the name at no time", AtLeast: 1,
			Measured: share(inPage, func(f *figures) int { return f.Reloads - max(f.Empty, f.Visitor, f.Stood, f.Nameless, f.Lost) }),
		},
		{
			What: "reloads of the control whose flash is seen", AtLeast: 1,
			Measured: share(control, func(f *figures) int { return f.Visitor }),
		},
	}
}

func (b *bench) chart() *report.Chart {
	var groups []string
	for _, c := range b.conditions {
		groups = append(groups, strings.ReplaceAll(strings.ReplaceAll(c.name, "access cookie ", ""), ", service worker", "")) // beside each other there is little room
	}
	panel := func(title string, value func(*figures) report.Figure) report.Panel {
		p := report.Panel{Title: title, Groups: groups}
		for _, w := range ways {
			s := report.Series{Name: w.name}
			for _, c := range b.conditions {
				s.Values = append(s.Values, value(b.results.of(w, c)))
			}
			p.Series = append(p.Series, s)
		}
		return p
	}
	return &report.Chart{
		Title: "A reload while logged in: the session's data in the page, fetched, or rendered",
		Note:  b.results.Run.String(),
		Panels: []report.Panel{
			panel("First paint of content, ms (less is better)", func(f *figures) report.Figure { return f.Contentful }),
			panel("The name painted, ms (less is better)", func(f *figures) report.Figure { return f.Name }),
			panel("The newest message painted, ms (less is better)", func(f *figures) report.Figure { return f.Newest }),
			panel("Bytes (less is better)", func(f *figures) report.Figure { return f.Bytes }),
		},
	}
}
