// Package forwardtest has links in memory, and what goes wrong on them.
package forwardtest

import (
	"bytes"
	"errors"
	"sync"
)

// ErrDown is what Send returns on a link that is down.
var ErrDown = errors.New("forwardtest: the link is down")

// A Hub is what links meet at. It loses nothing by itself.
type Hub struct {
	mu    sync.Mutex
	links map[string]*Link
	fault func(from, to string, payload []byte) (copies int)
}

// NewHub returns a hub without links.
func NewHub() *Hub { return &Hub{links: map[string]*Link{}} }

// Fault has each message come as often as the function says: 0 loses it. It is called by whoever sends. Nil: once.
func (h *Hub) Fault(fault func(from, to string, payload []byte) (copies int)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault = fault
}

// A Link is one node's.
type Link struct {
	hub     *Hub
	node    string
	most    int
	waiting chan message

	mu   sync.Mutex // held while fn runs: cancel returns after it
	kind string
	fn   func([]byte)

	state sync.Mutex
	down  bool // Send fails
	dead  bool // what is sent and what comes is lost
	stop  chan struct{}
	gone  chan struct{}
}

type message struct {
	kind    string
	payload []byte
}

// Link makes the link of a node, for messages of at most as many bytes. The caller has to close it.
func (h *Hub) Link(node string, maxPayload int) *Link {
	l := &Link{
		hub: h, node: node, most: maxPayload,
		waiting: make(chan message, 1<<12), stop: make(chan struct{}), gone: make(chan struct{}),
	}
	go l.run()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links[node] = l
	return l
}

func (l *Link) run() {
	defer close(l.gone)
	for {
		select {
		case <-l.stop:
			return
		case m := <-l.waiting:
			l.mu.Lock()
			if l.fn != nil && l.kind == m.kind && !l.is(&l.dead) {
				l.fn(m.payload)
			}
			l.mu.Unlock()
		}
	}
}

// Close ends the link: messages to it are lost.
func (l *Link) Close() {
	l.Die()
	close(l.stop)
	<-l.gone
}

// Die has the node vanish without a word.
func (l *Link) Die() { l.set(&l.dead, true) }

// Down takes the link down, or up again.
func (l *Link) Down(down bool) { l.set(&l.down, down) }

func (l *Link) set(flag *bool, value bool) {
	l.state.Lock()
	defer l.state.Unlock()
	*flag = value
}

func (l *Link) is(flag *bool) bool {
	l.state.Lock()
	defer l.state.Unlock()
	return *flag
}

// Node is the node's name.
func (l *Link) Node() string { return l.node }

// MaxPayload is how many bytes a message may have.
func (l *Link) MaxPayload() int { return l.most }

// Send sends a message. What a full queue has no place for is lost, as on a bus.
func (l *Link) Send(node, kind string, payload []byte) error {
	switch {
	case len(payload) > l.most:
		return errors.New("forwardtest: payload too large")
	case l.is(&l.down):
		return ErrDown
	}
	l.hub.mu.Lock()
	to, fault := l.hub.links[node], l.hub.fault
	l.hub.mu.Unlock()
	copies := 1
	if fault != nil {
		copies = fault(l.node, node, payload)
	}
	if to == nil || l.is(&l.dead) || to.is(&to.down) {
		return nil
	}
	for range copies {
		select {
		case to.waiting <- message{kind, bytes.Clone(payload)}:
		default:
		}
	}
	return nil
}

// Receive gives fn the messages of that kind. A link has one receiver.
func (l *Link) Receive(kind string, fn func(payload []byte)) (cancel func(), err error) {
	if l.is(&l.down) {
		return nil, ErrDown
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kind, l.fn = kind, fn
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fn = nil
	}, nil
}
