package main

import (
	"context"
	"fmt"
	"io"

	"github.com/maru-chat/maru/bench/report"
)

// results are what metrics.json holds.
type results struct {
	Run       report.Run      `json:"run"`
	Arguments []string        `json:"arguments"`
	Message   report.Figure   `json:"nanosToCountAMessage"`
	Fans      []*fan          `json:"fanOuts"`
	Crowds    []*crowd        `json:"scrapes"`
	Targets   []report.Target `json:"targets"`
}

// of returns the figures of a way, which are empty where nothing was measured.
func (r *results) of(w way, n int) *fan {
	for _, f := range r.Fans {
		if f.Way == w && f.Outstanding == n {
			return f
		}
	}
	f := &fan{Way: w, Outstanding: n}
	r.Fans = append(r.Fans, f)
	return f
}

func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Targets = report.ThisRun(ctx, b.hosts.Root()), arguments, report.Known(b.targets())
	p := report.Publication{
		Name: "metrics", Title: "What it costs to be measured", Run: r.Run, Arguments: arguments, Chart: b.chart(), Figures: r,
		Tables: []report.Table{b.fanTable(), b.crowdTable(), report.Targets(r.Targets)},
	}
	if err := p.Publish(directory, screen); err != nil {
		return err
	}
	for _, f := range r.Fans {
		if f.Lost+f.Repeated+f.Disordered > 0 {
			return fmt.Errorf("%s: %d lost, %d repeated, %d disordered", f.Way, f.Lost, f.Repeated, f.Disordered)
		}
	}
	return nil
}

func (b *bench) fanTable() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("Fan-out: one room of %d members, everybody sends in turn", b.members),
		Head: []string{
			"not yet acknowledged · metrics", "CPU µs a delivery", "times that without", "counting, % of it", "CPU samples that count", "that answer scrapes",
			"messages/s", "acknowledged ms p50", "p99",
		},
	}
	for _, n := range outstanding {
		for _, w := range []way{without, with} {
			f := b.results.of(w, n)
			times, share, counting, scraping := "–", "–", "–", "–"
			if w == with {
				times, share = f.Delivery.Over(b.results.of(without, n).Delivery).String(), b.share(f).String()
				counting, scraping = f.Samples.of(f.Samples.Counting), f.Samples.of(f.Samples.Scraping)
			}
			table.Add(fmt.Sprintf("%d · %s", n, w), f.Delivery.String(), times, share, counting, scraping, f.PerSecond.String(), f.Acknowledged.P50.String(), f.Acknowledged.P99.String())
		}
	}
	return table
}

func (b *bench) crowdTable() report.Table {
	table := report.Table{
		Title: "A scrape, while people are connected and idle",
		Head:  []string{"connections", "CPU µs of the server", "ms p50", "p99", "bytes"},
	}
	for _, c := range b.results.Crowds {
		table.Add(fmt.Sprint(c.Connections), c.CPU.String(), c.Took.P50.String(), c.Took.P99.String(), fmt.Sprint(c.Bytes))
	}
	return table
}

// share is what part of a message's CPU it takes to count it, in percent.
func (b *bench) share(f *fan) report.Figure {
	message := make(report.Figure, len(f.Delivery))
	for i, micros := range f.Delivery {
		message[i] = micros * float64(b.members) * 1000 / 100
	}
	return b.results.Message.Over(message)
}

// targets are what the project asks for. Two measurements differ by more than
// the percent in question, so their ratio is shown, and what decides is how long
// it takes to count, and how often a profile sees it done.
func (b *bench) targets() []report.Target {
	var targets []report.Target
	for _, n := range outstanding {
		f := b.results.of(with, n)
		s := f.Samples
		targets = append(
			targets,
			report.Target{What: fmt.Sprintf("%d outstanding: counting a message, %% of its fan-out's CPU", n), Measured: b.share(f), AtMost: 1},
			report.Target{What: fmt.Sprintf("%d outstanding: %% of CPU samples that count", n), Measured: s.percent(s.Counting), AtMost: 1},
			report.Target{What: fmt.Sprintf("%d outstanding: the same, with a scrape every second", n), Measured: s.percent(s.Counting + s.Scraping), Aim: 1},
			report.Target{What: fmt.Sprintf("%d outstanding: CPU a delivery with metrics, times that without", n), Measured: f.Delivery.Over(b.results.of(without, n).Delivery), Aim: 1.01},
		)
	}
	return targets
}

func (b *bench) chart() *report.Chart {
	delivery := report.Panel{Title: "CPU µs for a delivery, by messages not yet acknowledged"}
	percent := report.Panel{Title: "Percent of CPU samples", Series: []report.Series{{Name: "that count"}, {Name: "that answer a scrape each second"}}}
	for _, w := range []way{without, with} {
		s := report.Series{Name: string(w)}
		for _, n := range outstanding {
			s.Values = append(s.Values, b.results.of(w, n).Delivery)
		}
		delivery.Series = append(delivery.Series, s)
	}
	for _, n := range outstanding {
		delivery.Groups, percent.Groups = append(delivery.Groups, fmt.Sprint(n)), append(percent.Groups, fmt.Sprint(n))
		f := b.results.of(with, n)
		percent.Series[0].Values = append(percent.Series[0].Values, f.Samples.percent(f.Samples.Counting))
		percent.Series[1].Values = append(percent.Series[1].Values, f.Samples.percent(f.Samples.Scraping))
	}
	return &report.Chart{Title: "Fan-out with metrics and without", Note: b.results.Run.String(), Panels: []report.Panel{delivery, percent}}
}
