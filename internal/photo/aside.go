//go:build unix

package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Aside treats pictures in processes of their own, as many as its Lab works on at a time. There they take no processor from those
// who chat, what they take of memory is given back, and a decoder that fails on what somebody made up fails alone.
type Aside struct {
	lab     *Lab
	program []string

	mu     sync.Mutex
	idle   []*process // the one that was used last is the last
	closed bool
}

var _ chat.Photos = (*Aside)(nil)

// NewAside has pictures treated by processes of a program, which must do nothing but call Work. They are started when they are
// needed, and end when they have had nothing to do for a while.
func NewAside(lab *Lab, program ...string) *Aside { return &Aside{lab: lab, program: program} }

const (
	// treatedWithin is how long one picture may take. It waits for whatever else the machine does.
	treatedWithin = 2 * time.Minute
	// restFor is how long a process waits for another picture.
	restFor = 30 * time.Second
)

// Treat implements chat.Photos.
func (a *Aside) Treat(ctx context.Context, upload io.ReadSeeker) (chat.Photo, error) {
	said, err := a.ask(ctx, toTreat, upload)
	return said.Photo, err
}

// CropSquare implements chat.Photos.
func (a *Aside) CropSquare(ctx context.Context, picture io.ReadSeeker) (chat.Picture, error) {
	said, err := a.ask(ctx, toCrop, picture)
	return said.Square, err
}

func (a *Aside) ask(ctx context.Context, what task, picture io.ReadSeeker) (answer, error) {
	if _, err := sniff(picture); err != nil { // it need not wait for its turn to hear that
		return answer{}, err
	}
	if err := a.lab.processors.Acquire(ctx, 1); err != nil {
		return answer{}, err
	}
	defer a.lab.processors.Release(1)
	file, done, err := asFile(picture)
	if err != nil {
		return answer{}, fmt.Errorf("handing over a picture: %w", err)
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, treatedWithin)
	defer cancel()
	p, err := a.take()
	if err != nil {
		return answer{}, fmt.Errorf("starting to treat pictures: %w", err)
	}
	// Whoever gives up ends the process: nothing else stops a decoder.
	stop := context.AfterFunc(ctx, p.kill)
	said, err := p.ask(ctx, what, file, a.lab.memory)
	if !stop() {
		_ = p.end()
		return answer{}, context.Cause(ctx)
	}
	if err != nil {
		ended := p.end()
		if panicked(ended, p.complaint.String()) {
			return answer{}, unsupported(fmt.Errorf("%w: %s", ended, p.complaint.String()), "the picture is broken")
		}
		return answer{}, fmt.Errorf("treating a picture: %w: %s", errors.Join(err, ended), p.complaint.String())
	}
	a.give(p)
	if said.Code != "" {
		return answer{}, &chat.Error{Code: said.Code, Message: said.Message}
	}
	return said, nil
}

// panicked reports whether a Go program fell over what it was given, and will again.
func panicked(ended error, complaint string) bool {
	exit, exited := errors.AsType[interface {
		error
		ExitCode() int
	}](ended)
	return exited && exit.ExitCode() == 2 && !strings.Contains(complaint, "out of memory")
}

// take returns a process that waits for a picture.
func (a *Aside) take() (*process, error) {
	a.mu.Lock()
	if last := len(a.idle) - 1; last >= 0 {
		p := a.idle[last]
		a.idle = a.idle[:last]
		a.mu.Unlock()
		p.rest.Stop()
		return p, nil
	}
	a.mu.Unlock()
	return startProcess(a.program)
}

func (a *Aside) give(p *process) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		go func() { _ = p.end() }()
		return
	}
	a.idle = append(a.idle, p)
	p.rest = time.AfterFunc(restFor, func() { a.dismiss(p) })
}

// dismiss ends a process that still waits.
func (a *Aside) dismiss(p *process) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, one := range a.idle {
		if one == p {
			a.idle = append(a.idle[:i], a.idle[i+1:]...)
			go func() { _ = p.end() }()
			return
		}
	}
}

// Close ends the processes that wait. Those at work end when their picture is treated.
func (a *Aside) Close() error {
	a.mu.Lock()
	idle := a.idle
	a.idle, a.closed = nil, true
	a.mu.Unlock()
	for _, p := range idle {
		p.rest.Stop()
		p.kill() // it has nothing to lose
		_ = p.end()
	}
	return nil
}
