package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/maru-chat/maru/bench/report"
)

// results is everything that one run measured.
type results struct {
	Run       report.Run      `json:"run"`
	Arguments []string        `json:"arguments"`
	Text      int             `json:"textBytes"`
	FanOut    fanOuts         `json:"fanOut"`
	Memory    memories        `json:"memory"`
	Targets   []report.Target `json:"targets"`
}

// publish prints the tables, and writes socketio.json, socketio.md and
// socketio.svg into the directory.
func (b *bench) publish(ctx context.Context, arguments []string, directory string, screen io.Writer) error {
	r := &b.results
	r.Run, r.Arguments, r.Text = report.ThisRun(ctx, b.servers.root), arguments, b.text
	r.Targets = report.Known(b.targets())
	p := report.Publication{
		Name: "socketio", Title: "Socket.IO", Run: r.Run, Arguments: arguments, Tables: b.tables(), Chart: b.chart(), Figures: r,
	}
	return p.Publish(directory, screen)
}

func (b *bench) tables() []report.Table {
	return []report.Table{b.fanOutTable(), b.growthTable(), b.memoryTable(), report.Targets(b.results.Targets)}
}

func (b *bench) fanOutTable() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("Fan-out: %d members of one room, %d-byte text", b.members, b.text),
		Head:  []string{"server · outstanding", "deliveries/s", "CPU µs each", "load's CPU µs each", "deliveries/s against Node", "CPU against floor"},
	}
	f := &b.results.FanOut
	for _, outstanding := range []int{few, many} {
		for _, k := range b.comparing(maru, node, floor) {
			one := f.of(k, b.members, outstanding)
			if len(one.PerSecond) == 0 {
				continue
			}
			table.Add(fmt.Sprintf("%s · %d", k, outstanding), one.PerSecond.String(), one.ServerCPU.String(), one.LoadCPU.String(),
				one.PerSecond.Over(f.of(node, b.members, outstanding).PerSecond).String(),
				one.ServerCPU.Over(f.of(floor, b.members, outstanding).ServerCPU).String())
		}
	}
	return table
}

func (b *bench) growthTable() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("Growth: %d outstanding, by members of the room", many),
		Head:  []string{"members of the room", "maru deliveries/s", "maru CPU µs each", "floor deliveries/s", "floor CPU µs each", "CPU against floor"},
	}
	f := &b.results.FanOut
	for _, members := range b.growth {
		ours, limit := f.of(maru, members, many), f.of(floor, members, many)
		if !b.wants("growth") || len(ours.PerSecond) == 0 {
			continue
		}
		table.Add(strconv.Itoa(members), ours.PerSecond.String(), ours.ServerCPU.String(),
			limit.PerSecond.String(), limit.ServerCPU.String(), ours.ServerCPU.Over(limit.ServerCPU).String())
	}
	return table
}

func (b *bench) memoryTable() report.Table {
	table := report.Table{
		Title: fmt.Sprintf("Memory: bytes per idle connection, after %v", b.stay),
		Head:  []string{"server"},
	}
	for _, n := range b.connections {
		table.Head = append(table.Head, strconv.Itoa(n)+" connections")
	}
	for i := 1; i < len(b.connections); i++ {
		table.Head = append(table.Head, fmt.Sprintf("each from %d to %d", b.connections[i-1], b.connections[i]))
	}
	table.Head = append(table.Head, "bytes before")
	for _, k := range b.comparing(maru, node, floor, lean) {
		row := []string{string(k)}
		before := report.Figure(nil)
		for _, n := range b.connections {
			one := b.results.Memory.of(k, n)
			row = append(row, one.Each.String())
			before = append(before, one.Before...)
		}
		for i := 1; i < len(b.connections); i++ {
			row = append(row, b.results.Memory.between(k, b.connections[i-1], b.connections[i]).String())
		}
		if len(before) > 0 {
			table.Add(append(row, report.Number(before.Median()))...)
		}
	}
	return table
}

func (b *bench) chart() *report.Chart {
	f := &b.results.FanOut
	perSecond := report.Panel{Title: fmt.Sprintf("Deliveries per second, %d members (more is better)", b.members)}
	each := report.Panel{Title: fmt.Sprintf("Server CPU per delivery in µs, %d members (less is better)", b.members)}
	for _, outstanding := range []int{few, many} {
		name := fmt.Sprintf("%d outstanding", outstanding)
		perSecond.Groups, each.Groups = append(perSecond.Groups, name), append(each.Groups, name)
	}
	for _, k := range b.comparing(maru, node, floor) {
		low, high := f.of(k, b.members, few), f.of(k, b.members, many)
		perSecond.Series = append(perSecond.Series, report.Series{Name: string(k), Values: []report.Figure{low.PerSecond, high.PerSecond}})
		each.Series = append(each.Series, report.Series{Name: string(k), Values: []report.Figure{low.ServerCPU, high.ServerCPU}})
	}
	growth := report.Panel{Title: fmt.Sprintf("Server CPU per delivery in µs, by members, %d outstanding", many)}
	for _, members := range b.growth {
		growth.Groups = append(growth.Groups, strconv.Itoa(members))
	}
	for _, k := range b.comparing(maru, floor) {
		s := report.Series{Name: string(k)}
		for _, members := range b.growth {
			s.Values = append(s.Values, f.of(k, members, many).ServerCPU)
		}
		growth.Series = append(growth.Series, s)
	}
	idle := report.Panel{Title: "Bytes per idle connection, by connections (less is better)"}
	for _, n := range b.connections {
		idle.Groups = append(idle.Groups, strconv.Itoa(n))
	}
	for _, k := range b.comparing(maru, node, floor, lean) {
		s := report.Series{Name: string(k)}
		for _, n := range b.connections {
			s.Values = append(s.Values, b.results.Memory.of(k, n).Each)
		}
		idle.Series = append(idle.Series, s)
	}
	return &report.Chart{
		Title:  "Maru's Socket.IO server, Node's socket.io and the bare floor",
		Note:   b.results.Run.String(),
		Panels: []report.Panel{perSecond, each, growth, idle},
	}
}
