// Package bus carries chat's events: within one node in memory.
package bus

import (
	"sync"

	"github.com/maru-chat/maru/internal/chat"
)

// Memory is the bus of a single node: what is published is handed to every subscriber, one event after the other, in the
// order of publishing.
type Memory struct {
	queue chan []chat.Event
	done  chan struct{}
	gone  chan struct{}
	stop  sync.Once

	mu   sync.Mutex
	subs []*subscriber
}

var _ chat.Bus = (*Memory)(nil)

type subscriber struct{ fn func(chat.Event) }

// queueLength is how many publications may wait for subscribers; beyond it Publish waits, so that a node that cannot keep
// up slows its writers instead of losing events or memory.
const queueLength = 4096

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
	case <-b.done:
	}
}

// Subscribe has fn called with every event from now on, until cancel.
func (b *Memory) Subscribe(fn func(chat.Event)) (cancel func()) {
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
	for {
		select {
		case events := <-b.queue:
			b.deliver(events)
		case <-b.done:
			for {
				select {
				case events := <-b.queue:
					b.deliver(events)
				default:
					return
				}
			}
		}
	}
}

func (b *Memory) deliver(events []chat.Event) {
	b.mu.Lock()
	subs := b.subs
	b.mu.Unlock()
	for _, e := range events {
		for _, s := range subs {
			s.fn(e)
		}
	}
}
