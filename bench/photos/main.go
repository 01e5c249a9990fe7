// Command photos measures what photos cost: to treat and to store, what they do to those who chat meanwhile, and to serve.
// bench/README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
)

func main() {
	if os.Getenv(asCrowd) == "" {
		cli.Main(run)
		return
	}
	cli.Main(func(ctx context.Context, _ []string, out io.Writer) error { return beCrowd(ctx, os.Stdin, out) })
}

// bench is one run.
type bench struct {
	only    []string // scenarios
	rounds  int
	side    int // of the photo, the longer one, in pixels
	uploads int // at once
	rate    float64
	warm    time.Duration
	window  time.Duration
	photo   []byte // as a phone makes it
	kind    string // of the request's body, which
	body    []byte // holds the photo

	hosts   *host.Hosts
	results results
}

var scenarios = []string{"treat", "uploads", "thumbs"}

// town is who is there while photos are uploaded: each uploads one at a time.
var town = host.Town{Rooms: 4, Members: 25, Text: 120}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("photos", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round: to see that it works, not to compare")
	only := flags.String("only", strings.Join(scenarios, ","), "`scenarios` to run")
	var output cli.Results
	output.Flag(flags)
	flags.IntVar(&b.rounds, "rounds", 5, "how often to measure everything")
	flags.IntVar(&b.side, "side", 4032, "the photo's longer side in `pixels`")
	flags.IntVar(&b.uploads, "uploads", 20, "photos uploaded at once")
	flags.Float64Var(&b.rate, "rate", 200, "messages a second meanwhile")
	flags.DurationVar(&b.warm, "warm", time.Second, "how long to warm up")
	flags.DurationVar(&b.window, "window", 6*time.Second, "how long to measure")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.side < 64 || b.uploads < 1 || b.uploads > town.Rooms*town.Members || b.rate <= 0 {
		return fmt.Errorf("rounds and rate are positive, side at least 64, uploads at most %d, and there are no arguments but flags", town.Rooms*town.Members)
	}
	b.only = strings.Split(*only, ",")
	for _, name := range b.only {
		if !slices.Contains(scenarios, name) {
			return fmt.Errorf("no scenario %q", name)
		}
	}
	if *quick {
		b.rounds, b.warm, b.window = 1, 200*time.Millisecond, time.Second
	}
	if b.photo, err = phonePhoto(b.side); err != nil {
		return err
	}
	if b.kind, b.body, err = form(b.photo); err != nil {
		return err
	}
	if err := load.RaiseFileLimit(1000); err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, []host.Kind{host.Maru}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	for round := range b.rounds {
		cli.Log("round %d of %d", round+1, b.rounds)
		for name, measure := range map[string]func(context.Context) error{"treat": b.treat, "uploads": b.upload, "thumbs": b.thumbs} {
			if !slices.Contains(b.only, name) {
				continue
			}
			if err := measure(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return b.publish(ctx, arguments, output.Of(b.hosts.Root()), out)
}
