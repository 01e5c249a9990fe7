// Command capacity measures what people who are merely there cost: memory, the
// processor, and their coming. bench/README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

func main() { cli.Main(run) }

// members of each room.
const members = 50

// bench is one run.
type bench struct {
	rounds int
	people []int
	rest   time.Duration
	rate   float64
	window time.Duration

	hosts   *host.Hosts
	results results
}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("capacity", flag.ContinueOnError)
	var output cli.Results
	output.Flag(flags)
	people := flags.String("people", "1000,5000,10000", "`people` who are there, each with one connection")
	flags.IntVar(&b.rounds, "rounds", 3, "how often to measure everything")
	flags.DurationVar(&b.rest, "rest", time.Minute, "how long nobody says anything")
	flags.Float64Var(&b.rate, "rate", 100, "messages a second once they speak")
	flags.DurationVar(&b.window, "window", 10*time.Second, "how long they speak")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	most := 0
	for _, text := range strings.Split(*people, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < members || n%members != 0 {
			return fmt.Errorf("-people %s: each is a multiple of %d", *people, members)
		}
		b.people = append(b.people, n)
		most = max(most, n)
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.rate <= 0 {
		return errors.New("rounds and rate are positive, and there are no arguments but flags")
	}
	if err := load.RaiseFileLimit(most + 1000); err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, []host.Kind{host.Maru}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	for round := range b.rounds {
		for _, n := range b.people {
			if err := b.measure(ctx, n); err != nil {
				return fmt.Errorf("round %d, %d people: %w", round+1, n, err)
			}
		}
	}
	return b.publish(ctx, arguments, output.Of(b.hosts.Root()), out)
}

// measure has people come, be there, and speak.
func (b *bench) measure(ctx context.Context, n int) (err error) {
	server, err := b.hosts.Start(ctx, host.Maru, host.Town{Rooms: n / members, Members: members, Text: 120})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	empty, err := server.Resident()
	if err != nil {
		return err
	}
	cpu, err := server.CPU()
	if err != nil {
		return err
	}
	begun := time.Now()
	people, err := load.NewPeople(ctx, server.Address, server.Seats, load.Way{}, 120)
	if err != nil {
		return err
	}
	defer people.Close()
	came := time.Since(begun)
	there, err := server.CPU()
	if err != nil {
		return err
	}
	pace := load.Pace{Rate: b.rate, Warm: time.Second, For: b.window, CPU: server.CPU}
	for seat := range server.Seats {
		pace.Senders = append(pace.Senders, seat*members%len(server.Seats)+seat*members/len(server.Seats))
	}
	if err := people.Rest(ctx, b.rest); err != nil {
		return err
	}
	rested, err := server.CPU()
	if err != nil {
		return err
	}
	resident, err := server.Resident()
	if err != nil {
		return err
	}
	spoke, err := people.Send(ctx, pace)
	if err != nil {
		return err
	}
	p := b.results.of(n)
	thousands := float64(n) / 1000
	p.Memory = append(p.Memory, float64(resident-empty)/float64(n))
	p.Coming = append(p.Coming, float64((there-cpu).Microseconds())/float64(n))
	p.PerSecond = append(p.PerSecond, float64(n)/came.Seconds())
	p.Idle = append(p.Idle, 100*(rested-there).Seconds()/b.rest.Seconds()/thousands)
	p.Delivery = append(p.Delivery, float64(spoke.ServerCPU.Microseconds())/float64(spoke.Deliveries))
	p.Speaking.Add(spoke)
	last := len(p.Memory) - 1
	cli.Log("%6d people: %s bytes each, came at %s/s for %s µs each, idle %s %% of a core for 1,000; then acknowledged p99 %s ms, %s µs a delivery, lost %d", n,
		report.Number(p.Memory[last]), report.Number(p.PerSecond[last]), report.Number(p.Coming[last]), report.Number(p.Idle[last]),
		report.Number(p.Speaking.Acknowledged.P99[last]), report.Number(p.Delivery[last]), spoke.Lost)
	return nil
}
