package load

import (
	"fmt"
	"slices"
	"time"
)

// A Seat is one person in one room, as a server knows them.
type Seat struct {
	Token string
	Room  string
	// Address is where they connect, where that is not the same for all.
	Address string
}

// A Way is how messages travel between people and a server.
type Way struct {
	Name string
	// Post sends by HTTP, over at most six connections a person, as browsers
	// do. Otherwise messages go over the socket, which acknowledges them.
	Post bool
	// Poll is how often people ask by HTTP for what is new; 0 for receiving
	// it on a socket.
	Poll time.Duration
}

// connectionsEach is how many requests a browser makes of one server at once
// over HTTP/1.1.
const connectionsEach = 6

// A Pace is how people send: in a closed loop, where a further message follows
// one that is acknowledged, or in an open one, at a fixed rate.
type Pace struct {
	Senders     []int         // seats, which take turns
	Outstanding int           // not yet acknowledged, all senders together
	Rate        float64       // of the open loop, messages a second
	Warm, For   time.Duration // everything sent in one has arrived before the next begins
	// CPU is the server's CPU time so far.
	CPU func() (time.Duration, error)
}

// An Outcome is what was measured while people sent.
type Outcome struct {
	Messages   int
	Deliveries int
	Elapsed    time.Duration
	ServerCPU  time.Duration // user and system
	LoadCPU    time.Duration // the load generator's own
	// Bytes are those of TCP payload, both ways, of all people together.
	Bytes int64
	// From the moment in which a message was to be sent until its sender knew
	// that it is stored, and until each other person and the sender had it;
	// those who connect elsewhere than the sender by themselves.
	Acknowledged, Received, Elsewhere Latencies

	Lost       int // acknowledgements, and deliveries of acknowledged messages, that never came
	Repeated   int // deliveries that came again
	Disordered int // deliveries that came behind a later one of the same sender
}

// PerSecond is how many messages were acknowledged and received in a second.
func (o *Outcome) PerSecond() float64 { return float64(o.Messages) / o.Elapsed.Seconds() }

// Latencies are in the order measured.
type Latencies []time.Duration

// Quantile is the latency that the share q of all do not exceed, 0 where
// nothing was measured.
func (l Latencies) Quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// check reports what makes a pace impossible.
func (p *Pace) check(seats int) error {
	if len(p.Senders) == 0 || (p.Outstanding < 1) == (p.Rate <= 0) {
		return fmt.Errorf("%d senders, %d outstanding, %v a second", len(p.Senders), p.Outstanding, p.Rate)
	}
	for _, s := range p.Senders {
		if s < 0 || s >= seats {
			return fmt.Errorf("no seat %d", s)
		}
	}
	return nil
}

// digits is how many digits begin a message's text: its number.
const digits = 10

// text is a message's text: its number, filled up to length bytes.
func text(number, length int) string {
	return fmt.Sprintf("%0*d%*s", digits, number, max(0, length-digits), "말")
}
