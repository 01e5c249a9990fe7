package main

import (
	"context"
	"fmt"
	"io"

	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// results are what photos.json holds.
type results struct {
	Run       report.Run `json:"run"`
	Arguments []string   `json:"arguments"`
	Treat     struct {
		Bare   report.Figure `json:"bareCPUSeconds"`
		Ours   report.Figure `json:"treatmentCPUSeconds"`
		Upload report.Figure `json:"wholeUploadCPUSeconds"`
	} `json:"treat"`
	Uploads struct {
		Alone     load.Figures  `json:"chatAlone"`
		Busy      load.Figures  `json:"chatMeanwhile"`
		PerSecond report.Figure `json:"photosPerSecond"`
		Memory    report.Figure `json:"mebibytesOverIdle"`
	} `json:"uploads"`
	Thumbs struct {
		Bytes int     `json:"bytes"`
		Ours  serving `json:"ours"`
		Bare  serving `json:"bareFileServer"`
	} `json:"thumbs"`
	Targets []report.Target `json:"targets"`
}

// serving is what serving one thing costs, round by round.
type serving struct {
	PerSecond report.Figure `json:"perSecond"`
	CPU       report.Figure `json:"serverMicros"`
}

func (s *serving) add(a asked) {
	s.PerSecond, s.CPU = append(s.PerSecond, a.perSecond), append(s.CPU, a.micros)
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Targets = report.ThisRun(ctx, b.hosts.Root()), arguments, report.Known(b.targets())
	p := report.Publication{
		Name: "photos", Title: "Photos", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{b.treatTable(), b.uploadTable(), b.thumbTable(), report.Targets(r.Targets)},
	}
	return p.Publish(directory, screen)
}

func (b *bench) treatTable() report.Table {
	r := b.results.Treat
	table := report.Table{Title: fmt.Sprintf("One photo of %d × %d: seconds of CPU", b.side, b.side*3/4), Head: []string{"", "CPU s", "times the bare steps"}}
	if len(r.Bare) > 0 {
		table.Add("the bare steps", r.Bare.String(), "")
		table.Add("our treatment", r.Ours.String(), r.Ours.Over(r.Bare).String())
		table.Add("a whole upload, to the answer", r.Upload.String(), r.Upload.Over(r.Bare).String())
	}
	return table
}

func (b *bench) uploadTable() report.Table {
	r := b.results.Uploads
	table := report.Table{
		Title: fmt.Sprintf("%v messages a second, alone and while %d photos are uploaded at once, all the time", b.rate, b.uploads),
		Head:  []string{"", "acknowledged ms p50", "p99", "received ms p50", "p99", "photos/s", "MiB over idle"},
	}
	if len(r.Memory) > 0 {
		for _, f := range []struct {
			name  string
			chat  load.Figures
			rest  report.Figure
			space report.Figure
		}{{"alone", r.Alone, nil, nil}, {"meanwhile", r.Busy, r.PerSecond, r.Memory}} {
			table.Add(f.name, f.chat.Acknowledged.P50.String(), f.chat.Acknowledged.P99.String(),
				f.chat.Received.P50.String(), f.chat.Received.P99.String(), f.rest.String(), f.space.String())
		}
	}
	return table
}

func (b *bench) thumbTable() report.Table {
	r := b.results.Thumbs
	table := report.Table{
		Title: fmt.Sprintf("Serving a thumbnail of %d bytes over %d connections", r.Bytes, connections),
		Head:  []string{"", "a second", "CPU µs each"},
	}
	if len(r.Ours.CPU) > 0 {
		table.Add("maru, to a member of the room", r.Ours.PerSecond.String(), r.Ours.CPU.String())
		table.Add("a bare file server", r.Bare.PerSecond.String(), r.Bare.CPU.String())
	}
	return table
}

// targets are what the project asks.
func (b *bench) targets() []report.Target {
	r := &b.results
	return []report.Target{
		{What: "treatment: CPU, times the bare steps'", Measured: r.Treat.Ours.Over(r.Treat.Bare), AtMost: 1.2},
		{What: "treatment: CPU in seconds", Measured: r.Treat.Ours, Aim: 0.7},
		{What: "a whole upload: CPU, times the bare steps'", Measured: r.Treat.Upload.Over(r.Treat.Bare), AtMost: 1.2},
		{What: fmt.Sprintf("%d uploads at once: MiB over idle", b.uploads), Measured: r.Uploads.Memory, AtMost: 400},
		{What: "meanwhile: acknowledged p99, times alone", Measured: r.Uploads.Busy.Acknowledged.P99.Over(r.Uploads.Alone.Acknowledged.P99), AtMost: 2},
		{What: "a thumbnail: served a second, times a bare file server's", Measured: r.Thumbs.Ours.PerSecond.Over(r.Thumbs.Bare.PerSecond), AtLeast: 0.5},
	}
}

func (b *bench) chart() *report.Chart {
	r := &b.results
	return &report.Chart{
		Title: "Photos: what they cost", Note: r.Run.String(),
		Panels: []report.Panel{
			{Title: "CPU seconds for a photo (less is better)", Groups: []string{"the bare steps", "treatment", "whole upload"}, Series: []report.Series{
				{Name: "CPU", Values: []report.Figure{r.Treat.Bare, r.Treat.Ours, r.Treat.Upload}},
			}},
			{Title: "Chat acknowledged, p99 in ms (less is better)", Groups: []string{"alone", "while photos come"}, Series: []report.Series{
				{Name: "p99", Values: []report.Figure{r.Uploads.Alone.Acknowledged.P99, r.Uploads.Busy.Acknowledged.P99}},
			}},
			{Title: "Thumbnails a second (more is better)", Groups: []string{"maru", "bare file server"}, Series: []report.Series{
				{Name: "a second", Values: []report.Figure{r.Thumbs.Ours.PerSecond, r.Thumbs.Bare.PerSecond}},
			}},
		},
	}
}
