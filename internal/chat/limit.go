package chat

import (
	"math"
	"sync"
	"time"
)

// Limiter allows each key so many events a second, with a burst: a token bucket each. It remembers at most maxKeys
// keys; beyond that those whose buckets are full again are forgotten, which changes nothing for them.
type Limiter struct {
	clock Clock
	rate  float64 // tokens a second
	burst float64

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

const maxLimiterKeys = 100_000

// NewLimiter makes a Limiter of rate events a second and a burst of at least one. A rate of 0 limits nothing.
func NewLimiter(clock Clock, rate float64, burst int) *Limiter {
	return &Limiter{clock: clock, rate: rate, burst: float64(max(burst, 1)), buckets: map[string]bucket{}}
}

// Allow takes a token of the key's; where none is left it returns how long until there is.
func (l *Limiter) Allow(key string) (wait time.Duration, ok bool) {
	if l.rate == 0 {
		return 0, true
	}
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[key]
	if !known {
		if len(l.buckets) >= maxLimiterKeys {
			l.forgetFull(now)
		}
		b = bucket{tokens: l.burst, at: now}
	}
	b = l.refill(b, now)
	if b.tokens < 1 {
		l.buckets[key] = b
		return time.Duration(math.Ceil((1 - b.tokens) / l.rate * float64(time.Second))), false
	}
	b.tokens--
	l.buckets[key] = b
	return 0, true
}

// refill adds what time brought; a clock that jumped back brings nothing.
func (l *Limiter) refill(b bucket, now time.Time) bucket {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(l.burst, b.tokens+passed*l.rate)
	}
	b.at = now
	return b
}

// forgetFull makes room; l.mu is held. Where nobody's bucket is full everyone's is forgotten: a flood of keys must not
// cost memory without bound.
func (l *Limiter) forgetFull(now time.Time) {
	for key, b := range l.buckets {
		if l.refill(b, now).tokens >= l.burst {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxLimiterKeys {
		clear(l.buckets)
	}
}

// limits are the rates at which a user may act. Sends are the contract's; the others stop floods and are never met by a
// person.
type limits struct {
	send, join, create, typing, find, upload *Limiter
}

func newLimits(clock Clock, on bool) limits {
	limiter := func(rate float64, burst int) *Limiter {
		if !on {
			rate = 0
		}
		return NewLimiter(clock, rate, burst)
	}
	return limits{
		send:   limiter(10, 30), // messages, edits and deletions together
		join:   limiter(1, 30),  // joining, leaving, opening directs
		create: limiter(0.2, 10),
		typing: limiter(2, 10),
		find:   limiter(5, 20),
		upload: limiter(1, 30), // three full messages at once
	}
}

// check takes one of a user's tokens or answers RateLimited.
func (l *Limiter) check(by UserID) error {
	wait, ok := l.Allow(string(by))
	if ok {
		return nil
	}
	return &Error{Code: RateLimited, Message: "too many requests", RetryAfter: wait}
}
