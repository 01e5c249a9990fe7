package bus

import (
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/maru-chat/maru/internal/chat"
)

// tell tells the other nodes what was published, until the bus is closed and everything is told.
func (b *NATS) tell() {
	for {
		select {
		case events := <-b.out:
			b.tellTogether(events)
		case <-b.done:
			for {
				select {
				case events := <-b.out:
					b.tellTogether(events)
					continue
				default:
				}
				return
			}
		}
	}
}

// tellTogether takes what waits, and tells what has one subject in one piece.
func (b *NATS) tellTogether(events []chat.Event) {
	if b.missed.Swap(false) {
		events = append([]chat.Event{chat.EventsMissed{}}, events...)
	}
	for n := len(events); n < together; {
		select {
		case more := <-b.out:
			events, n = append(events[:len(events):len(events)], more...), n+len(more)
			continue
		default:
		}
		break
	}
	if !b.conn.IsConnected() {
		b.lost.Add(1)
		return // whoever misses it is told to look when we are back
	}
	parts := map[string][]byte{}
	var order []string
	for _, event := range events {
		raw, err := json.Marshal(carry(event))
		if err != nil {
			b.log.Error("an event could not be encoded", "error", err.Error())
			continue
		}
		subject := b.subject(event)
		part, begun := parts[subject]
		switch {
		case !begun:
			order = append(order, subject)
			part = append(part, '[')
		case len(part)+len(raw) > maxPart:
			b.say(subject, append(part, ']'))
			part = append(part[:0:0], '[')
		default:
			part = append(part, ',')
		}
		parts[subject] = append(part, raw...)
	}
	for _, subject := range order {
		b.say(subject, append(parts[subject], ']'))
	}
}

func (b *NATS) say(subject string, payload []byte) {
	if err := b.conn.Publish(subject, b.seal.seal(subject, payload)); err != nil {
		b.missed.Store(true)
		b.lost.Add(1)
		b.warn("telling other nodes failed", err)
	}
}

// take hands what other nodes told to this node's subscribers.
func (b *NATS) take() {
	for {
		select {
		case m := <-b.in:
			payload, ours := b.unseal(m)
			if !ours {
				continue
			}
			events, err := decode(payload)
			if err != nil {
				b.warn("another node said what this one does not understand", err)
				events = []chat.Event{chat.EventsMissed{}}
			}
			if len(events) > 0 {
				b.deliver(events)
			}
		case <-b.done:
			return
		}
	}
}

func (b *NATS) unseal(m *nats.Msg) (payload []byte, ours bool) {
	payload, err := b.seal.open(m.Subject, m.Data)
	if err != nil {
		b.strangers.Add(1)
		b.stranger.Store(time.Now().UnixNano())
		b.warn("somebody else speaks on our subjects of NATS; it was ignored", err)
		return nil, false
	}
	return payload, true
}
