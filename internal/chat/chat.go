package chat

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"strings"
	"time"
)

// Chat is one node's door to the rules. Its methods may be called from many goroutines.
type Chat struct {
	store    Store
	bus      Bus
	clock    Clock
	presence Presence
	nfc      func(string) string
	blobs    Blobs
	photos   Photos
	digest   []byte
	limits   limits
	uploads  uploads
	removals chan struct{} // says that blobs wait to be removed
	pulse    pulse
}

// Options is what a Chat is made of; every field but NoRateLimits must be set (Blobs and Photos for images alone).
type Options struct {
	Store    Store
	Bus      Bus
	Clock    Clock
	Presence Presence
	Blobs    Blobs
	Photos   Photos
	// NFC puts text into Unicode's normal form C.
	NFC func(string) string
	// DigestKey keys the digests by which a repeated client id is compared with the first request.
	DigestKey []byte
	// NoRateLimits lets everybody do everything as often as they like: for tests and benchmarks.
	NoRateLimits bool
}

// New makes a Chat.
func New(o Options) *Chat {
	return &Chat{
		store: o.Store, bus: o.Bus, clock: o.Clock, presence: o.Presence,
		blobs: o.Blobs, photos: o.Photos,
		nfc: o.NFC, digest: o.DigestKey, limits: newLimits(o.Clock, !o.NoRateLimits),
		uploads: uploads{of: map[UserID]int{}}, removals: make(chan struct{}, 1),
	}
}

// Epoch names the database's history: a client that cached another one's starts again.
func (c *Chat) Epoch() string { return c.store.Epoch() }

// now is the time in the contract's precision.
func (c *Chat) now() time.Time { return c.clock.Now().UTC().Truncate(time.Millisecond) }

// publish hands events over once tx is on disk.
func (c *Chat) publish(tx Tx, events ...Event) {
	tx.AfterCommit(func() { c.bus.Publish(events...) })
}

// NewID returns a name that nobody has used and nobody can guess: 80 random bits in 16 letters and digits.
func NewID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// read runs fn on a snapshot and gives back its result.
func read[T any](ctx context.Context, s Store, fn func(Reader) (T, error)) (T, error) {
	var out T
	err := s.Read(ctx, func(r Reader) (err error) {
		out, err = fn(r)
		return err
	})
	return out, err
}

// write runs fn in a transaction and gives back its result.
func write[T any](ctx context.Context, s Store, fn func(Tx) (T, error), rooms ...RoomID) (T, error) {
	var out T
	err := s.Write(ctx, func(tx Tx) (err error) {
		out, err = fn(tx)
		return err
	}, rooms...)
	return out, err
}

// begin is write in two steps.
func begin[T any](ctx context.Context, s Store, fn func(Tx) (T, error), rooms ...RoomID) (wait func() (T, error)) {
	var out T
	stored := s.Begin(ctx, func(tx Tx) (err error) {
		out, err = fn(tx)
		return err
	}, rooms...)
	return func() (T, error) {
		err := stored()
		return out, err
	}
}

// isNotFound reports whether the store had no such row.
func isNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == NotFound
}
