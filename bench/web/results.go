package main

import (
	"fmt"
	"io"

	"github.com/maru-chat/maru/bench/report"
)

// results are what web.json holds.
type results struct {
	Run       report.Run `json:"run"`
	Arguments []string   `json:"arguments"`
	Messages  int        `json:"messages"`
	Scroll    scrolling  `json:"scroll"`
	Back      back       `json:"back"`
	Pages     []*page    `json:"pages"`
}

type scrolling struct {
	Seconds   report.Figure `json:"seconds"`
	LongTasks report.Figure `json:"longTasks"`
	Longest   report.Figure `json:"longestMs"`
	Heap      report.Figure `json:"heapMiB"`
	Rows      report.Figure `json:"rows"`
}

func (s *scrolling) add(one scrolled) {
	s.Seconds, s.LongTasks, s.Longest = append(s.Seconds, one.Seconds), append(s.LongTasks, one.LongTasks), append(s.Longest, one.Longest)
	s.Heap, s.Rows = append(s.Heap, one.Heap), append(s.Rows, one.Rows)
}

// back is of a room that was open before, in ms.
type back struct {
	Median report.Figure `json:"medianMs"`
	Most   report.Figure `json:"mostMs"`
}

func (b *back) add(one cameBack) {
	b.Median, b.Most = append(b.Median, one.Median), append(b.Most, one.Most)
}

type page struct {
	Name          string        `json:"name"`
	Performance   report.Figure `json:"performance"`
	Accessibility report.Figure `json:"accessibility"`
	BestPractices report.Figure `json:"bestPractices"`
	FirstPaint    report.Figure `json:"firstPaintMs"`
	LargestPaint  report.Figure `json:"largestPaintMs"`
	Blocked       report.Figure `json:"blockedMs"`
	Shift         report.Figure `json:"layoutShift"`
	Bytes         report.Figure `json:"bytes"`
}

func (r *results) page(name string) *page {
	for _, p := range r.Pages {
		if p.Name == name {
			return p
		}
	}
	p := &page{Name: name}
	r.Pages = append(r.Pages, p)
	return p
}

func (p *page) add(one judged) {
	p.Performance, p.Accessibility, p.BestPractices = append(p.Performance, one.Performance), append(p.Accessibility, one.Accessibility), append(p.BestPractices, one.BestPractices)
	p.FirstPaint, p.LargestPaint, p.Blocked = append(p.FirstPaint, one.FirstPaint), append(p.LargestPaint, one.LargestPaint), append(p.Blocked, one.Blocked)
	p.Shift, p.Bytes = append(p.Shift, one.Shift), append(p.Bytes, one.Bytes)
}

func (r *results) publish(directory string, screen io.Writer) error {
	scroll := report.Table{
		Title: fmt.Sprintf("Scrolling from the newest of %s messages to the oldest, at a desk", report.Number(float64(r.Messages))),
		Head:  []string{"", "measured"},
	}
	scroll.Add("seconds", r.Scroll.Seconds.String())
	scroll.Add("tasks of more than 50 ms", r.Scroll.LongTasks.String())
	scroll.Add("the longest of them, ms", r.Scroll.Longest.String())
	scroll.Add("heap in use, at most, MiB", r.Scroll.Heap.String())
	scroll.Add("rows in the page, at most", r.Scroll.Rows.String())
	back := report.Table{Title: "Back in a room that was open before, from the click to the frame with its messages", Head: []string{"", "measured"}}
	back.Add("ms, median of 20", r.Back.Median.String())
	back.Add("ms, the longest", r.Back.Most.String())
	pages := report.Table{
		Title: "Lighthouse, logged in, as a phone sees it (its simulated slow line and processor, nothing cached)",
		Head:  []string{"page", "performance", "accessibility", "best practices", "first paint ms", "largest paint ms", "blocked ms", "layout shift", "KB"},
	}
	targets := []report.Target{
		{What: "scrolling: the longest task of more than 50 ms, 0 for none", Measured: r.Scroll.Longest, AtMost: 50},
		{What: "scrolling: heap in use, MiB", Measured: r.Scroll.Heap, AtMost: 150},
		{What: "back in a room, ms", Measured: r.Back.Median, AtMost: 50},
	}
	chart := &report.Chart{Title: "The site on a phone, by Lighthouse", Note: r.Run.String(), Panels: []report.Panel{{Title: "Scores (more is better, at most 100)"}}}
	for _, p := range r.Pages {
		kilobytes := make(report.Figure, len(p.Bytes))
		for i, bytes := range p.Bytes {
			kilobytes[i] = bytes / 1024
		}
		pages.Add(p.Name, p.Performance.String(), p.Accessibility.String(), p.BestPractices.String(), p.FirstPaint.String(), p.LargestPaint.String(),
			p.Blocked.String(), p.Shift.String(), kilobytes.String())
		targets = append(targets,
			report.Target{What: p.Name + ": performance", Measured: p.Performance, AtLeast: 95},
			report.Target{What: p.Name + ": accessibility", Measured: p.Accessibility, AtLeast: 95},
			report.Target{What: p.Name + ": best practices", Measured: p.BestPractices, AtLeast: 95})
		panel := &chart.Panels[0]
		panel.Groups = []string{"performance", "accessibility", "best practices"}
		panel.Series = append(panel.Series, report.Series{Name: p.Name, Values: []report.Figure{p.Performance, p.Accessibility, p.BestPractices}})
	}
	p := report.Publication{
		Name: "web", Title: "The site", Run: r.Run, Arguments: r.Arguments, Chart: chart, Figures: r,
		Tables: []report.Table{scroll, back, pages, report.Targets(targets)},
	}
	return p.Publish(directory, screen)
}
