// Command transports answers the question that Maru began with: sockets alone,
// or HTTP to send and sockets to receive? It compares them, and HTTP alone with
// polling, against maru and against the design it began as. docs/transports.md
// says what follows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

func main() { cli.Main(run) }

// ways are what is compared.
func ways(poll time.Duration) []load.Way {
	return []load.Way{
		{Name: "socket"},
		{Name: "HTTP to send", Post: true}, // received by socket
		{Name: "HTTP, polling", Post: true, Poll: poll},
	}
}

// senders is how many people of the room send.
const senders = 8

// scenario is a load.
type scenario struct {
	name string
	town host.Town
	pace load.Pace
}

// bench is one run.
type bench struct {
	kinds     []host.Kind
	ways      []load.Way
	scenarios []scenario
	rounds    int
	hosts     *host.Hosts
	results   results
}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("transports", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round: to see that it works, not to compare")
	kinds := flags.String("servers", "maru,original,original with a pool", "`servers` to run")
	var output cli.Results
	output.Flag(flags)
	members := flags.Int("members", 50, "people in the room")
	rate := flags.Float64("rate", 50, "messages a second of the steady load")
	poll := flags.Duration("poll", time.Second, "how often those ask who poll")
	warm := flags.Duration("warm", time.Second, "how long to warm up")
	window := flags.Duration("window", 5*time.Second, "how long to measure")
	flags.IntVar(&b.rounds, "rounds", 5, "how often to measure everything")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || *members < senders || *rate <= 0 || *poll <= 0 {
		return fmt.Errorf("rounds, rate and poll are positive, members at least %d, and there are no arguments but flags", senders)
	}
	if b.kinds, err = host.Parse(*kinds); err != nil {
		return err
	}
	if *quick {
		b.rounds, *warm, *window = 1, 200*time.Millisecond, time.Second
	}
	b.ways = ways(*poll)
	room := host.Town{Rooms: 1, Members: *members, Text: 120}
	pace := load.Pace{Warm: *warm, For: *window}
	for n := range senders {
		pace.Senders = append(pace.Senders, n)
	}
	steady, saturated, alone := pace, pace, pace
	steady.Rate, saturated.Outstanding, alone.Outstanding, alone.Senders = *rate, 8*senders, 1, []int{0}
	b.scenarios = []scenario{
		{"steady", room, steady},
		{"saturation", room, saturated},
		{"alone", host.Town{Rooms: 1, Members: 1, Text: room.Text}, alone},
	}
	b.results.Rate, b.results.Members, b.results.Poll = *rate, *members, poll.String()
	if err := load.RaiseFileLimit(*members*8 + 1000); err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, b.kinds); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	for round := range b.rounds {
		cli.Log("round %d of %d", round+1, b.rounds)
		for _, s := range b.scenarios {
			for _, w := range b.ways {
				for _, k := range b.kinds {
					if err := b.measure(ctx, k, w, s); err != nil {
						return fmt.Errorf("%s, %s, %s: %w", s.name, w.Name, k, err)
					}
				}
			}
		}
	}
	return b.publish(ctx, arguments, output.Of(b.hosts.Root()), out)
}

func (b *bench) measure(ctx context.Context, k host.Kind, w load.Way, s scenario) (err error) {
	if s.name == "alone" && w.Poll > 0 {
		return nil // polling is not noticed by who sends
	}
	server, err := b.hosts.Start(ctx, k, s.town)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	people, err := load.NewPeople(ctx, server.Address, server.Seats, w, s.town.Text)
	if err != nil {
		return err
	}
	defer people.Close()
	s.pace.CPU = server.CPU
	out, err := people.Send(ctx, s.pace)
	if err != nil {
		return err
	}
	f := b.results.of(k, w, s.name)
	f.Add(out)
	last := len(f.PerSecond) - 1
	cli.Log("  %-10s %-14s %-20s %7s messages/s  acknowledged %s · %s ms  received %s · %s ms  %s bytes each  lost %d repeated %d disordered %d",
		s.name, w.Name, k, report.Number(f.PerSecond[last]), report.Number(f.Acknowledged.P50[last]), report.Number(f.Acknowledged.P99[last]),
		report.Number(f.Received.P50[last]), report.Number(f.Received.P99[last]), report.Number(f.Bytes[last]), out.Lost, out.Repeated, out.Disordered)
	return nil
}
