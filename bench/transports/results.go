package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// results are what transports.json holds.
type results struct {
	Run       report.Run `json:"run"`
	Arguments []string   `json:"arguments"`
	Members   int        `json:"members"`
	Rate      float64    `json:"steadyMessagesPerSecond"`
	Poll      string     `json:"poll"`
	Measured  []*figures `json:"measured"`
}

// figures are those of one server, reached in one way, under one load.
type figures struct {
	Server   host.Kind `json:"server"`
	Way      string    `json:"way"`
	Scenario string    `json:"scenario"`
	load.Figures
}

func (r *results) of(k host.Kind, w load.Way, scenario string) *figures {
	for _, f := range r.Measured {
		if f.Server == k && f.Way == w.Name && f.Scenario == scenario {
			return f
		}
	}
	f := &figures{Server: k, Way: w.Name, Scenario: scenario}
	r.Measured = append(r.Measured, f)
	return f
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments = report.ThisRun(ctx, b.hosts.Root()), arguments
	p := report.Publication{
		Name: "transports", Title: "Transports", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{
			b.table("steady", fmt.Sprintf("%v messages a second by %d of %d people", r.Rate, senders, r.Members)),
			b.table("saturation", fmt.Sprintf("Saturation: %d senders with 8 messages each under way, %d people", senders, r.Members)),
			b.table("alone", "One person alone, one message after the other"),
		},
	}
	r.Measured = slices.DeleteFunc(r.Measured, func(f *figures) bool { return len(f.PerSecond) == 0 })
	return p.Publish(directory, screen)
}

func (b *bench) table(scenario, title string) report.Table {
	table := report.Table{Title: title, Head: []string{
		"way · server", "acknowledged ms p50", "p99", "received ms p50", "p99", "messages/s", "CPU µs each", "bytes each", "lost · repeated · disordered",
	}}
	for _, w := range b.ways {
		for _, k := range b.kinds {
			f := b.results.of(k, w, scenario)
			if len(f.PerSecond) == 0 {
				continue
			}
			table.Add(fmt.Sprintf("%s · %s", w.Name, k), f.Acknowledged.P50.String(), f.Acknowledged.P99.String(),
				f.Received.P50.String(), f.Received.P99.String(), f.PerSecond.String(), f.ServerCPU.String(), f.Bytes.String(),
				fmt.Sprintf("%d · %d · %d", f.Lost, f.Repeated, f.Disordered))
		}
	}
	return table
}

func (b *bench) chart() *report.Chart {
	panel := func(title, scenario string, sockets bool, value func(*figures) report.Figure) report.Panel {
		p := report.Panel{Title: title}
		for _, k := range b.kinds {
			p.Groups = append(p.Groups, string(k))
		}
		for _, w := range b.ways {
			if sockets && w.Poll > 0 {
				continue
			}
			s := report.Series{Name: w.Name}
			for _, k := range b.kinds {
				s.Values = append(s.Values, value(b.results.of(k, w, scenario)))
			}
			p.Series = append(p.Series, s)
		}
		return p
	}
	return &report.Chart{
		Title: "Sockets alone, HTTP to send and sockets to receive, HTTP alone with polling",
		Note:  b.results.Run.String(),
		Panels: []report.Panel{
			panel("Acknowledged: p50 in ms, steady (less is better)", "steady", false, func(f *figures) report.Figure { return f.Acknowledged.P50 }),
			panel("Received: p50 in ms, steady (less is better)", "steady", true, func(f *figures) report.Figure { return f.Received.P50 }),
			panel("Messages a second at saturation (more is better)", "saturation", false, func(f *figures) report.Figure { return f.PerSecond }),
			panel("Bytes per message, one person alone (less is better)", "alone", true, func(f *figures) report.Figure { return f.Bytes }),
		},
	}
}
