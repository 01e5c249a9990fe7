// Command backup measures what a backup does to those who chat meanwhile.
// bench/README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/maru-chat/maru/bench/cli"
	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

func main() { cli.Main(run) }

// bench is one run.
type bench struct {
	rounds   int
	messages int
	rate     float64
	warm     time.Duration
	window   time.Duration

	hosts   *host.Hosts
	results results
}

// town is who chats meanwhile.
var town = host.Town{Rooms: 10, Members: 10, Text: 120}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var b bench
	flags := flag.NewFlagSet("backup", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round: to see that it works, not to compare")
	var output cli.Results
	output.Flag(flags)
	flags.IntVar(&b.rounds, "rounds", 5, "how often to measure everything")
	flags.IntVar(&b.messages, "messages", 1_000_000, "`messages` in the database")
	flags.Float64Var(&b.rate, "rate", 200, "messages a second meanwhile")
	flags.DurationVar(&b.warm, "warm", time.Second, "how long to warm up")
	flags.DurationVar(&b.window, "window", 10*time.Second, "how long to measure")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.messages < town.Rooms || b.rate <= 0 {
		return fmt.Errorf("rounds and rate are positive, messages at least %d, and there are no arguments but flags", town.Rooms)
	}
	if *quick {
		b.rounds, b.messages, b.warm, b.window = 1, 20_000, 200*time.Millisecond, time.Second
	}
	if err := load.RaiseFileLimit(1000); err != nil {
		return err
	}
	if b.hosts, err = host.Prepare(ctx, []host.Kind{host.Maru}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hosts.Close()) }()
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.publish(ctx, arguments, output.Of(b.hosts.Root()), out)
}

// measure has people chat in turn alone, and while backups are made one after the other.
func (b *bench) measure(ctx context.Context) (err error) {
	server, err := b.hosts.StartFilled(ctx, town, b.messages/town.Rooms)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	people, err := load.NewPeople(ctx, server.Address, server.Seats, load.Way{}, town.Text)
	if err != nil {
		return err
	}
	defer people.Close()
	pace := load.Pace{Rate: b.rate, Warm: b.warm, For: b.window, CPU: server.CPU}
	for n := range server.Seats {
		pace.Senders = append(pace.Senders, n*town.Members%len(server.Seats)+n/town.Rooms)
	}
	r := &b.results
	for round := range b.rounds {
		alone, err := people.Send(ctx, pace)
		if err != nil {
			return err
		}
		backups := b.begin(ctx, server)
		busy, err := people.Send(ctx, pace)
		made, failed := backups.stop()
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		r.Alone.Add(alone)
		r.Busy.Add(busy)
		r.Seconds = append(r.Seconds, made.seconds)
		r.Megabytes = append(r.Megabytes, made.megabytes)
		r.CPU = append(r.CPU, made.cpu)
		r.Memory = append(r.Memory, made.memory)
		last := len(r.Seconds) - 1
		cli.Log("round %d of %d: a backup of %s MB takes %s s, %s s of CPU and %s MiB; acknowledged p50 %s · %s, p99 %s · %s ms (alone · meanwhile), lost %d", round+1, b.rounds,
			report.Number(r.Megabytes[last]), report.Number(r.Seconds[last]), report.Number(r.CPU[last]), report.Number(r.Memory[last]), report.Number(r.Alone.Acknowledged.P50[last]),
			report.Number(r.Busy.Acknowledged.P50[last]), report.Number(r.Alone.Acknowledged.P99[last]), report.Number(r.Busy.Acknowledged.P99[last]), alone.Lost+busy.Lost)
	}
	return nil
}

// made is what a backup took, the mean of those that were completed.
type made struct{ seconds, megabytes, cpu, memory float64 }

// backups are made one after the other.
type backups struct {
	end  context.CancelFunc
	done chan struct{}
	made made
	err  error
}

func (b *bench) begin(ctx context.Context, server *host.Running) *backups {
	going, end := context.WithCancel(ctx)
	r := &backups{end: end, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		var all []made
		for going.Err() == nil || len(all) == 0 {
			one, err := b.backup(ctx, server)
			if err != nil {
				r.err = err
				return
			}
			all = append(all, one)
		}
		for _, one := range all {
			n := float64(len(all))
			r.made.seconds += one.seconds / n
			r.made.megabytes += one.megabytes / n
			r.made.cpu += one.cpu / n
			r.made.memory = max(r.made.memory, one.memory)
		}
	}()
	return r
}

// stop waits for the backup that is being made.
func (r *backups) stop() (made, error) {
	r.end()
	<-r.done
	return r.made, r.err
}

func (b *bench) backup(ctx context.Context, server *host.Running) (m made, err error) {
	folder, err := os.MkdirTemp("", "maru-bench-backup-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "maru.tar")
	command := exec.CommandContext(ctx, b.hosts.Program("maru"), "backup", "--data", server.Folder(), file) //nolint:gosec // our own program
	command.Env = load.WithoutGoSettings(os.Environ())
	begun := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		return m, fmt.Errorf("maru backup: %w: %s", err, out)
	}
	m.seconds = time.Since(begun).Seconds()
	info, err := os.Stat(file)
	if err != nil {
		return m, err
	}
	m.megabytes = float64(info.Size()) / 1e6
	m.cpu = (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds()
	if used, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.memory = float64(used.Maxrss) / 1024
	}
	return m, nil
}
