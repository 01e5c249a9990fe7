package auth

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// hasher hashes passwords, at most one for each processor at once: a hash takes tens of milliseconds of one processor and
// its memory, so a rush of log-ins would otherwise stop the chat. A bounded number waits; who comes beyond is asked to
// come again.
type hasher struct {
	cost    Cost
	dummy   passwordHash  // matches nothing and costs what any other does
	slots   chan struct{} // one for each hash at work
	tickets chan struct{} // one for each hash at work or waiting
	made    atomic.Int64  // hashes computed so far; tests compare it instead of clocks
	release *time.Timer   // gives the hashes' memory back
}

// waitingPerSlot bounds the wait to about a second.
const waitingPerSlot = 32

// releaseAfter is how long nobody must have logged in before the memory of the hashes goes back to the system. It is tens
// of megabytes, in a program that idles in twenty; left alone the runtime keeps it for minutes.
const releaseAfter = 10 * time.Second

func newHasher(cost Cost) (*hasher, error) {
	if err := cost.check(); err != nil {
		return nil, err
	}
	slots := runtime.NumCPU()
	release := time.AfterFunc(releaseAfter, debug.FreeOSMemory)
	release.Stop() // until there is something to give back
	return &hasher{
		release: release,
		cost:    cost,
		dummy:   passwordHash{cost, randomBytes(saltBytes), randomBytes(keyBytes)},
		slots:   make(chan struct{}, slots),
		tickets: make(chan struct{}, slots*(1+waitingPerSlot)),
	}, nil
}

// do runs fn, which computes one hash.
func (h *hasher) do(ctx context.Context, fn func()) error {
	select {
	case h.tickets <- struct{}{}:
		defer func() { <-h.tickets }()
	default:
		return &chat.Error{Code: chat.Unavailable, Message: "too many log-ins at once", RetryAfter: 2 * time.Second}
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return &chat.Error{
			Code: chat.Unavailable, Message: "gone before the password was checked", RetryAfter: time.Second,
			Cause: context.Cause(ctx),
		}
	}
	h.made.Add(1)
	fn()
	h.release.Reset(releaseAfter)
	return nil
}

func (h *hasher) hash(ctx context.Context, normal string) (string, error) {
	var made passwordHash
	if err := h.do(ctx, func() { made = makeHash(normal, h.cost) }); err != nil {
		return "", err
	}
	return made.String(), nil
}

// verify computes exactly one hash, whether stored is a hash or "" for nobody's. outdated tells that the password
// matches a hash made at another cost than today's.
func (h *hasher) verify(ctx context.Context, stored, normal string) (ok, outdated bool, err error) {
	against := h.dummy
	if stored != "" {
		if against, err = parseHash(stored); err != nil {
			return false, false, fmt.Errorf("a stored password hash: %w", err)
		}
	}
	err = h.do(ctx, func() { ok = against.matches(normal) })
	ok = ok && stored != ""
	return ok, ok && against.cost != h.cost, err
}
