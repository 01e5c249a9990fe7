package forward

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// A Link carries messages between nodes that trust each other. It may lose them, when a node or what is between them fails,
// but brings those of one node to another in the order in which they were sent.
type Link interface {
	// Node is this node's name.
	Node() string
	// Send sends a message to another node. It does not wait until it has arrived and does not keep the payload. An error
	// means that it certainly has not, as where the link is down.
	Send(node, kind string, payload []byte) error
	// Receive gives fn what others send to this node as that kind, one message after the other, until cancel has returned.
	// The payload is fn's to keep; fn does not wait.
	Receive(kind string, fn func(payload []byte)) (cancel func(), err error)
	// MaxPayload is how many bytes a message may have.
	MaxPayload() int
}

// linkKind is the kind of all our messages: those of one node to another have one order.
const linkKind = "http"

// Bounds that nobody needs to choose.
const (
	partBytes   = 256 << 10 // of a body in one message
	windowParts = 4         // on their way to a client that has not taken them
	minPayload  = 64 << 10  // of a link: a head, and a part worth the name
	maxBlind    = 256       // requests under way to nodes that have not been heard of: their names may be made up
	silence     = 3         // beats
	remember    = 30        // beats after its last word that another node is known
)

// Options is what a Node is made of. Zero means the default.
type Options struct {
	Link   Link
	Logger *slog.Logger // told of handlers that panic: slog.Default
	// Beat is how often nodes tell each other what they wait for and work on: 2 s. More than three without a word are a node's end.
	Beat time.Duration
	// MaxRequests is how many requests of this node's clients may be asked of others at a time, and how many of theirs be
	// served here: 16,384 each. Further ones are not asked, or not served, and their clients begin anew.
	MaxRequests int
	// MaxBody is how many bytes of a request's body are carried: 1,000,001. It has to be more than the handler takes, so that
	// it is the handler who refuses a larger one: what it gets of that breaks off.
	MaxBody int
	// MaxBytes is how many bytes of bodies may be in this node's memory: 64 MiB of requests and of answers that clients have yet to
	// take, and as much of requests that it serves. Beyond it a request is not asked or not served, and an answer is cut off.
	MaxBytes int
	// WriteTimeout is how long a client may take for a part of its answer: 10 s.
	WriteTimeout time.Duration
}

// A Node asks other nodes and answers them.
type Node struct {
	link    Link
	name    string
	run     uint64
	log     *slog.Logger
	options Options
	part    int // bytes
	handler http.Handler
	ignore  func() // what Receive has given us

	tasks sync.WaitGroup // the beat, and the requests that are served
	done  chan struct{}  // closed by Close

	mu      sync.Mutex
	open    bool
	last    uint64 // the number of the latest request
	asked   map[uint64]*asked
	heard   map[string]int // beats since a node was heard of
	blind   int            // requests asked of nodes that were not
	held    int            // bytes of what is in asked
	served  map[task]*served
	callers map[caller]*history
	bodies  int // bytes of what is in served
	count   Stats
}

// Stats are a node's figures for metrics. Asking, Serving and Bytes are of the moment; the others only grow.
type Stats struct {
	Asking  int    // requests that others are asked
	Serving int    // requests of others that are worked on
	Bytes   int    // of bodies in memory
	Asked   uint64 // requests that others were asked
	Served  uint64 // requests of others that were worked on
	Gone    uint64 // requests that nobody answered
	Cut     uint64 // answers that were not whole
	Refused uint64 // requests beyond a limit, asked or served
	Odd     uint64 // messages that were none
}

// New makes a node. It asks and answers nothing before Serve.
func New(o Options) (*Node, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Beat == 0 {
		o.Beat = 2 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 10 * time.Second
	}
	for _, d := range []struct {
		value *int
		unset int
	}{{&o.MaxRequests, 1 << 14}, {&o.MaxBody, 1_000_001}, {&o.MaxBytes, 64 << 20}} {
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	if o.Beat < 0 || o.WriteTimeout < 0 || o.MaxRequests < 0 || o.MaxBody < 0 || o.MaxBytes < 0 {
		return nil, errors.New("forward: an option is negative")
	}
	if n := len(o.Link.Node()); n == 0 || n > maxName {
		return nil, fmt.Errorf("forward: node %q: must have 1 to %d bytes", o.Link.Node(), maxName)
	}
	if o.Link.MaxPayload() < minPayload {
		return nil, fmt.Errorf("forward: the link takes %d bytes, and must take %d", o.Link.MaxPayload(), minPayload)
	}
	return &Node{
		link: o.Link, name: o.Link.Node(), run: rand.Uint64(), log: o.Logger, options: o, //nolint:gosec // no secret: it tells two runs apart
		part: min(partBytes, o.Link.MaxPayload()-maxHead-maxEnvelope),
		done: make(chan struct{}), asked: map[uint64]*asked{}, heard: map[string]int{},
		served: map[task]*served{}, callers: map[caller]*history{},
	}, nil
}

// Serve begins: requests of other nodes go to the handler, and Forward asks others. It fails where the link does.
func (n *Node) Serve(handler http.Handler) error {
	n.mu.Lock()
	n.handler, n.open = handler, true
	n.mu.Unlock()
	ignore, err := n.link.Receive(linkKind, n.receive)
	if err != nil {
		n.mu.Lock()
		n.open = false
		n.mu.Unlock()
		return err
	}
	n.ignore = ignore
	n.tasks.Go(n.beat)
	return nil
}

// Close ends what is asked and what is served: the clients of both begin anew. It returns when the handlers have. To a
// node that Serve has not begun it does nothing.
func (n *Node) Close() {
	n.mu.Lock()
	if !n.open {
		n.mu.Unlock()
		return
	}
	n.open = false
	for _, a := range n.asked {
		a.fail()
	}
	for _, s := range n.served {
		s.cancel()
	}
	n.mu.Unlock()
	close(n.done)
	n.ignore()
	n.tasks.Wait()
}

// Stats returns the figures of the moment.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	stats := n.count
	stats.Asking, stats.Serving, stats.Bytes = len(n.asked), len(n.served), n.held+n.bodies
	return stats
}

// receive takes a message of another node.
func (n *Node) receive(payload []byte) {
	m, err := parse(payload)
	if err != nil {
		n.mu.Lock()
		n.count.Odd++
		n.mu.Unlock()
		return
	}
	switch m.kind {
	case kindAnswer, kindMore, kindServing:
		if m.run == n.run {
			n.answered(m)
		}
	case kindRequest:
		n.serve(m)
	default:
		n.told(m)
	}
}

func (n *Node) send(node string, m *message) error {
	m.from = n.name
	return n.link.Send(node, linkKind, m.append(make([]byte, 0, len(m.part)+512)))
}

// beat tells other nodes what is waited for and worked on, and ends what they say nothing of.
func (n *Node) beat() {
	timer := time.NewTimer(n.options.Beat) // a ticker would make up for beats that came late, which is silence that was none
	defer timer.Stop()
	for ; ; timer.Reset(n.options.Beat) {
		select {
		case <-n.done:
			return
		case <-timer.C:
		}
		n.mu.Lock()
		asking, serving := n.ageAsked(), n.ageServed()
		n.mu.Unlock()
		for node, numbers := range asking {
			n.list(node, kindAsking, n.run, numbers)
		}
		for caller, numbers := range serving {
			n.list(caller.node, kindServing, caller.run, numbers)
		}
	}
}

// list names requests. Who does not hear of it will hear the next one.
func (n *Node) list(node string, kind kind, run uint64, numbers []uint64) {
	for len(numbers) > 0 {
		some := numbers[:min(maxCalls, len(numbers))]
		_ = n.send(node, &message{kind: kind, call: call{run: run}, calls: some})
		numbers = numbers[len(some):]
	}
}
