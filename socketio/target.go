package socketio

import (
	"context"
	"iter"
	"slices"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// A Target is a choice of a namespace's sockets: those in any of some rooms, or
// everyone, with exceptions. It is a value: every method returns another one, or
// acts on whoever is chosen at that moment.
//
//	server.Of("/").To("room 1").Except("muted").Emit("news", text)
type Target struct {
	namespace *Namespace
	everyone  bool
	rooms     []string // sorted, each once
	except    []string
	but       []*Socket
}

// Everyone chooses all sockets of the namespace.
func (n *Namespace) Everyone() Target { return Target{namespace: n, everyone: true} }

// To chooses the sockets in any of the rooms. Without rooms that is nobody, so
// that an empty list tells nothing to strangers.
func (n *Namespace) To(rooms ...string) Target { return Target{namespace: n}.To(rooms...) }

// Except chooses everyone who is in none of the rooms.
func (n *Namespace) Except(rooms ...string) Target { return n.Everyone().Except(rooms...) }

// To chooses the sockets in any of the rooms but the socket itself.
func (s *Socket) To(rooms ...string) Target { return s.namespace.To(rooms...).But(s) }

// Others chooses everyone else in the namespace.
func (s *Socket) Others() Target { return s.namespace.Everyone().But(s) }

// To adds rooms to the choice.
func (t Target) To(rooms ...string) Target {
	t.rooms = slices.Concat(t.rooms, rooms)
	slices.Sort(t.rooms)
	t.rooms = slices.Compact(t.rooms)
	return t
}

// Except takes those in any of the rooms out of the choice.
func (t Target) Except(rooms ...string) Target {
	t.except = slices.Concat(t.except, rooms)
	return t
}

// But takes sockets out of the choice.
func (t Target) But(sockets ...*Socket) Target {
	t.but = slices.Concat(t.but, sockets)
	return t
}

// Broadcast sends a frame and returns how many sockets took it. It never waits:
// a connection whose queue is full is closed. A frame of another namespace is
// taken by nobody.
func (t Target) Broadcast(f *Frame) int {
	if f.namespace != t.namespace.name {
		return 0
	}
	sent, _ := t.broadcast(f, false)
	return sent
}

// broadcast returns how many took the frame, and from how many it was withheld.
func (t Target) broadcast(f *Frame, volatile bool) (sent int, dropped uint64) {
	var b engineio.Broadcast
	t.each(func(m *member) {
		switch taken, err := b.Send(m.session, f.frame, volatile); {
		case taken:
			sent++
		case err == nil:
			dropped++
		}
	})
	b.Flush()
	return sent, dropped
}

// BroadcastVolatile is Broadcast for what is worthless when late: it is dropped
// where more than VolatileQueue bytes wait already. It returns how many sockets
// took it.
func (t Target) BroadcastVolatile(f *Frame) int {
	if f.namespace != t.namespace.name {
		return 0
	}
	sent, dropped := t.broadcast(f, true)
	t.namespace.server.count.dropped.Add(dropped)
	return sent
}

// Emit encodes an event once and broadcasts it.
func (t Target) Emit(event string, args ...any) (sent int, err error) {
	f, err := EncodeEvent(t.namespace.name, event, args...)
	if err != nil {
		return 0, err
	}
	return t.Broadcast(f), nil
}

// A Reply is one socket's acknowledgement of a broadcast, or why there is none:
// [ErrNotConnected], [ErrPendingAcks], [ErrAckTimeout] or the context's error.
type Reply struct {
	Socket *Socket
	Args   Args
	Err    error
}

// EmitWithAck broadcasts an event and waits for the acknowledgements of all:
// until ctx ends, and no longer than AckTimeout where ctx has no deadline. It
// returns a reply for each socket, in no order, and fails only where the event
// cannot be encoded.
func (t Target) EmitWithAck(ctx context.Context, event string, args ...any) ([]Reply, error) {
	ctx, cancel := t.namespace.server.patience(ctx)
	defer cancel()
	id := t.namespace.asked.Add(1)
	frame, err := encodeEvent(t.namespace.name, event, &id, args)
	if err != nil {
		return nil, err
	}
	sockets := t.sockets()
	replies := make([]Reply, len(sockets))
	answers := make([]<-chan Args, len(sockets))
	for i, s := range sockets {
		replies[i].Socket = s
		answers[i], replies[i].Err = s.ask(id, frame)
	}
	for i, s := range sockets {
		if replies[i].Err == nil {
			replies[i].Args, replies[i].Err = s.await(ctx, id, answers[i])
		}
	}
	return replies, nil
}

// Count is the number of sockets chosen.
func (t Target) Count() int {
	count := 0
	t.each(func(*member) { count++ })
	return count
}

// Sockets are those chosen when the iteration begins, in no order.
func (t Target) Sockets() iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for _, s := range t.sockets() {
			if s.Connected() && !yield(s) {
				return
			}
		}
	}
}

// Join adds everyone chosen to rooms.
func (t Target) Join(rooms ...string) {
	for _, s := range t.sockets() {
		_ = s.Join(rooms...) // one that ended meanwhile is in no rooms
	}
}

// Leave takes everyone chosen out of rooms.
func (t Target) Leave(rooms ...string) {
	for _, s := range t.sockets() {
		s.Leave(rooms...)
	}
}

// Disconnect ends the sockets chosen, as [Socket.Disconnect] does.
func (t Target) Disconnect() {
	for _, s := range t.sockets() {
		s.Disconnect()
	}
}

// Close closes the connections of the sockets chosen, as [Socket.Close] does.
func (t Target) Close(reason Reason) {
	for _, s := range t.sockets() {
		s.Close(reason)
	}
}

func (t Target) sockets() []*Socket {
	var list []*Socket
	t.each(func(m *member) { list = append(list, m.socket) })
	return list
}

// each calls visit for everyone chosen, once. The rooms are locked meanwhile:
// visit must not join or leave.
func (t Target) each(visit func(*member)) {
	out := t.exceptions()
	rooms := t.lock()
	defer func() {
		for _, r := range rooms {
			r.mu.RUnlock()
		}
	}()
	var seen map[*engineio.Session]bool
	if len(rooms) > 1 {
		seen = make(map[*engineio.Session]bool)
	}
	for _, r := range rooms {
		for i := range r.members {
			m := &r.members[i]
			if out[m.session] {
				continue
			}
			if seen != nil {
				if seen[m.session] {
					continue
				}
				seen[m.session] = true
			}
			visit(m)
		}
	}
}

// lock takes the locks of the rooms chosen. All who take several take them in
// the order of their names, and look for them before: whoever drops a room holds
// the lock of the namespace.
func (t Target) lock() []*room {
	var rooms []*room
	if t.everyone {
		rooms = append(rooms, &t.namespace.all)
	} else {
		rooms = t.namespace.find(t.rooms)
	}
	for _, r := range rooms {
		r.mu.RLock()
	}
	return rooms
}

// exceptions are the sessions of those who are not chosen. A session has at
// most one socket in a namespace.
func (t Target) exceptions() map[*engineio.Session]bool {
	if len(t.except) == 0 && len(t.but) == 0 {
		return nil
	}
	out := make(map[*engineio.Session]bool, len(t.but))
	for _, s := range t.but {
		out[s.conn.session] = true
	}
	for _, r := range t.namespace.find(t.except) {
		r.mu.RLock()
		for i := range r.members {
			out[r.members[i].session] = true
		}
		r.mu.RUnlock()
	}
	return out
}

// Broadcast is [Target.Broadcast] for the whole namespace.
func (n *Namespace) Broadcast(f *Frame) int { return n.Everyone().Broadcast(f) }

// Emit is [Target.Emit] for the whole namespace.
func (n *Namespace) Emit(event string, args ...any) (sent int, err error) {
	return n.Everyone().Emit(event, args...)
}

// Count is the number of sockets connected to the namespace.
func (n *Namespace) Count() int {
	n.all.mu.RLock()
	defer n.all.mu.RUnlock()
	return len(n.all.members)
}

// Sockets are those connected when the iteration begins, in no order.
func (n *Namespace) Sockets() iter.Seq[*Socket] { return n.Everyone().Sockets() }

// RoomCount is the number of rooms that somebody is in.
func (n *Namespace) RoomCount() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.rooms)
}
