// Command web measures the site in a real Chromium: what scrolling through a long conversation costs, and what Lighthouse says of the
// lobby and of a room on a phone. bench/README.md says what is measured and how.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

func main() { cli.Main(run) }

// longest is how long a run may take.
const longest = 20 * time.Minute

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("web", flag.ContinueOnError)
	var output cli.Results
	output.Flag(flags)
	rounds := flags.Int("rounds", 5, "how often to measure everything")
	pages := flags.String("pages", "lobby,room", "`pages` that Lighthouse looks at")
	messages := flags.Int("messages", 10_000, "messages of the conversation that is scrolled through")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || *rounds < 1 || *messages < 1 {
		return errors.New("rounds and messages are positive, and there are no arguments but flags")
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	hosts, err := host.Prepare(ctx, []host.Kind{host.Maru})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hosts.Close()) }()
	browser, err := exec.CommandContext(ctx, filepath.Join(hosts.Root(), "scripts", "chromium")).Output() //nolint:gosec // our own script
	if err != nil {
		return fmt.Errorf("a browser: %w", err)
	}
	server, err := hosts.Start(ctx, host.Maru, host.Town{Rooms: 1, Members: 1, Text: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	r := &results{Messages: *messages}
	script := filepath.Join(hosts.Root(), "bench", "web", "browser", "measure.mjs")
	command := exec.CommandContext(ctx, "node", script, "http://"+server.Address, strconv.Itoa(*messages), strconv.Itoa(*rounds), *pages) //nolint:gosec // our own script
	command.Env = append(os.Environ(), "CHROMIUM="+string(browser[:max(0, len(browser)-1)]))
	command.Stderr = os.Stderr
	load.DieWithUs(command)
	lines, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	read := r.read(lines)
	if err := errors.Join(read, command.Wait()); err != nil {
		return fmt.Errorf("in the browser: %w", err)
	}
	r.Run, r.Arguments = report.ThisRun(ctx, hosts.Root()), arguments
	return r.publish(output.Of(hosts.Root()), out)
}

// said is a line of measure.mjs.
type said struct {
	What string `json:"what"`
	scrolled
	cameBack
	judged
}

// cameBack is how long rooms that were open before took to be painted, in ms.
type cameBack struct {
	Median float64 `json:"median"`
	Most   float64 `json:"most"`
}

// scrolled is one way through the whole conversation.
type scrolled struct {
	Reached   int     `json:"reached"` // the oldest message
	Seconds   float64 `json:"seconds"`
	LongTasks float64 `json:"longTasks"` // of more than 50 ms
	Longest   float64 `json:"longest"`   // in ms
	Heap      float64 `json:"heap"`      // at most, in MiB
	Rows      float64 `json:"rows"`      // at most
}

// judged is what Lighthouse says of a page: scores to 100, times in ms.
type judged struct {
	Name          string   `json:"name"`
	Performance   float64  `json:"performance"`
	Accessibility float64  `json:"accessibility"`
	BestPractices float64  `json:"bestPractices"`
	FirstPaint    float64  `json:"firstPaint"`
	LargestPaint  float64  `json:"largestPaint"`
	Blocked       float64  `json:"blocked"`
	Shift         float64  `json:"shift"`
	Bytes         float64  `json:"bytes"`
	Wanting       []string `json:"wanting"`
}

// read takes what the browser's side says, as it comes.
func (r *results) read(lines io.Reader) error {
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		var s said
		if err := json.Unmarshal(scanner.Bytes(), &s); err != nil {
			return fmt.Errorf("%.200s: %w", scanner.Bytes(), err)
		}
		switch s.What {
		case "scroll":
			if s.Reached > 1 {
				return fmt.Errorf("scrolled to message %d and no further", s.Reached)
			}
			r.Scroll.add(s.scrolled)
			cli.Log("  scroll: %.1f s, %v long tasks, the longest %.0f ms, heap %.1f MiB, %v rows", s.Seconds, s.LongTasks, s.Longest, s.Heap, s.Rows)
		case "back":
			r.Back.add(s.cameBack)
			cli.Log("  back in a room: %.0f ms, at most %.0f ms", s.Median, s.Most)
		case "page":
			r.page(s.Name).add(s.judged)
			cli.Log("  %s: performance %v, accessibility %v, best practices %v; wanting: %v", s.Name, s.Performance, s.Accessibility, s.BestPractices, s.Wanting)
		default:
			return fmt.Errorf("nobody knows %q", s.What)
		}
	}
	return nil
}
