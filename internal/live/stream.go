package live

import (
	"slices"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/socketio"
)

// stream is one room on this node.
type stream struct {
	id    chat.RoomID
	meter Meter

	// opened is closed once cursor is known; until then changes are only noted to have come.
	opened chan struct{}

	mu     sync.Mutex
	cursor int64 // rev of the last change announced, the head when the stream was opened
	ready  bool  // cursor is known
	missed bool  // a change came before it was
	early  early // changes that came before the one that is due
	subs   []*subscription
}

// subscription is a conn in a stream.
type subscription struct {
	conn         *conn
	stream       *stream
	index        int   // in stream.subs
	joinedAt     int64 // which of their user's memberships it stands for, in milliseconds since 1970
	visibleAfter int64 // messages up to here are hidden from the conn's user
	from         int64 // the position: changes up to here are not sent; unplaced before ready
	sent         int64 // rev of the last change sent
	ended        int64 // where from is noPosition: the rev with which, or by which, their user was no member any more
}

func newStream(id chat.RoomID, meter Meter) *stream {
	return &stream{id: id, meter: meter, opened: make(chan struct{})}
}

// open makes the cursor known and reports whether changes came meanwhile, which must be read. Who joined meanwhile may
// begin before it.
func (s *stream) open(cursor int64) (behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		return false
	}
	for _, sub := range s.subs {
		if sub.from != unplaced && sub.from < cursor {
			cursor, s.missed = sub.from, true
		}
	}
	s.cursor, s.ready = cursor, true
	close(s.opened)
	return s.missed
}

// rewind moves the cursor back to the position of who joined just now, where the stream was already beyond it: what was
// read from the database may have overtaken the news of their joining. It reports whether the changes since must be read;
// everybody else is not sent them again.
func (s *stream) rewind(position int64) (behind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready || s.cursor <= position {
		return false
	}
	s.cursor = position
	return true
}

// fail gives up opening: those who wait go on, and those subscribed are returned, to come back.
func (s *stream) fail() []*conn {
	s.mu.Lock()
	if !s.ready {
		s.cursor, s.ready = noPosition, true
		close(s.opened)
	}
	s.mu.Unlock()
	return s.conns()
}

// add subscribes a conn; changes after from are sent.
func (s *stream) add(c *conn, m chat.Membership, from int64) *subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := &subscription{
		conn: c, stream: s, index: len(s.subs), joinedAt: m.JoinedAt.UnixMilli(), visibleAfter: m.VisibleAfter, from: from,
	}
	s.subs = append(s.subs, sub)
	return sub
}

// unplaced is the position of a subscription whose conn has not been told one yet: it gets everything, held for ready.
const unplaced = int64(-1)

// place gives a subscription its position and returns it; one that joining gave stays where it is further on. It is not
// placed where it has ended.
func (s *stream) place(sub *subscription, head int64) (position int64, placed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub.from == noPosition {
		return 0, false
	}
	sub.from = max(sub.from, head)
	return head, true
}

// placed reports whether a subscription has a position.
func (s *stream) placed(sub *subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sub.from != unplaced
}

// outlasts reports whether a subscription goes on after its user left with a number: they came back since.
func (s *stream) outlasts(sub *subscription, rev int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sub.from >= rev && sub.from != noPosition
}

// stands reports whether a subscription stands for a membership.
func (s *stream) stands(sub *subscription, m chat.Membership) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sub.joinedAt == m.JoinedAt.UnixMilli() && sub.from != noPosition
}

// remove ends a subscription; nothing of the room is sent to it from here on.
func (s *stream) remove(sub *subscription) (empty bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub.index >= 0 {
		last := s.subs[len(s.subs)-1]
		last.index = sub.index
		s.subs[sub.index] = last
		s.subs[len(s.subs)-1] = nil
		s.subs = s.subs[:len(s.subs)-1]
		sub.index = -1
	}
	return len(s.subs) == 0
}

// accept takes changes from the bus. They are sent as far as each is the very next one; what lies further on is kept, since
// nodes' changes may pass each other on their way. gap asks for one look, after a while, whether what is due has come.
// Subscriptions that end with one of the changes are returned.
func (s *stream) accept(changes []chat.MessageChanged) (gap bool, ended []*subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready {
		s.missed = true
		return false, nil
	}
	next := changes[:0:0]
	cursor := s.cursor
	for _, change := range changes {
		switch rev := change.Message.Rev; {
		case rev > cursor+1:
			s.early.keep(change)
		case rev == cursor+1:
			next = append(next, change)
			next, cursor = s.early.follow(next, rev)
		}
	}
	ended = s.announce(next)
	return s.early.gap(s.cursor), ended
}

// lookAtGap is what accept asked for: late tells that what is due has to be read, again that another look is needed.
func (s *stream) lookAtGap() (late, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.early.look(s.cursor)
}

// catchUp sends what was read from the database after since. Of those asked about, who is no member any more gets nothing;
// they are returned with those whose subscriptions end with one of the changes. It is not ok where the stream was moved back
// meanwhile: then it must be read again.
func (s *stream) catchUp(m chat.Missed, since int64, asked []chat.UserID) (ended []*subscription, ok bool) {
	gone := map[chat.UserID]bool{}
	for _, user := range asked {
		if _, member := m.Members[user]; !member {
			gone[user] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cursor < since {
		return nil, false
	}
	for _, sub := range s.subs {
		// Who joined after the snapshot begins beyond it, and gets nothing of it anyway.
		if gone[sub.conn.user.ID] && sub.from < m.Head {
			sub.from, sub.ended = noPosition, m.Head
			ended = append(ended, sub)
		}
	}
	changes := slices.DeleteFunc(m.Changes, func(c chat.MessageChanged) bool { return c.Message.Rev <= s.cursor })
	ended = append(ended, s.announce(changes)...)
	s.cursor = max(s.cursor, m.Head)
	s.missed = false
	// What came early may be the very next now.
	next, _ := s.early.follow(nil, s.cursor)
	return append(ended, s.announce(next)...), true
}

// noPosition is beyond every rev: nothing is sent.
const noPosition = int64(1<<63 - 1)

// announce sends changes, ascending by rev and beyond the cursor, to every subscription, and moves the cursor; s.mu is
// held. Each is encoded once for all, and once more, hidden, where somebody may not see it. Who left with one of them gets
// none of them, whether the news of that has come or not: their subscriptions are returned.
func (s *stream) announce(changes []chat.MessageChanged) (ended []*subscription) {
	if len(changes) == 0 {
		return nil
	}
	for _, change := range changes {
		if e := change.Message.Event; e != nil && e.Type == chat.EventLeft {
			ended = append(ended, s.left(e.UserID, change.Message.Rev)...)
		}
	}
	e := newEncoding(changes, s.cursor)
	s.cursor = changes[len(changes)-1].Message.Rev
	deliveries := 0
	for _, sub := range s.subs {
		// A stream that was moved back for one of them brings the others what they have.
		first, _ := slices.BinarySearch(e.revs, sub.sent+1)
		if first == len(e.revs) {
			continue
		}
		sub.sent = s.cursor
		deliveries += sub.conn.sendChanges(s.id, e.revs[first:], sub.from, e.frames(sub.visibleAfter)[first:])
	}
	s.meter.Announced(deliveries)
	for i := range changes {
		if m := &changes[i].Message; m.Rev == m.Seq { // the time of a later change is not known
			s.meter.Delivered(time.Since(m.SentAt))
		}
	}
	return ended
}

// left ends the subscriptions of a user who left with a number, but those of their coming back since; s.mu is held.
func (s *stream) left(user chat.UserID, rev int64) (ended []*subscription) {
	for _, sub := range s.subs {
		if sub.conn.user.ID == user && sub.from < rev {
			sub.from, sub.ended = noPosition, rev
			ended = append(ended, sub)
		}
	}
	return ended
}

// broadcast sends a frame that is not numbered to every subscription but those of one user ("" for nobody).
func (s *stream) broadcast(frame *socketio.Frame, but chat.UserID, volatile bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subs {
		if sub.conn.user.ID == but || sub.from == noPosition {
			continue
		}
		if volatile {
			sub.conn.sendVolatile(frame)
		} else {
			sub.conn.send(frame)
		}
	}
}

// watching returns the users whose conns are subscribed, each once.
func (s *stream) watching() []chat.UserID {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[chat.UserID]bool, len(s.subs))
	users := make([]chat.UserID, 0, len(s.subs))
	for _, sub := range s.subs {
		if id := sub.conn.user.ID; !seen[id] {
			seen[id] = true
			users = append(users, id)
		}
	}
	return users
}

// conns returns the conns subscribed.
func (s *stream) conns() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*conn, len(s.subs))
	for i, sub := range s.subs {
		conns[i] = sub.conn
	}
	return conns
}

// subscriptions returns all of them.
func (s *stream) subscriptions() []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.subs)
}

// position returns the cursor, and whether it is known yet.
func (s *stream) position() (cursor int64, ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, s.ready
}
