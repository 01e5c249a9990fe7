// Command sends measures what it costs to send durably: how many messages a
// second, how soon they are acknowledged and received, and what a page of a
// long history costs. bench/README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
)

func main() { cli.Main(run) }

// bench is one run.
type bench struct {
	kinds    []host.Kind
	only     []string // scenarios
	rounds   int
	town     host.Town
	rate     float64
	history  []int // lengths of rooms
	warm     time.Duration
	window   time.Duration
	profiles string // directory, or empty

	hosts   *host.Hosts
	results results
}

// outstanding is how many messages are under way at saturation.
const outstanding = 64

var scenarios = []string{"saturation", "steady", "alone", "history"}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("sends", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round: to see that it works, not to compare")
	only := flags.String("only", strings.Join(scenarios, ","), "`scenarios` to run")
	kinds := flags.String("servers", "maru,original,original with a pool,limit", "`servers` to run")
	var output cli.Results
	output.Flag(flags)
	flags.IntVar(&b.rounds, "rounds", 5, "how often to measure everything")
	flags.IntVar(&b.town.Rooms, "rooms", 20, "rooms")
	flags.IntVar(&b.town.Members, "members", 50, "members of each room")
	flags.Float64Var(&b.rate, "rate", 500, "messages a second of the steady load")
	flags.DurationVar(&b.warm, "warm", time.Second, "how long to warm up")
	flags.DurationVar(&b.window, "window", 5*time.Second, "how long to measure")
	history := flags.String("history", "1000,1000000", "`messages` in the rooms whose pages are asked for")
	flags.StringVar(&b.profiles, "profile", "", "`directory` for CPU profiles of the servers in Go; they cost a little themselves")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.town.Rooms < 1 || b.town.Members < 1 || b.rate <= 0 {
		return errors.New("rounds, rooms, members and rate are positive, and there are no arguments but flags")
	}
	b.town.Text = 120
	if b.history, err = lengths(*history); err != nil {
		return err
	}
	b.only = strings.Split(*only, ",")
	for _, name := range b.only {
		if !slices.Contains(scenarios, name) {
			return fmt.Errorf("no scenario %q", name)
		}
	}
	if b.kinds, err = host.Parse(*kinds); err != nil {
		return err
	}
	if *quick {
		b.rounds, b.warm, b.window, b.history = 1, 200*time.Millisecond, time.Second, []int{1_000, 20_000}
	}
	if err := load.RaiseFileLimit(b.town.Rooms*b.town.Members + 1000); err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, b.kinds); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	b.hosts.Profile = b.profiles != ""
	if b.profiles != "" {
		if err := os.MkdirAll(b.profiles, 0o750); err != nil {
			return err
		}
	}
	for round := range b.rounds {
		cli.Log("round %d of %d", round+1, b.rounds)
		if err := b.round(ctx); err != nil {
			return err
		}
	}
	if b.wants("history") && slices.Contains(b.kinds, host.Maru) {
		if err := b.pages(ctx); err != nil {
			return err
		}
	}
	return b.publish(ctx, arguments, output.Of(b.hosts.Root()), out)
}

func lengths(list string) ([]int, error) {
	var lengths []int
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 200 {
			return nil, fmt.Errorf("%q is not a number of messages, of at least 200", text)
		}
		lengths = append(lengths, n)
	}
	return lengths, nil
}

func (b *bench) wants(scenario string) bool { return slices.Contains(b.only, scenario) }

// round measures everything once: within each scenario, the kinds take turns.
func (b *bench) round(ctx context.Context) error {
	for _, k := range b.kinds {
		if b.wants("saturation") {
			if err := b.send(ctx, k, "saturation", b.town, load.Pace{Outstanding: outstanding}); err != nil {
				return err
			}
		}
	}
	if b.wants("steady") {
		if err := b.besideCommit(ctx, "steady", b.town, load.Pace{Rate: b.rate}); err != nil {
			return err
		}
	}
	if b.wants("alone") {
		return b.besideCommit(ctx, "alone", host.Town{Rooms: 1, Members: 1, Text: b.town.Text}, load.Pace{Outstanding: 1})
	}
	return nil
}

// besideCommit measures one scenario right after the bare commit that its
// latencies are compared with: the machine is not as fast a minute later.
func (b *bench) besideCommit(ctx context.Context, scenario string, town host.Town, pace load.Pace) error {
	if err := b.bareCommit(ctx, scenario); err != nil {
		return err
	}
	for _, k := range b.kinds {
		if err := b.send(ctx, k, scenario, town, pace); err != nil {
			return err
		}
	}
	return nil
}
