// Command firstpaint answers the second question that Maru began with: how does
// a reload show who is logged in, without a moment as a visitor? It reloads the
// site in a Chromium on a slowed network and processor, with the session's data
// in the page, fetched after it, or drawn into it. docs/first-paint.md says what
// follows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/report"
)

func main() { cli.Main(run) }

// condition is under what a page is reloaded.
type condition struct {
	name    string
	line    line
	expired bool // the access cookie's life is over, the refresh cookie's is not
	// worker has the site's service worker between the page and the network. It
	// is not where the network is slowed: Chromium slows a page's requests, not a
	// worker's.
	worker bool
}

// tab names the one in which a way's page is open under this condition.
func (c condition) tab(w way) string {
	if c.worker {
		return w.name + ", with a worker"
	}
	return w.name
}

// bench is one run.
type bench struct {
	conditions []condition
	rounds     int
	often      int    // reloads of the product's own way in a round
	pictures   string // a directory to keep them in, or none
	hosts      *host.Hosts
	browser    *browser
	judge      *judge
	fronts     []*front
	film       film // under the first condition
	results    results
}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("firstpaint", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one round: to see that it works, not to compare")
	var output cli.Results
	output.Flag(flags)
	down := flags.Float64("down", 1.6, "Mbit/s that the slow network brings")
	up := flags.Float64("up", 0.75, "Mbit/s that it takes")
	latency := flags.Duration("latency", 150*time.Millisecond, "how much longer a request takes on it")
	cpu := flags.Float64("cpu", 4, "how many times slower the slow processor is")
	flags.StringVar(&b.pictures, "pictures", "", "`directory` in which to keep the pictures of the screen")
	within := flags.Duration("within", 5*time.Minute, "after this no round begins")
	only := flags.String("only", "slow,expired,worker", "`conditions` under which to measure")
	warm := flags.Int("warm", 2, "reloads of each way before anything is measured")
	flags.IntVar(&b.rounds, "rounds", 7, "how often to measure everything")
	flags.IntVar(&b.often, "often", 4, "how often a round reloads with the data in the page, whose flashes are counted; all else once")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.often < 1 || *down <= 0 || *up <= 0 || *latency < 0 || *cpu < 1 || *warm < 0 {
		return errors.New("rounds, often, down and up are positive, cpu is at least 1, and there are no arguments but flags")
	}
	if *quick {
		b.rounds, b.often = 1, 1
	}
	const bytesPerMbit = 1e6 / 8
	slow := line{Latency: float64(latency.Milliseconds()), Down: *down * bytesPerMbit, Up: *up * bytesPerMbit, CPU: *cpu}
	known := map[string]condition{
		"slow":    {name: "slow", line: slow},
		"expired": {name: "slow, access cookie expired", line: slow, expired: true},
		"worker":  {name: "not slowed, service worker", line: line{Down: -1, Up: -1, CPU: 1}, worker: true},
	}
	for name := range strings.SplitSeq(*only, ",") {
		c, ok := known[name]
		if !ok {
			return fmt.Errorf("no condition %q", name)
		}
		b.conditions = append(b.conditions, c)
	}
	b.results.Slow = fmt.Sprintf("%v and %v Mbit/s, %v, processor ÷ %v", *down, *up, *latency, *cpu)
	root, err := host.Repository()
	if err != nil {
		return err
	}
	chromium, err := needs(ctx, root)
	if err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, []host.Kind{host.Maru}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	server, who, err := b.settle(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if b.browser, err = launch(ctx, root, chromium); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.browser.close()) }()
	defer func() {
		for _, f := range b.fronts {
			err = errors.Join(err, f.close())
		}
	}()
	b.results.Browser = b.browser.version
	if err := b.open(ctx, server.Address, who, *warm); err != nil {
		return err
	}
	begun := time.Now()
	for round := range b.rounds {
		if time.Since(begun) > *within {
			cli.Log("this machine is slow or busy: after %v there are %d rounds, not %d", *within, round, b.rounds)
			break
		}
		cli.Log("round %d of %d", round+1, b.rounds)
		for _, c := range b.conditions {
			for _, w := range ways {
				if err := b.measure(w, c, round); err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, c.name, err)
				}
			}
		}
	}
	return b.publish(ctx, arguments, output.Of(root), out)
}

// tabs are the conditions that need a tab of their own.
func (b *bench) tabs() (distinct []condition) {
	for _, worker := range []bool{false, true} {
		if i := slices.IndexFunc(b.conditions, func(c condition) bool { return c.worker == worker }); i >= 0 {
			distinct = append(distinct, b.conditions[i])
		}
	}
	return distinct
}

// open opens a tab for each way, and learns what the screens of a user and of
// a visitor look like.
func (b *bench) open(ctx context.Context, maru string, who person, warm int) error {
	start := func(w way, html string) (url string, err error) {
		f, err := startFront(ctx, w, maru, html)
		if err != nil {
			return "", err
		}
		b.fronts = append(b.fronts, f)
		return "http://" + f.address, nil
	}
	tabs := func(w way, url string) error {
		settings := who.command(url)
		settings["forgetful"] = w.fetched
		for _, c := range b.tabs() {
			settings["worker"] = c.worker
			if err := b.browser.do("open", c.tab(w), settings, nil); err != nil {
				return err
			}
		}
		return nil
	}
	look := func(name string) (s screen, err error) {
		err = b.browser.do("look", name, map[string]any{"name": who.name}, &s)
		return s, err
	}
	self := ways[0]
	url, err := start(self, "")
	if err != nil {
		return err
	}
	visitor := who
	visitor.loginID = ""
	if err := b.browser.do("open", "visitor", visitor.command(url), nil); err != nil {
		return err
	}
	visited, err := look("visitor")
	if err != nil {
		return err
	}
	if err := b.browser.do("close", "visitor", nil, nil); err != nil {
		return err
	}
	if err := tabs(self, url); err != nil {
		return err
	}
	own, err := look(b.tabs()[0].tab(self))
	if err != nil {
		return err
	}
	if err := errors.Join(b.keep("a user's screen", []frame{{JPEG: own.JPEG}}), b.keep("a visitor's screen", []frame{{JPEG: visited.JPEG}})); err != nil {
		return err
	}
	if b.judge, err = newJudge(own, visited); err != nil {
		return err
	}
	for _, w := range ways[1:] {
		html := own.HTML
		if w.fetched {
			html = visited.HTML
		}
		url, err := start(w, html)
		if err != nil {
			return err
		}
		if err := tabs(w, url); err != nil {
			return err
		}
	}
	// Chromium keeps the compiled scripts of pages that come again.
	for range warm {
		for _, w := range ways {
			for _, c := range b.tabs() {
				if _, err := b.browser.reload(c.tab(w), false, line{Down: -1, Up: -1, CPU: 1}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// measure reloads a way's page once, or as often as its flashes are counted.
func (b *bench) measure(w way, c condition, round int) error {
	f := b.results.of(w, c)
	times := 1
	if w.name == inPage {
		times = b.often
	}
	var of sample
	for n := range times {
		r, err := b.browser.reload(c.tab(w), c.expired, c.line)
		if err != nil {
			return err
		}
		v, err := b.judge.verdict(r.Frames)
		if keeping := b.keep(fmt.Sprintf("%s, %s, %d-%d", w.name, c.name, round+1, n+1), r.Frames); keeping != nil {
			return keeping
		}
		if err != nil {
			return err
		}
		f.count(w, r, v)
		if c == b.conditions[0] {
			b.film.keep(w, r.Frames)
		}
		if w.drawn && !w.fetched {
			// Chromium reports an element's paint once its thread is free, and by then the script has replaced the one that
			// was drawn into the page: the pictures say when that was painted.
			if r.Name = min(r.Name, v.named); v.first == asUser {
				r.Name = r.Contentful
			}
		}
		of.add(r)
		cli.Log("  %-28s %-13s first paint %4.0f  content %4.0f  name %4.0f  newest %4.0f ms  %6.0f bytes  %2.0f requests  %+v",
			c.name, w.name, r.FirstPaint, r.Contentful, r.Name, r.Newest, r.Bytes, r.Requests, v)
	}
	f.add(of)
	return nil
}

func (b *bench) keep(name string, frames []frame) error {
	if b.pictures == "" {
		return nil
	}
	if err := os.MkdirAll(b.pictures, 0o755); err != nil { //nolint:gosec // for everyone to read
		return err
	}
	for i, f := range frames {
		file := fmt.Sprintf("%s, %02d at %.0f ms.jpeg", name, i, f.At)
		if err := os.WriteFile(filepath.Join(b.pictures, file), f.JPEG, 0o644); err != nil { //nolint:gosec // for everyone to read
			return err
		}
	}
	return nil
}

// sample is the reloads of one way in one round.
type sample []reload

func (s *sample) add(r reload) {
	r.Frames = nil
	*s = append(*s, r)
}

// median is that of one figure of the reloads.
func (s sample) median(figure func(reload) float64) float64 {
	var all report.Figure
	for _, r := range s {
		all = append(all, figure(r))
	}
	return all.Median()
}
