package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/bare"
	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// sending is what one kind did in one scenario.
type sending struct {
	Server   host.Kind `json:"server"`
	Scenario string    `json:"scenario"`
	load.Figures
}

// send has people of a fresh server send, everybody in turn.
func (b *bench) send(ctx context.Context, k host.Kind, scenario string, town host.Town, pace load.Pace) (err error) {
	server, err := b.hosts.Start(ctx, k, town)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	people, err := load.NewPeople(ctx, server.Address, server.Seats, load.Way{}, town.Text)
	if err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	defer people.Close()
	// Neighbours in turn are of different rooms.
	for member := range town.Members {
		for room := range town.Rooms {
			pace.Senders = append(pace.Senders, room*town.Members+member)
		}
	}
	pace.Warm, pace.For, pace.CPU = b.warm, b.window, server.CPU
	finish := report.Profile(ctx, server.Profiles, b.profiles, fmt.Sprintf("%s-%s", k, scenario), b.warm+b.window)
	out, err := people.Send(ctx, pace)
	if err = errors.Join(err, finish()); err != nil {
		return fmt.Errorf("%s, %s: %w", k, scenario, err)
	}
	s := b.results.of(k, scenario)
	s.Add(out)
	last := len(s.PerSecond) - 1
	cli.Log("  %-10s %-20s %8s messages/s  %6s µs each (%s for the load)  acknowledged %s · %s ms  received %s · %s ms  lost %d repeated %d disordered %d",
		scenario, k, report.Number(s.PerSecond[last]), report.Number(s.ServerCPU[last]), report.Number(s.LoadCPU[last]),
		report.Number(s.Acknowledged.P50[last]), report.Number(s.Acknowledged.P99[last]),
		report.Number(s.Received.P50[last]), report.Number(s.Received.P99[last]), out.Lost, out.Repeated, out.Disordered)
	return nil
}

// bareCommit measures the transaction that stores one message, and nothing
// else, for a scenario to be compared with.
func (b *bench) bareCommit(ctx context.Context, scenario string) (err error) {
	folder, err := os.MkdirTemp("", "maru-bench-data-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	store, err := bare.Open(ctx, folder, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	one := []bare.Message{{Sender: "somebody", Text: strings.Repeat("x", b.town.Text)}}
	var took load.Latencies
	for end := time.Now().Add(b.window / 2); time.Now().Before(end); {
		start := time.Now()
		if err := store.Insert(ctx, one); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	b.results.commit(scenario).Add(took)
	cli.Log("  one bare commit: %v · %v", took.Quantile(0.5), took.Quantile(0.99))
	return nil
}

// page is what a request costs in a room of some length.
type page struct {
	Request  string        `json:"request"`
	Messages int           `json:"messages"` // in the room
	CPU      report.Figure `json:"serverMicros"`
}

// pages asks for pages of rooms of different lengths, which take turns.
func (b *bench) pages(ctx context.Context) (err error) {
	var servers []*host.Running
	defer func() {
		for _, server := range servers {
			err = errors.Join(err, server.Stop())
		}
	}()
	for _, length := range b.history {
		server, err := b.hosts.StartLong(ctx, length)
		if err != nil {
			return err
		}
		servers = append(servers, server)
	}
	for range b.rounds {
		for i, length := range b.history {
			if err := b.pagesOf(ctx, servers[i], length); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) pagesOf(ctx context.Context, server *host.Running, length int) error {
	seat := server.Seats[1]
	room := "/api/v1/rooms/" + seat.Room
	for _, r := range []struct {
		name string
		path func(i int) string
	}{
		{"the newest 50", func(int) string { return room + "/messages?limit=50" }},
		// Pages from all over the history, as no cache expects them.
		{"50 before a message", func(i int) string { return fmt.Sprintf("%s/messages?limit=50&before=%d", room, 60+i*7919%(length-60)) }},
		{"50 changes", func(int) string { return fmt.Sprintf("%s/changes?limit=50&since=%d", room, length-100) }},
	} {
		if _, err := load.Get(ctx, server.Address, seat.Token, r.path, b.warm/2); err != nil {
			return err
		}
		before, err := server.CPU()
		if err != nil {
			return err
		}
		n, err := load.Get(ctx, server.Address, seat.Token, r.path, b.window/2)
		if err != nil {
			return err
		}
		after, err := server.CPU()
		if err != nil {
			return err
		}
		p := b.results.page(r.name, length)
		p.CPU = append(p.CPU, float64((after-before).Microseconds())/float64(max(1, n)))
		cli.Log("  history    %-20s of %9d messages: %s µs each (%d)", r.name, length, report.Number(p.CPU[len(p.CPU)-1]), n)
	}
	return nil
}
