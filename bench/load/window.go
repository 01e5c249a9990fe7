package load

import (
	"fmt"
	"time"
)

// FanOut is a closed loop: one member sends, and sends on whenever fewer than
// Outstanding of its messages have yet to reach everybody.
type FanOut struct {
	Outstanding int
	// Warm is how long to send before For is measured. Everything sent in one
	// has arrived before the other begins, and before FanOut returns.
	Warm, For time.Duration
	// Acknowledged is whether the server acknowledges; then all have to come.
	Acknowledged bool
	// CPU is the server's CPU time so far.
	CPU func() (time.Duration, error)
}

// A Window is what was measured between two moments without anything under way.
type Window struct {
	Messages   int
	Deliveries int
	Elapsed    time.Duration
	ServerCPU  time.Duration // user and system
	LoadCPU    time.Duration // the load generator's own
}

// PerSecond is how many deliveries arrived in a second.
func (w Window) PerSecond() float64 { return float64(w.Deliveries) / w.Elapsed.Seconds() }

// ServerMicros is the server's CPU time for one delivery, in microseconds.
func (w Window) ServerMicros() float64 { return micros(w.ServerCPU, w.Deliveries) }

// LoadMicros is the load generator's, in microseconds.
func (w Window) LoadMicros() float64 { return micros(w.LoadCPU, w.Deliveries) }

func micros(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(n) }

// mark is one of the two moments.
type mark struct {
	at          time.Time
	server, own time.Duration
	sent        int
	tally       tally
}

func (from mark) until(to mark) Window {
	return Window{
		Messages:   to.sent - from.sent,
		Deliveries: to.tally.deliveries - from.tally.deliveries,
		Elapsed:    to.at.Sub(from.at),
		ServerCPU:  to.server - from.server,
		LoadCPU:    to.own - from.own,
	}
}

// complete reports whether exactly what was sent since has arrived.
func (from mark) complete(sent, members int, acknowledged bool, t tally) (bool, error) {
	messages := sent - from.sent
	deliveries := t.deliveries - from.tally.deliveries
	acknowledgements := t.acknowledgements - from.tally.acknowledgements
	if !acknowledged {
		messages = 0
	}
	want := (sent - from.sent) * members
	if deliveries > want || acknowledgements > messages {
		return false, fmt.Errorf("too much: %d of %d deliveries, %d of %d acknowledgements",
			deliveries, want, acknowledgements, messages)
	}
	return deliveries == want && acknowledgements == messages, nil
}
