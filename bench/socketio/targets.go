package main

import (
	"fmt"
	"slices"

	"github.com/maru-chat/maru/bench/report"
)

// targets are what the project asks of our server. Those whose figures were
// not measured have none.
func (b *bench) targets() []report.Target {
	f, m := &b.results.FanOut, &b.results.Memory
	at := func(k kind, outstanding int) *fanOut { return f.of(k, b.members, outstanding) }
	least, most := slices.Min(b.growth), slices.Max(b.growth)
	growth := func(k kind) report.Figure { return f.of(k, most, many).ServerCPU.Over(f.of(k, least, many).ServerCPU) }
	fewest, all := slices.Min(b.connections), slices.Max(b.connections)
	return []report.Target{
		{
			What:     "64 outstanding: deliveries/s, times Node's",
			Measured: at(maru, many).PerSecond.Over(at(node, many).PerSecond), AtLeast: 10,
		},
		{
			What:     "64 outstanding: deliveries/s, times the floor's",
			Measured: at(maru, many).PerSecond.Over(at(floor, many).PerSecond), AtLeast: 0.5,
		},
		{
			What:     "64 outstanding: Node's CPU per delivery, times ours",
			Measured: at(node, many).ServerCPU.Over(at(maru, many).ServerCPU), AtLeast: 12,
		},
		{
			What:     "64 outstanding: CPU per delivery, times the floor's",
			Measured: at(maru, many).ServerCPU.Over(at(floor, many).ServerCPU), AtMost: 2.5, Aim: 1.3,
		},
		{
			What:     "4 outstanding: Node's CPU per delivery, times ours",
			Measured: at(node, few).ServerCPU.Over(at(maru, few).ServerCPU), AtLeast: 3,
		},
		{
			What:     "4 outstanding: CPU per delivery, times the floor's",
			Measured: at(maru, few).ServerCPU.Over(at(floor, few).ServerCPU), Aim: 1.2,
		},
		{
			What:     fmt.Sprintf("CPU per delivery, %d members over %d, times the floor's growth", most, least),
			Measured: growth(maru).Over(growth(floor)), AtMost: 1.3,
		},
		{
			What:     fmt.Sprintf("bytes per idle connection beyond the floor's, %d connections", all),
			Measured: m.of(maru, all).Each.Minus(m.of(floor, all).Each), AtMost: 2048,
		},
		{
			What:     fmt.Sprintf("bytes per idle connection, %d connections", all),
			Measured: m.of(maru, all).Each, Aim: 5000,
		},
		{
			What:     fmt.Sprintf("bytes per idle connection, %d connections over %d", all, fewest),
			Measured: m.of(maru, all).Each.Over(m.of(maru, fewest).Each), AtMost: 1.1,
		},
		b.flat(),
	}
}

// flat compares what each connection beyond the first few costs with what each
// beyond many does.
func (b *bench) flat() report.Target {
	n, m := b.connections, &b.results.Memory
	if len(n) < 3 {
		return report.Target{}
	}
	last := len(n) - 1
	return report.Target{
		What:     fmt.Sprintf("bytes per idle connection, each from %d to %d over each from %d to %d", n[last-1], n[last], n[0], n[1]),
		Measured: m.between(maru, n[last-1], n[last]).Over(m.between(maru, n[0], n[1])), AtMost: 1.1,
	}
}
