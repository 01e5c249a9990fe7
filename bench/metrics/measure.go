package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
	"github.com/maru-chat/maru/internal/metrics"
)

// A way is how a server runs.
type way string

const (
	without way = "without"
	with    way = "with metrics"
)

// fan is what one way did.
type fan struct {
	Way         way `json:"way"`
	Outstanding int `json:"outstanding"`
	load.Figures
	Delivery report.Figure `json:"serverMicrosPerDelivery"`
	Samples  samples       `json:"profileSamples,omitzero"`
	Scrapes  int           `json:"scrapes,omitempty"`
}

// open starts a fresh server with everybody in their seats.
func (b *bench) open(ctx context.Context, w way, town host.Town) (*host.Running, *load.People, error) {
	b.hosts.Profile = w == with
	server, err := b.hosts.Start(ctx, host.Maru, town)
	if err != nil {
		return nil, nil, err
	}
	people, err := load.NewPeople(ctx, server.Address, server.Seats, load.Way{}, town.Text)
	if err != nil {
		return nil, nil, errors.Join(err, server.Stop())
	}
	return server, people, nil
}

// fanOut has the members of one room send in turn. Only with metrics is there a
// profile, which costs what it shows: it is taken of a second window.
func (b *bench) fanOut(ctx context.Context, w way, n int) (err error) {
	server, people, err := b.open(ctx, w, host.Town{Rooms: 1, Members: b.members, Text: 120})
	if err != nil {
		return err
	}
	defer func() {
		people.Close()
		err = errors.Join(err, server.Stop())
	}()
	pace := load.Pace{Outstanding: n, Warm: b.warm, For: b.window, CPU: server.CPU}
	for member := range b.members {
		pace.Senders = append(pace.Senders, member)
	}
	f := b.results.of(w, n)
	stop := func() (int, error) { return 0, nil }
	if w == with {
		stop = everySecond(ctx, server.Profiles)
	}
	out, err := people.Send(ctx, pace)
	if err == nil && w == with {
		finish := profiled(ctx, server.Profiles, b.profile)
		pace.Warm, pace.For = 0, b.profile
		_, err = people.Send(ctx, pace)
		taken, failed := finish()
		err = errors.Join(err, failed)
		f.Samples.add(taken)
	}
	scraped, failed := stop()
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	f.Add(out)
	f.Scrapes += scraped
	f.Delivery = append(f.Delivery, float64(out.ServerCPU.Microseconds())/float64(max(1, out.Messages*b.members)))
	last := len(f.Delivery) - 1
	cli.Log("  %-12s %2d outstanding: %8s deliveries/s, %s µs each", w, n, report.Number(f.PerSecond[last]*float64(b.members)), report.Number(f.Delivery[last]))
	if w == with {
		cli.Log("  %17s of %d samples of the profile so far %d count and %d answer scrapes", "", f.Samples.All, f.Samples.Counting, f.Samples.Scraping)
	}
	return nil
}

// message is how long it takes to count one message of the fan-out, in
// nanoseconds, round by round: whatever is told of it on its way, where it
// shares its transaction and its announcement with no other.
func (b *bench) message() (each report.Figure) {
	m := metrics.New("bench", []string{"message:send"})
	for range b.rounds {
		const messages = 200_000
		start := time.Now()
		for range messages {
			m.Store.Committed(1, time.Millisecond, nil)
			m.Live.Announced(b.members)
			m.Live.Delivered(time.Since(start))
			m.Live.Answered("message:send", "", time.Since(start))
		}
		each = append(each, float64(time.Since(start).Nanoseconds())/messages)
	}
	cli.Log("  counting a message takes %s ns", each)
	return each
}

// everySecond scrapes as Prometheus would, only more often. What it returns
// stops it, and tells how often it did.
func everySecond(ctx context.Context, address string) (stop func() (int, error)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	scrapes, failed := 0, error(nil)
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for failed == nil {
			if _, failed = scrape(ctx, address); failed == nil {
				scrapes++
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() (int, error) {
		cancel()
		<-done
		if errors.Is(failed, context.Canceled) {
			failed = nil
		}
		return scrapes, failed
	}
}

// scrape asks for the metrics, and returns how many bytes they are.
func scrape(ctx context.Context, address string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	if response.StatusCode != http.StatusOK {
		return 0, errors.New(response.Status)
	}
	return io.Copy(io.Discard, response.Body)
}

// crowd is what scrapes cost while so many are connected, and idle.
type crowd struct {
	Connections int            `json:"connections"`
	Took        load.Quantiles `json:"millis"`
	CPU         report.Figure  `json:"serverMicros"`
	Bytes       int64          `json:"bytes"`
}

func (b *bench) scrape(ctx context.Context, n int) (err error) {
	rooms := max(1, n/b.members)
	server, people, err := b.open(ctx, with, host.Town{Rooms: rooms, Members: n / rooms, Text: 120})
	if err != nil {
		return err
	}
	defer func() {
		people.Close()
		err = errors.Join(err, server.Stop())
	}()
	c := &crowd{Connections: n / rooms * rooms}
	b.results.Crowds = append(b.results.Crowds, c)
	time.Sleep(2 * b.warm) // until those who came are announced
	for range b.rounds {
		var took load.Latencies
		before, err := server.CPU()
		if err != nil {
			return err
		}
		for range b.scrapes {
			start := time.Now()
			if c.Bytes, err = scrape(ctx, server.Profiles); err != nil {
				return err
			}
			took = append(took, time.Since(start))
		}
		after, err := server.CPU()
		if err != nil {
			return err
		}
		c.Took.Add(took)
		c.CPU = append(c.CPU, float64((after-before).Microseconds())/float64(b.scrapes))
	}
	cli.Log("  a scrape with %d connections: %s µs of CPU, %s ms, %d bytes", c.Connections, c.CPU, c.Took.P50, c.Bytes)
	if c.Bytes == 0 {
		return fmt.Errorf("%d bytes", c.Bytes)
	}
	return nil
}
