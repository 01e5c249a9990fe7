package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/bench/host"
	"github.com/maru-chat/maru/bench/load"
)

// asCrowd has this program be those who upload.
const asCrowd = "MARU_BENCH_CROWD"

// crowd is a process of its own whose people upload photos, one after the other each: who measures must do nothing else.
type crowd struct {
	command *exec.Cmd
	in      io.Closer
	out     *bufio.Reader
}

// lineSpeed is how fast the line of each is, in bytes a second: 100 Mbit/s. From memory to memory a photo would come in a burst that no
// network makes, and that two processors shared by all would feel, whoever serves.
const lineSpeed = 100_000_000 / 8

// line hands on as much as has come so far.
type line struct {
	from  *bytes.Reader
	since time.Time
}

func (l *line) Len() int { return l.from.Len() }

func (l *line) Read(b []byte) (int, error) {
	n, err := l.from.Read(b[:min(len(b), 64<<10)])
	sent := l.from.Size() - int64(l.from.Len())
	time.Sleep(time.Until(l.since.Add(time.Duration(sent) * time.Second / lineSpeed)))
	return n, err
}

// order is what a crowd is told.
type order struct {
	Address string
	Seats   []load.Seat
	Kind    string
	Body    []byte
}

func (b *bench) startCrowd(ctx context.Context, server *host.Running) (*crowd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &crowd{command: exec.CommandContext(ctx, program)} //nolint:gosec // ourselves
	c.command.Env = append(os.Environ(), asCrowd+"=1")
	c.command.Stderr = os.Stderr
	in, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	return c, json.NewEncoder(in).Encode(order{server.Address, server.Seats[:b.uploads], b.kind, b.body})
}

// stop ends it and returns how many photos were uploaded.
func (c *crowd) stop() (photos int, err error) {
	_ = c.in.Close()
	_, err = fmt.Fscan(c.out, &photos)
	return photos, errors.Join(err, c.command.Wait())
}

// beCrowd uploads until standard input ends, and what is on its way then to its end.
func beCrowd(ctx context.Context, in io.Reader, out io.Writer) error {
	orders := json.NewDecoder(in)
	var o order
	if err := orders.Decode(&o); err != nil {
		return err
	}
	enough, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		stop()
	}()
	var photos atomic.Int64
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for _, seat := range o.Seats {
		all.Go(func() {
			for enough.Err() == nil {
				var answer struct{ Image struct{ ID string } }
				err := call(ctx, o.Address, seat, "/api/v1/images", o.Kind, &line{bytes.NewReader(o.Body), time.Now()}, &answer)
				if err == nil {
					photos.Add(1)
				} else if ctx.Err() == nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	_, err := fmt.Fprintln(out, photos.Load())
	return errors.Join(err, failed)
}
