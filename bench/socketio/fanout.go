package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// fanOut is what one kind of server did in rooms of one size.
type fanOut struct {
	Server      kind          `json:"server"`
	Members     int           `json:"members"`
	Outstanding int           `json:"outstanding"`
	Deliveries  []int         `json:"deliveries"` // in each round; all of them arrived
	PerSecond   report.Figure `json:"deliveriesPerSecond"`
	ServerCPU   report.Figure `json:"serverMicrosPerDelivery"`
	LoadCPU     report.Figure `json:"loadMicrosPerDelivery"`
}

// fanOuts are the figures of all rounds.
type fanOuts []*fanOut

// of returns the figures of a kind, which are empty where nothing was measured.
func (f *fanOuts) of(k kind, members, outstanding int) *fanOut {
	for _, one := range *f {
		if one.Server == k && one.Members == members && one.Outstanding == outstanding {
			return one
		}
	}
	one := &fanOut{Server: k, Members: members, Outstanding: outstanding}
	*f = append(*f, one)
	return one
}

// fanOut starts a server with a room, and measures it once with each number of
// messages outstanding.
func (b *bench) fanOut(ctx context.Context, k kind, members int, outstanding []int) (err error) {
	server, err := b.servers.start(ctx, k)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	crowd, err := load.NewCrowd(b.text)
	if err != nil {
		return err
	}
	defer crowd.Close()
	if err := crowd.Join(ctx, server.Address, members); err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	for _, n := range outstanding {
		finish := b.profile(ctx, server, fmt.Sprintf("%s-%d-members-%d-outstanding", k, members, n))
		window, err := crowd.Run(ctx, load.FanOut{
			Outstanding:  n,
			Warm:         b.warm,
			For:          b.window,
			Acknowledged: k.acknowledges(),
			CPU:          server.CPU,
		})
		err = errors.Join(err, finish())
		if err != nil {
			return fmt.Errorf("%s, %d members, %d outstanding: %w", k, members, n, err)
		}
		figures := b.results.FanOut.of(k, members, n)
		figures.Deliveries = append(figures.Deliveries, window.Deliveries)
		figures.PerSecond = append(figures.PerSecond, window.PerSecond())
		figures.ServerCPU = append(figures.ServerCPU, window.ServerMicros())
		figures.LoadCPU = append(figures.LoadCPU, window.LoadMicros())
		cli.Log("  %-10s %5d members  %2d outstanding  %10s deliveries/s  %6s µs each  (%s µs for the load)  %d messages in %v", k, members, n,
			report.Number(window.PerSecond()), report.Number(window.ServerMicros()), report.Number(window.LoadMicros()),
			window.Messages, window.Elapsed.Round(time.Millisecond))
	}
	return nil
}
