// Command cluster measures what it costs to run Maru on two nodes instead of
// one: how much later a message arrives on the other node, what a delivery
// costs, and how many subscriptions NATS has. bench/README.md says how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/nats"
	"github.com/maru-chat/maru/test/program"
)

func main() { cli.Main(run) }

// bench is one run.
type bench struct {
	rounds       int
	town         host.Town
	rate         float64
	outstanding  int
	watched      int // rooms with members on both nodes, of the last scenario
	warm, window time.Duration
	profiles     string // directory, or empty

	root     string
	owner    program.Owner
	database *mariadb.Server
	nats     *nats.Server
	monitor  string // where NATS tells of its connections
	results  results
}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	b := &bench{}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	var output cli.Results
	output.Flag(flags)
	flags.IntVar(&b.rounds, "rounds", 5, "how often to measure everything")
	flags.IntVar(&b.town.Rooms, "rooms", 20, "rooms")
	flags.IntVar(&b.town.Members, "members", 50, "members of each room, half of them on each node")
	flags.Float64Var(&b.rate, "rate", 500, "messages a second of the steady load")
	flags.IntVar(&b.outstanding, "outstanding", 8, "messages not yet acknowledged, of the other one")
	flags.IntVar(&b.watched, "watched", 5000, "rooms with members on both nodes, to count subscriptions")
	flags.DurationVar(&b.warm, "warm", time.Second, "how long to warm up")
	flags.DurationVar(&b.window, "window", 5*time.Second, "how long to measure")
	flags.StringVar(&b.profiles, "profile", "", "`directory` for CPU profiles of the first node; they cost a little themselves")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.town.Rooms < 1 || b.town.Members < 2 || b.rate <= 0 || b.outstanding < 1 || b.watched < 0 {
		return errors.New("rounds, rooms, members, rate and outstanding are positive, and there are no arguments but flags")
	}
	b.town.Text = 120
	if err := load.RaiseFileLimit(2*b.town.Rooms*b.town.Members + 1000); err != nil {
		return err
	}
	if b.root, err = host.Repository(); err != nil {
		return err
	}
	if b.profiles != "" {
		if err := os.MkdirAll(b.profiles, 0o750); err != nil {
			return err
		}
	}
	staged := program.OnStage(func(o program.Owner) {
		b.owner = o
		err = b.measure(ctx)
	})
	if err := errors.Join(staged, err); err != nil {
		return err
	}
	return b.publish(ctx, arguments, output.Of(b.root), out)
}

// measure measures everything; what it starts ends with its owner.
func (b *bench) measure(ctx context.Context) error {
	folder := b.owner.TempDir()
	if err := program.Build(folder); err != nil {
		return err
	}
	var err error
	if b.database, err = mariadb.New(b.owner.TempDir(), program.FreeAddr(b.owner)); err != nil {
		return err
	}
	b.owner.Cleanup(b.database.Kill)
	b.monitor = program.FreeAddr(b.owner)
	_, port, err := net.SplitHostPort(b.monitor)
	if err != nil {
		return err
	}
	b.nats = nats.Start(b.owner, "--http_port", port)
	for round := range b.rounds {
		cli.Log("round %d of %d", round+1, b.rounds)
		for _, k := range kinds {
			for _, s := range []struct {
				name string
				pace load.Pace
			}{
				{"steady", load.Pace{Rate: b.rate}},
				{"busy", load.Pace{Outstanding: b.outstanding}},
			} {
				if err := b.send(ctx, k, s.name, s.pace); err != nil {
					return fmt.Errorf("%s, %s: %w", k, s.name, err)
				}
			}
		}
	}
	if b.watched == 0 {
		return nil
	}
	return b.count(ctx)
}
