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

// results are what sends.json holds.
type results struct {
	Run       report.Run                 `json:"run"`
	Arguments []string                   `json:"arguments"`
	Commits   map[string]*load.Quantiles `json:"bareCommitMillis"` // by the scenario beside it
	Sendings  []*sending                 `json:"sendings"`
	Pages     []*page                    `json:"pages"`
	Targets   []report.Target            `json:"targets"`
}

// commit returns the figures of the bare commit beside a scenario, which are
// empty where nothing was measured.
func (r *results) commit(scenario string) *load.Quantiles {
	if r.Commits == nil {
		r.Commits = map[string]*load.Quantiles{}
	}
	if r.Commits[scenario] == nil {
		r.Commits[scenario] = &load.Quantiles{}
	}
	return r.Commits[scenario]
}

// of returns the figures of a kind in a scenario, which are empty where nothing
// was measured.
func (r *results) of(k host.Kind, scenario string) *sending {
	for _, s := range r.Sendings {
		if s.Server == k && s.Scenario == scenario {
			return s
		}
	}
	s := &sending{Server: k, Scenario: scenario}
	r.Sendings = append(r.Sendings, s)
	return s
}

func (r *results) page(request string, messages int) *page {
	for _, p := range r.Pages {
		if p.Request == request && p.Messages == messages {
			return p
		}
	}
	p := &page{Request: request, Messages: messages}
	r.Pages = append(r.Pages, p)
	return p
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Targets = report.ThisRun(ctx, b.hosts.Root()), arguments, report.Known(b.targets())
	p := report.Publication{
		Name: "sends", Title: "Sending durably", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{b.saturationTable(), b.latencyTable(), b.historyTable(), report.Targets(r.Targets)},
	}
	r.Sendings = slices.DeleteFunc(r.Sendings, func(s *sending) bool { return len(s.PerSecond) == 0 })
	if err := p.Publish(directory, screen); err != nil {
		return err
	}
	for _, s := range r.Sendings {
		if s.Server == host.Maru && s.Lost+s.Repeated+s.Disordered > 0 {
			return fmt.Errorf("%s: %d lost, %d repeated, %d disordered", s.Scenario, s.Lost, s.Repeated, s.Disordered)
		}
	}
	return nil
}

func (b *bench) saturationTable() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("Saturation: %d not yet acknowledged, %d rooms of %d members who receive everything", outstanding, b.town.Rooms, b.town.Members),
		Head: []string{
			"server", "messages/s", "CPU µs each", "load's CPU µs each", "messages/s against the limit", "acknowledged ms p50", "p99",
			"lost · repeated · disordered",
		},
	}
	limit := b.results.of(host.Limit, "saturation").PerSecond
	for _, k := range b.kinds {
		s := b.results.of(k, "saturation")
		if len(s.PerSecond) == 0 {
			continue
		}
		table.Add(string(k), s.PerSecond.String(), s.ServerCPU.String(), s.LoadCPU.String(), s.PerSecond.Over(limit).String(),
			s.Acknowledged.P50.String(), s.Acknowledged.P99.String(), s.faults())
	}
	return table
}

func (s *sending) faults() string {
	return fmt.Sprintf("%d · %d · %d", s.Lost, s.Repeated, s.Disordered)
}

func (b *bench) latencyTable() report.Table {
	table := report.Table{
		Title: "Latency in ms",
		Head:  []string{"load · server", "acknowledged p50", "p99", "received p50", "p99", "messages/s", "lost · repeated · disordered"},
	}
	loads := map[string]string{"steady": fmt.Sprintf("%v a second", b.rate), "alone": "one sender alone"}
	for _, scenario := range []string{"steady", "alone"} {
		if c := b.results.commit(scenario); len(c.P50) > 0 {
			table.Add("one bare commit", c.P50.String(), c.P99.String(), "–", "–", "–", "–")
		}
		for _, k := range b.kinds {
			s := b.results.of(k, scenario)
			if len(s.PerSecond) == 0 {
				continue
			}
			table.Add(loads[scenario]+" · "+string(k), s.Acknowledged.P50.String(), s.Acknowledged.P99.String(),
				s.Received.P50.String(), s.Received.P99.String(), s.PerSecond.String(), s.faults())
		}
	}
	return table
}

func (b *bench) historyTable() report.Table {
	table := report.Table{Title: "History: server CPU µs for a request, by messages in the room", Head: []string{"request"}}
	for _, n := range b.history {
		table.Head = append(table.Head, fmt.Sprint(n))
	}
	table.Head = append(table.Head, "growth")
	for _, request := range b.requests() {
		row := []string{request}
		for _, n := range b.history {
			row = append(row, b.results.page(request, n).CPU.String())
		}
		table.Add(append(row, b.growth(request).String())...)
	}
	return table
}

// requests are those that were measured.
func (b *bench) requests() (names []string) {
	for _, p := range b.results.Pages {
		if !slices.Contains(names, p.Request) && len(p.CPU) > 0 {
			names = append(names, p.Request)
		}
	}
	return names
}

// growth is what a request costs in the longest room, times that in the
// shortest.
func (b *bench) growth(request string) report.Figure {
	return b.results.page(request, slices.Max(b.history)).CPU.Over(b.results.page(request, slices.Min(b.history)).CPU)
}

// targets are what the project asks of maru.
func (b *bench) targets() []report.Target {
	at := func(k host.Kind, scenario string) *sending { return b.results.of(k, scenario) }
	commit := func(scenario string) report.Figure { return b.results.commit(scenario).P50 }
	saturated := at(host.Maru, "saturation").PerSecond
	targets := []report.Target{
		{What: "saturation: messages/s, times the original design's", Measured: saturated.Over(at(host.Original, "saturation").PerSecond), AtLeast: 10},
		{What: "saturation: messages/s, times the original design's with a pool", Measured: saturated.Over(at(host.Pooled, "saturation").PerSecond)},
		{What: "saturation: messages/s, times the limit's", Measured: saturated.Over(at(host.Limit, "saturation").PerSecond), AtLeast: 0.5, Aim: 0.8},
		{What: "steady: acknowledged p99, times one bare commit's p50", Measured: at(host.Maru, "steady").Acknowledged.P99.Over(commit("steady")), AtMost: 25},
		{What: "steady: received p99, times one bare commit's p50", Measured: at(host.Maru, "steady").Received.P99.Over(commit("steady")), AtMost: 40},
		{What: "steady, the original design: acknowledged p99, times one bare commit's p50", Measured: at(host.Original, "steady").Acknowledged.P99.Over(commit("steady"))},
		{What: "steady, the original design: received p99, times one bare commit's p50", Measured: at(host.Original, "steady").Received.P99.Over(commit("steady"))},
		{What: "alone: acknowledged p50, times one bare commit's", Measured: at(host.Maru, "alone").Acknowledged.P50.Over(commit("alone")), AtMost: 2},
	}
	for _, request := range b.requests() {
		targets = append(targets, report.Target{
			What:     fmt.Sprintf("%s: CPU with %d messages, times that with %d", request, slices.Max(b.history), slices.Min(b.history)),
			Measured: b.growth(request), AtMost: 1.3,
		})
	}
	return targets
}

func (b *bench) chart() *report.Chart {
	panel := func(title string, value func(k host.Kind) []report.Figure, groups ...string) report.Panel {
		p := report.Panel{Title: title, Groups: groups}
		for _, k := range b.kinds {
			p.Series = append(p.Series, report.Series{Name: string(k), Values: value(k)})
		}
		return p
	}
	of := b.results.of
	history := report.Panel{Title: "Server CPU µs for a page, by messages in the room"}
	for _, n := range b.history {
		s := report.Series{Name: fmt.Sprintf("maru, %d messages", n)}
		for _, request := range b.requests() {
			s.Values = append(s.Values, b.results.page(request, n).CPU)
		}
		history.Series = append(history.Series, s)
	}
	history.Groups = b.requests()
	return &report.Chart{
		Title: "Sending durably: maru, the design it began as, and the limit of database and network",
		Note:  b.results.Run.String(),
		Panels: []report.Panel{
			panel("Messages stored, acknowledged and received a second (more is better)",
				func(k host.Kind) []report.Figure { return []report.Figure{of(k, "saturation").PerSecond} }, "saturation"),
			panel("Server CPU µs per message, database included (less is better)",
				func(k host.Kind) []report.Figure { return []report.Figure{of(k, "saturation").ServerCPU} }, "saturation"),
			panel("One sender alone: acknowledged p50 in ms",
				func(k host.Kind) []report.Figure { return []report.Figure{of(k, "alone").Acknowledged.P50} }, "alone"),
			history,
		},
	}
}
