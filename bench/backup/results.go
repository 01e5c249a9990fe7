package main

import (
	"context"
	"fmt"
	"io"

	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// results are what backup.json holds.
type results struct {
	Run       report.Run      `json:"run"`
	Arguments []string        `json:"arguments"`
	Alone     load.Figures    `json:"chatAlone"`
	Busy      load.Figures    `json:"chatMeanwhile"`
	Seconds   report.Figure   `json:"secondsOfABackup"`
	Megabytes report.Figure   `json:"megabytes"`
	CPU       report.Figure   `json:"backupCPUSeconds"`
	Memory    report.Figure   `json:"backupMebibytes"`
	Targets   []report.Target `json:"targets"`
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Targets = report.ThisRun(ctx, b.hosts.Root()), arguments, report.Known(b.targets())
	p := report.Publication{
		Name: "backup", Title: "Backup", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{b.chatTable(), b.backupTable(), report.Targets(r.Targets)},
	}
	return p.Publish(directory, screen)
}

func (b *bench) chatTable() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("%v messages a second over a database of %d, alone and while backups are made one after the other", b.rate, b.messages),
		Head:  []string{"", "acknowledged ms p50", "p99", "received ms p50", "p99", "CPU µs a message"},
	}
	for _, f := range []struct {
		name string
		chat load.Figures
	}{{"alone", b.results.Alone}, {"meanwhile", b.results.Busy}} {
		table.Add(f.name, f.chat.Acknowledged.P50.String(), f.chat.Acknowledged.P99.String(),
			f.chat.Received.P50.String(), f.chat.Received.P99.String(), f.chat.ServerCPU.String())
	}
	return table
}

func (b *bench) backupTable() report.Table {
	r := &b.results
	table := report.Table{Title: "A backup meanwhile", Head: []string{"MB", "seconds", "CPU s", "MiB of memory"}}
	table.Add(r.Megabytes.String(), r.Seconds.String(), r.CPU.String(), r.Memory.String())
	return table
}

// targets are what the project asks.
func (b *bench) targets() []report.Target {
	r := &b.results
	return []report.Target{
		{What: "meanwhile: acknowledged p99, times alone", Measured: r.Busy.Acknowledged.P99.Over(r.Alone.Acknowledged.P99), AtMost: 2},
	}
}

func (b *bench) chart() *report.Chart {
	r := &b.results
	return &report.Chart{
		Title: "Chat while a backup is made", Note: r.Run.String(),
		Panels: []report.Panel{
			{Title: "Acknowledged, ms (less is better)", Groups: []string{"p50", "p99"}, Series: []report.Series{
				{Name: "alone", Values: []report.Figure{r.Alone.Acknowledged.P50, r.Alone.Acknowledged.P99}},
				{Name: "meanwhile", Values: []report.Figure{r.Busy.Acknowledged.P50, r.Busy.Acknowledged.P99}},
			}},
		},
	}
}
