// Package bus carries chat's events: within one node in memory.
package bus

import (
	"sync"
	"sync/atomic"

	"github.com/maru-chat/maru/internal/chat"
)

// Memory is the bus of a single node: what is published is handed to every subscriber in the order of publishing. What is
// published while they are busy is handed over together, so that they can do for many at once what costs as much for one.
type Memory struct {
	queue chan []chat.Event
	done  chan struct{}
	gone  chan struct{}
	stop  sync.Once

	published atomic.Uint64

	delivering sync.Mutex // one delivery at a time

	mu   sync.Mutex
	subs []*subscriber
}

var _ chat.Bus = (*Memory)(nil)

type subscriber struct{ fn func([]chat.Event) }

// queueLength is how many publications may wait for subscribers; beyond it Publish waits, so that a node that cannot keep
// up slows its writers instead of losing events or memory.
const queueLength = 4096

// together is about how many events subscribers get at once.
const together = 256

// NewMemory starts a bus; Close ends it.
func NewMemory() *Memory {
	b := &Memory{queue: make(chan []chat.Event, queueLength), done: make(chan struct{}), gone: make(chan struct{})}
	go b.run()
	return b
}

// Publish queues events for the subscribers. After Close they are dropped.
func (b *Memory) Publish(events ...chat.Event) {
	select {
	case b.queue <- events:
		b.published.Add(uint64(len(events)))
	case <-b.done:
	}
}

// Subscribe has fn called with all events from now on, until cancel. fn may not keep its argument.
func (b *Memory) Subscribe(fn func([]chat.Event)) (cancel func()) {
	s := &subscriber{fn}
	b.mu.Lock()
	defer b.mu.Unlock()
	// Subscribers are copied when they change, so that delivering needs no lock.
	b.subs = append(append([]*subscriber(nil), b.subs...), s)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		var rest []*subscriber
		for _, other := range b.subs {
			if other != s {
				rest = append(rest, other)
			}
		}
		b.subs = rest
	}
}

// Close delivers what was published before it and ends the bus.
func (b *Memory) Close() {
	b.stop.Do(func() { close(b.done) })
	<-b.gone
}

func (b *Memory) run() {
	defer close(b.gone)
	waiting := make([]chat.Event, 0, together)
	for {
		select {
		case events := <-b.queue:
			waiting = b.gather(append(waiting[:0], events...))
			b.deliver(waiting)
		case <-b.done:
			for waiting = b.gather(waiting[:0]); len(waiting) > 0; waiting = b.gather(waiting[:0]) {
				b.deliver(waiting)
			}
			return
		}
		clear(waiting)
	}
}

// gather adds what waits in the queue.
func (b *Memory) gather(events []chat.Event) []chat.Event {
	for len(events) < together {
		select {
		case more := <-b.queue:
			events = append(events, more...)
		default:
			return events
		}
	}
	return events
}

// deliver hands events to the subscribers. The goroutine does so with what was published here; what comes from elsewhere needs
// no queue of its own before it.
func (b *Memory) deliver(events []chat.Event) {
	b.delivering.Lock()
	defer b.delivering.Unlock()
	b.mu.Lock()
	subs := b.subs
	b.mu.Unlock()
	for _, s := range subs {
		s.fn(events)
	}
}
