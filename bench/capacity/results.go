package main

import (
	"context"
	"fmt"
	"io"

	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// results are what capacity.json holds.
type results struct {
	Run       report.Run      `json:"run"`
	Arguments []string        `json:"arguments"`
	Crowds    []*crowd        `json:"crowds"`
	Targets   []report.Target `json:"targets"`
}

// crowd is so many people, each with one connection and one room.
type crowd struct {
	People    int           `json:"people"`
	Memory    report.Figure `json:"bytesEach"`
	PerSecond report.Figure `json:"cameASecond"`
	Coming    report.Figure `json:"serverMicrosToCome"`
	Idle      report.Figure `json:"idlePercentOfACoreForAThousand"`
	Delivery  report.Figure `json:"serverMicrosADelivery"`
	Speaking  load.Figures  `json:"speaking"`
}

func (r *results) of(people int) *crowd {
	for _, c := range r.Crowds {
		if c.People == people {
			return c
		}
	}
	c := &crowd{People: people}
	r.Crowds = append(r.Crowds, c)
	return c
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Targets = report.ThisRun(ctx, b.hosts.Root()), arguments, report.Known(b.targets())
	p := report.Publication{
		Name: "capacity", Title: "People who are there", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{b.table(), report.Targets(r.Targets)},
	}
	return p.Publish(directory, screen)
}

func (b *bench) table() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("Logged in, in rooms of %d, silent for %v, then %v messages a second", members, b.rest, b.rate),
		Head: []string{
			"people", "memory each, bytes", "came a second", "CPU µs to come", "idle: % of a core for 1,000", "speaking: acknowledged ms p50", "p99", "CPU µs a delivery",
		},
	}
	for _, c := range b.results.Crowds {
		table.Add(fmt.Sprint(c.People), c.Memory.String(), c.PerSecond.String(), c.Coming.String(), c.Idle.String(),
			c.Speaking.Acknowledged.P50.String(), c.Speaking.Acknowledged.P99.String(), c.Delivery.String())
	}
	return table
}

// targets are what the project asks: that nothing grows faster than the crowd.
func (b *bench) targets() []report.Target {
	crowds := b.results.Crowds
	if len(crowds) < 2 {
		return nil
	}
	least, most := crowds[0], crowds[len(crowds)-1]
	grown := fmt.Sprintf("%d people over %d", most.People, least.People)
	return []report.Target{
		{What: "memory each, " + grown, Measured: most.Memory.Over(least.Memory), AtMost: 1.1},
		{What: "CPU to come, " + grown, Measured: most.Coming.Over(least.Coming), AtMost: 1.5},
		{What: "CPU a delivery, " + grown, Measured: most.Delivery.Over(least.Delivery), AtMost: 1.5},
	}
}

func (b *bench) chart() *report.Chart {
	var groups []string
	var memory, coming []report.Figure
	for _, c := range b.results.Crowds {
		groups = append(groups, fmt.Sprint(c.People))
		memory, coming = append(memory, c.Memory), append(coming, c.Coming)
	}
	return &report.Chart{
		Title: "People who are there", Note: b.results.Run.String(),
		Panels: []report.Panel{
			{Title: "Bytes of memory each (less is better)", Groups: groups, Series: []report.Series{{Name: "bytes", Values: memory}}},
			{Title: "CPU µs to come (less is better)", Groups: groups, Series: []report.Series{{Name: "µs", Values: coming}}},
		},
	}
}
