package bus

import (
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/maru-chat/maru/internal/chat"
)

// Watch implements chat.Bus.
func (b *NATS) Watch(rooms ...chat.RoomID) {
	done := make(chan struct{})
	b.mu.Lock()
	for _, id := range rooms {
		b.count(id, 1)
	}
	b.waiting = append(b.waiting, done)
	b.mu.Unlock()
	b.tendSoon()
	timer := time.NewTimer(watchTimeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C: // the look at the heads finds what is lost meanwhile
	case <-b.done:
	}
}

// Unwatch implements chat.Bus.
func (b *NATS) Unwatch(rooms ...chat.RoomID) {
	b.mu.Lock()
	for _, id := range rooms {
		b.count(id, -1)
	}
	b.mu.Unlock()
	b.tendSoon()
}

// count counts a room's watchers; b.mu is held. There may be fewer than none for a moment.
func (b *NATS) count(id chat.RoomID, by int) {
	if b.watched[id] += by; b.watched[id] == 0 {
		delete(b.watched, id)
	}
	b.dirty[id] = true
}

func (b *NATS) tendSoon() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// tend has the subscriptions be what is watched. It alone talks to the server about them, so that nobody else waits for it.
func (b *NATS) tend() {
	for {
		select {
		case <-b.wake:
		case <-b.done:
			return
		}
		b.mu.Lock()
		dirty, waiting := b.dirty, b.waiting
		b.dirty, b.waiting = map[chat.RoomID]bool{}, nil
		watched := make(map[chat.RoomID]bool, len(dirty))
		for id := range dirty {
			watched[id] = b.watched[id] > 0
		}
		b.mu.Unlock()
		for id, wanted := range watched {
			b.subscribe(id, wanted)
		}
		if len(waiting) > 0 && b.conn.IsConnected() {
			if err := b.conn.FlushTimeout(watchTimeout); err != nil {
				b.warn("NATS is slow to listen", err)
			}
		}
		for _, done := range waiting {
			close(done)
		}
	}
}

func (b *NATS) subscribe(id chat.RoomID, wanted bool) {
	sub := b.rooms[id]
	var err error
	switch {
	case wanted && sub == nil:
		if sub, err = b.conn.ChanSubscribe(b.room(id), b.in); err == nil {
			b.rooms[id] = sub
		}
	case !wanted && sub != nil:
		delete(b.rooms, id)
		err = sub.Unsubscribe()
	}
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		b.warn("listening to a room failed", err)
	}
}
