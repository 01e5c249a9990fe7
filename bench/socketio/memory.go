package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// memory is what idle connections cost one kind of server.
type memory struct {
	Server      kind          `json:"server"`
	Connections int           `json:"connections"`
	Before      report.Figure `json:"bytesBefore"`
	Each        report.Figure `json:"bytesPerConnection"`
}

// memories are the figures of all rounds.
type memories []*memory

func (m *memories) of(k kind, connections int) *memory {
	for _, one := range *m {
		if one.Server == k && one.Connections == connections {
			return one
		}
	}
	one := &memory{Server: k, Connections: connections}
	*m = append(*m, one)
	return one
}

// between is what each connection costs beyond the first few: what the process
// needs whatever their number is left out.
func (m *memories) between(k kind, few, many int) report.Figure {
	first, then := m.of(k, few).Each, m.of(k, many).Each
	var each report.Figure
	for i := range min(len(first), len(then)) {
		each = append(each, (then[i]*float64(many)-first[i]*float64(few))/float64(many-few))
	}
	return each
}

// idle measures one kind of server with every number of connections: each on a
// process of its own, all at the same time, since what is measured needs a
// minute and no processor.
func (b *bench) idle(ctx context.Context, k kind) error {
	var all sync.WaitGroup
	failed := make([]error, len(b.connections))
	for i, n := range b.connections {
		figures := b.results.Memory.of(k, n)
		all.Go(func() { failed[i] = b.idleOn(ctx, k, figures) })
	}
	all.Wait()
	return errors.Join(failed...)
}

func (b *bench) idleOn(ctx context.Context, k kind, figures *memory) (err error) {
	server, err := b.servers.start(ctx, k)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	before, err := server.Resident()
	if err != nil {
		return err
	}
	crowd, err := load.NewCrowd(b.text)
	if err != nil {
		return err
	}
	defer crowd.Close()
	if err := crowd.Join(ctx, server.Address, figures.Connections); err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	pings, err := crowd.Stay(ctx, b.stay)
	if err != nil {
		return fmt.Errorf("%s, %d connections: %w", k, figures.Connections, err)
	}
	if due := int(b.stay/pingInterval) * figures.Connections; pings < due {
		return fmt.Errorf("%s, %d connections: %d of %d pings", k, figures.Connections, pings, due)
	}
	after, err := server.Resident()
	if err != nil {
		return err
	}
	each := float64(after-before) / float64(figures.Connections)
	figures.Before = append(figures.Before, float64(before))
	figures.Each = append(figures.Each, each)
	cli.Log("  %-10s %5d connections  %7s bytes each, beside %s before", k, figures.Connections, report.Number(each), report.Number(float64(before)))
	return b.heap(ctx, server, fmt.Sprintf("%s-%d-connections", k, figures.Connections))
}
