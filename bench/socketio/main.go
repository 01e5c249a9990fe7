// Command socketio compares our Socket.IO server with the reference server in
// Node and with a bare floor: fan-out in one room, growth with the room, and
// memory of idle connections. bench/README.md says what is measured and how.
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

// pingInterval is that of all servers.
const pingInterval = 25 * time.Second

// spareFiles is how many files are open beside the connections.
const spareFiles = 100

// bench is one run.
type bench struct {
	kinds       []kind
	only        []string // scenarios
	rounds      int
	members     int   // of the room where all kinds are compared
	growth      []int // sizes of the rooms where ours is compared with the floor
	connections []int // idle ones
	text        int   // bytes of a message's text
	warm        time.Duration
	window      time.Duration
	stay        time.Duration // of idle connections
	profiles    string        // directory, or empty

	servers servers
	results results
}

const (
	few  = 4 // messages outstanding
	many = 64
)

func run(ctx context.Context, arguments []string, out io.Writer) error {
	var b bench
	flags := flag.NewFlagSet("socketio", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round with small rooms: to see that it works, not to compare")
	only := flags.String("only", "fanout,growth,memory", "`scenarios` to run")
	kinds := flags.String("servers", "maru,node,floor,lean floor", "`servers` to run")
	growth := flags.String("growth", "100,500,2000,9000", "`members` of the rooms for growth")
	connections := flags.String("idle", "500,2000,9000", "`connections` for memory")
	var output cli.Results
	output.Flag(flags)
	flags.IntVar(&b.rounds, "rounds", 5, "how often to measure everything but memory, which needs one round")
	flags.IntVar(&b.members, "members", 500, "members of the room for fan-out")
	flags.DurationVar(&b.warm, "warm", 500*time.Millisecond, "how long to warm up")
	flags.DurationVar(&b.window, "window", 3*time.Second, "how long to measure")
	flags.DurationVar(&b.stay, "stay", time.Minute, "how long connections are idle before memory is measured")
	flags.StringVar(&b.profiles, "profile", "", "`directory` for CPU and heap profiles of the servers in Go; they cost a little themselves")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.members < 1 {
		return errors.New("rounds and members are positive, and there are no arguments but flags")
	}
	b.text = 120
	b.only = strings.Split(*only, ",")
	for _, name := range b.only {
		if !slices.Contains([]string{"fanout", "growth", "memory"}, name) {
			return fmt.Errorf("no scenario %q", name)
		}
	}
	for _, name := range strings.Split(*kinds, ",") {
		if !slices.Contains([]kind{maru, node, floor, lean}, kind(name)) {
			return fmt.Errorf("no server %q", name)
		}
		b.kinds = append(b.kinds, kind(name))
	}
	var err error
	if b.growth, err = sizes(*growth); err != nil {
		return err
	}
	if b.connections, err = sizes(*connections); err != nil {
		return err
	}
	if *quick {
		b.rounds, b.growth, b.connections = 1, []int{100, 500}, []int{500}
		b.warm, b.window, b.stay = 100*time.Millisecond, 300*time.Millisecond, 2*time.Second
	}
	root, err := host.Repository()
	if err != nil {
		return err
	}
	if err := b.prepare(ctx, root); err != nil {
		return err
	}
	defer os.RemoveAll(b.servers.bin) //nolint:errcheck // a temporary directory
	if err := b.all(ctx); err != nil {
		return err
	}
	return b.publish(ctx, arguments, output.Of(root), out)
}

func sizes(list string) ([]int, error) {
	var sizes []int
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number of connections", text)
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return sizes, nil
}

// prepare builds the servers and sees that nothing is missing.
func (b *bench) prepare(ctx context.Context, root string) error {
	atOnce := max(b.members, slices.Max(b.growth))
	idle := 0
	for _, n := range b.connections {
		idle += n
	}
	if err := load.RaiseFileLimit(max(atOnce, idle) + spareFiles); err != nil {
		return err
	}
	if slices.Contains(b.kinds, node) {
		if err := installed(ctx, root); err != nil {
			return err
		}
	}
	bin, err := os.MkdirTemp("", "maru-bench-")
	if err != nil {
		return err
	}
	b.servers = servers{root: root, bin: bin, text: b.text, profiles: b.profiles != ""}
	if err := build(ctx, root, bin); err != nil {
		return errors.Join(err, os.RemoveAll(bin))
	}
	if b.profiles != "" {
		return os.MkdirAll(b.profiles, 0o750)
	}
	return nil
}

// all runs the rounds: within each, the kinds take turns.
func (b *bench) all(ctx context.Context) error {
	for round := range b.rounds {
		if !b.wants("fanout") && !b.wants("growth") {
			break
		}
		cli.Log("round %d of %d", round+1, b.rounds)
		if err := b.round(ctx); err != nil {
			return err
		}
	}
	if !b.wants("memory") {
		return nil
	}
	cli.Log("memory, after %v", b.stay)
	for _, k := range b.comparing(maru, node, floor, lean) {
		if err := b.idle(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context) error {
	if b.wants("fanout") {
		for _, k := range b.comparing(maru, node, floor) {
			if err := b.fanOut(ctx, k, b.members, []int{few, many}); err != nil {
				return err
			}
		}
	}
	for _, members := range b.growth {
		if !b.wants("growth") || (members == b.members && b.wants("fanout")) {
			continue // not wanted, or measured above
		}
		for _, k := range b.comparing(maru, floor) {
			if err := b.fanOut(ctx, k, members, []int{many}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) wants(scenario string) bool { return slices.Contains(b.only, scenario) }

// comparing returns those of the kinds that are to run.
func (b *bench) comparing(kinds ...kind) []kind {
	return slices.DeleteFunc(kinds, func(k kind) bool { return !slices.Contains(b.kinds, k) })
}
