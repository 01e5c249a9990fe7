package main

import (
	"context"
	"fmt"
	"io"

	"github.com/maru-chat/maru/bench/report"
)

// results are what cluster.json holds.
type results struct {
	Run           report.Run      `json:"run"`
	Arguments     []string        `json:"arguments"`
	Sendings      []*sending      `json:"sendings"`
	Watched       int             `json:"watchedRooms"`
	Subscriptions []int           `json:"subscriptions"` // of each node, with that many rooms
	Targets       []report.Target `json:"targets"`
}

// of returns the figures of a kind in a scenario, which are empty where nothing
// was measured.
func (r *results) of(k kind, scenario string) *sending {
	for _, s := range r.Sendings {
		if s.Kind == k && s.Scenario == scenario {
			return s
		}
	}
	s := &sending{Kind: k, Scenario: scenario}
	r.Sendings = append(r.Sendings, s)
	return s
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Targets = report.ThisRun(ctx, b.root), arguments, report.Known(b.targets())
	p := report.Publication{
		Name: "cluster", Title: "One node and two", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{
			b.table("steady", fmt.Sprintf("Steady: %v messages a second, %d rooms of %d members who receive everything", b.rate, b.town.Rooms, b.town.Members)),
			b.table("busy", fmt.Sprintf("Busy: %d not yet acknowledged, %d rooms of %d members who receive everything", b.outstanding, b.town.Rooms, b.town.Members)),
			report.Targets(r.Targets),
		},
	}
	if err := p.Publish(directory, screen); err != nil {
		return err
	}
	for _, s := range r.Sendings {
		if s.Lost+s.Repeated+s.Disordered > 0 {
			return fmt.Errorf("%s, %s: %d lost, %d repeated, %d disordered", s.Kind, s.Scenario, s.Lost, s.Repeated, s.Disordered)
		}
	}
	return nil
}

func (b *bench) table(scenario, title string) report.Table {
	table := report.Table{Title: title, Head: []string{
		"nodes", "messages/s", "CPU µs a delivery", "database's CPU µs a message", "acknowledged ms p50", "p99",
		"received on the sender's node p50", "p99", "on the other p50", "p99", "lost · repeated · disordered",
	}}
	for _, k := range kinds {
		s := b.results.of(k, scenario)
		database := s.Database.String()
		if k == embedded {
			database = "–" // its own process's
		}
		table.Add(string(k), s.PerSecond.String(), s.Delivery.String(), database, s.Acknowledged.P50.String(), s.Acknowledged.P99.String(),
			s.Received.P50.String(), s.Received.P99.String(), s.Elsewhere.P50.String(), s.Elsewhere.P99.String(),
			fmt.Sprintf("%d · %d · %d", s.Lost, s.Repeated, s.Disordered))
	}
	return table
}

// targets are what the project asks for.
func (b *bench) targets() []report.Target {
	steady, busy := b.results.of(pair, "steady"), b.results.of(pair, "busy")
	targets := []report.Target{
		{What: "steady: received on the other node p50, times that on the sender's", Measured: steady.Elsewhere.P50.Over(steady.Received.P50), AtMost: 2},
		{What: "steady: the same, p99", Measured: steady.Elsewhere.P99.Over(steady.Received.P99), AtMost: 2},
		{What: "busy: received on the other node p50, times that on the sender's", Measured: busy.Elsewhere.P50.Over(busy.Received.P50), AtMost: 2},
		{What: "busy: the same, p99", Measured: busy.Elsewhere.P99.Over(busy.Received.P99), AtMost: 2},
		{What: "steady: CPU of the nodes for a delivery, times that of one node on MySQL", Measured: steady.Delivery.Over(b.results.of(single, "steady").Delivery), AtMost: 1.2},
		{What: "busy: the same", Measured: busy.Delivery.Over(b.results.of(single, "busy").Delivery), AtMost: 1.2},
		{What: "busy: messages/s of two nodes, times one node's on MySQL", Measured: busy.PerSecond.Over(b.results.of(single, "busy").PerSecond)},
		{What: "busy: messages/s of one node on MySQL, times SQLite's", Measured: b.results.of(single, "busy").PerSecond.Over(b.results.of(embedded, "busy").PerSecond)},
	}
	for _, n := range b.results.Subscriptions {
		targets = append(targets, report.Target{
			What:     fmt.Sprintf("subscriptions of a node with %d rooms, for a room", b.results.Watched),
			Measured: report.Figure{float64(n-otherSubscriptions) / float64(b.results.Watched)}, AtMost: 1,
		})
	}
	return targets
}

// otherSubscriptions are a node's own: what concerns every node, and what nodes
// tell each other.
const otherSubscriptions = 7

func (b *bench) chart() *report.Chart {
	panel := func(title string, value func(*sending) report.Figure) report.Panel {
		p := report.Panel{Title: title, Groups: []string{"steady", "busy"}}
		for _, k := range kinds {
			p.Series = append(p.Series, report.Series{Name: string(k), Values: []report.Figure{value(b.results.of(k, "steady")), value(b.results.of(k, "busy"))}})
		}
		return p
	}
	return &report.Chart{
		Title: "One node, and two on MySQL and NATS",
		Note:  b.results.Run.String(),
		Panels: []report.Panel{
			panel("CPU µs of Maru for a delivery (less is better)", func(s *sending) report.Figure { return s.Delivery }),
			panel("Received on the sender's node, p50 in ms", func(s *sending) report.Figure { return s.Received.P50 }),
			panel("Received on the other node, p50 in ms", func(s *sending) report.Figure { return s.Elsewhere.P50 }),
			panel("Messages a second", func(s *sending) report.Figure { return s.PerSecond }),
		},
	}
}
