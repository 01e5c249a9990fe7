// Command metrics measures what it costs to be measured: the fan-out of a maru
// that counts and is scraped every second, against one that counts nothing.
// bench/README.md says how.
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
)

func main() { cli.Main(run) }

// bench is one run.
type bench struct {
	rounds       int
	members      int
	crowds       []int // connections while it is scraped
	scrapes      int   // of each crowd
	warm, window time.Duration
	profile      time.Duration

	hosts   *host.Hosts
	results results
}

// outstanding is how many messages are not yet acknowledged: few, so that they
// go out one by one, and many, so that they go out together.
var outstanding = []int{4, 64}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("metrics", flag.ContinueOnError)
	var output cli.Results
	output.Flag(flags)
	flags.IntVar(&b.rounds, "rounds", 6, "how often to measure everything; an even number has each begin as often")
	flags.IntVar(&b.members, "members", 500, "members of the room")
	crowd := flags.Int("crowd", 5000, "connections while it is scraped; and a fiftieth of them")
	flags.IntVar(&b.scrapes, "scrapes", 50, "scrapes of each crowd and round")
	flags.DurationVar(&b.warm, "warm", time.Second, "how long to warm up")
	flags.DurationVar(&b.window, "window", 5*time.Second, "how long to measure")
	flags.DurationVar(&b.profile, "profile", 10*time.Second, "how long to take a profile of each fan-out with metrics; a second at least")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.members < 1 || *crowd < 50 || b.scrapes < 1 {
		return errors.New("rounds, members and scrapes are positive, the crowd has 50 or more, and there are no arguments but flags")
	}
	b.crowds = []int{*crowd / 50, *crowd}
	if err := load.RaiseFileLimit(max(b.members, *crowd) + 1000); err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, []host.Kind{host.Maru}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	b.results.Message = b.message()
	for round := range b.rounds {
		cli.Log("round %d of %d", round+1, b.rounds)
		for _, n := range outstanding {
			ways := []way{without, with}
			if round%2 == 1 {
				ways = []way{with, without}
			}
			for _, w := range ways {
				if err := b.fanOut(ctx, w, n); err != nil {
					return fmt.Errorf("%s: %w", w, err)
				}
			}
		}
	}
	for _, n := range b.crowds {
		if err := b.scrape(ctx, n); err != nil {
			return fmt.Errorf("scraping with %d connections: %w", n, err)
		}
	}
	return b.publish(ctx, arguments, output.Of(b.hosts.Root()), out)
}
