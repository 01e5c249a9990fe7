package chat

import (
	"context"
	"sync"
	"time"
)

// How a process learns that it stood still: its beat came late.
const (
	beatEvery = 50 * time.Millisecond
	stoodFor  = 500 * time.Millisecond
	// thawing is how long after it requests may still be read that had come while it stood.
	thawing = time.Second
)

// pulse knows when this process last stood still: frozen by somebody, or with its machine. What it reads then may have waited, and
// its sender may have given it up and asked another node since.
type pulse struct {
	mu      sync.Mutex
	last    time.Time // beat; zero while nothing beats
	stopped time.Time // the last beat before it stood still, zero for never
	thawed  time.Time // from here on what is read has come since
}

// Beat keeps the pulse until the context ends.
func (c *Chat) Beat(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		c.pulse.beat(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (p *pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notice(now)
	p.last = now.Round(0) // by the wall's clock, which goes on while a machine sleeps
}

// notice notes that the process stood still, whoever sees it first; p.mu is held.
func (p *pulse) notice(now time.Time) {
	if now = now.Round(0); p.last.IsZero() || now.Sub(p.last) < stoodFor {
		return
	}
	p.stopped, p.thawed = p.last, now.Add(thawing)
	p.last = now
}

// earliest is when a request that was read at a moment may have come.
func (p *pulse) earliest(read, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.IsZero() {
		return read
	}
	p.notice(now)
	if read.After(p.stopped) && read.Before(p.thawed) {
		return p.stopped
	}
	return read
}
