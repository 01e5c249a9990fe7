package live

import (
	"context"
	"slices"
	"strings"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/socketio"
)

// handle takes events from the bus, one after the other, but for changes of messages that follow each other: of those,
// each room's are announced together, since a write to many connections costs as much for one message as for several.
func (l *Live) handle(ctx context.Context, events []chat.Event) {
	for len(events) > 0 {
		if changes := leadingChanges(events); len(changes) > 0 {
			l.messagesChanged(ctx, changes)
			events = events[len(changes):]
			continue
		}
		l.handleOne(ctx, events[0])
		events = events[1:]
	}
}

func leadingChanges(events []chat.Event) (changes []chat.MessageChanged) {
	for _, event := range events {
		change, ok := event.(chat.MessageChanged)
		if !ok {
			break
		}
		changes = append(changes, change)
	}
	return changes
}

func (l *Live) messagesChanged(ctx context.Context, changes []chat.MessageChanged) {
	// Order holds within a room, which is all that is promised.
	slices.SortStableFunc(changes, func(a, b chat.MessageChanged) int {
		return strings.Compare(string(a.Message.RoomID), string(b.Message.RoomID))
	})
	for len(changes) > 0 {
		room, n := changes[0].Message.RoomID, 1
		for n < len(changes) && changes[n].Message.RoomID == room {
			n++
		}
		if s := l.stream(room); s != nil {
			gap, ended := s.accept(changes[:n])
			l.leftBehind(ctx, ended)
			if gap {
				l.lookAfter(ctx, s)
			}
		}
		changes = changes[n:]
	}
}

func (l *Live) handleOne(ctx context.Context, event chat.Event) {
	switch e := event.(type) {
	case chat.MemberJoined:
		if e.Elsewhere {
			l.renew(ctx, e.Room.ID, e.Membership.UserID)
		} else {
			l.joined(ctx, chat.RoomSeen{Room: e.Room, Membership: &e.Membership, PeerLeft: e.PeerLeft})
		}
		l.introduce(e.Room.ID, e.Membership.UserID)
	case chat.MemberLeft:
		l.leave(e.RoomID, e.UserID, e.Rev)
	case chat.RoomUpdated:
		l.roomUpdated(e)
	case chat.RoomDeleted:
		l.dropRoom(e.Room.ID)
		if e.Room.Kind == chat.Public {
			l.lobby.remove(e.Room.ID)
		}
	case chat.ReadMoved:
		if s := l.stream(e.RoomID); s != nil {
			s.broadcast(encode("room:read", wire.ReadMark{RoomID: string(e.RoomID), UserID: string(e.UserID), Seq: e.Seq}), "", false)
		}
	case chat.Typed:
		if s := l.stream(e.RoomID); s != nil {
			s.broadcast(encode("room:typing", wire.Typing{RoomID: string(e.RoomID), UserID: string(e.UserID)}), e.UserID, true)
		}
	case chat.UserChanged:
		l.userChanged(ctx, e.User)
	case chat.SessionEnded:
		l.endSession(e)
	case chat.EventsMissed:
		l.lookSoon()
	}
}

// joined tells a user's conns of a room that they are a member of now, and subscribes them.
func (l *Live) joined(ctx context.Context, seen chat.RoomSeen) {
	m := *seen.Membership
	membership := present.Membership(m)
	s, behind := l.join(m, seen.Room.Head, encode("room:updated", wire.RoomUpdated{
		Room: present.Room(seen.Room, m.UserID, seen.PeerLeft), Membership: &membership,
	}))
	switch {
	case s == nil:
	case behind == freshStream:
		// What is said until other nodes know that this one listens has to be read.
		go func() {
			l.bus.Watch(s.id)
			l.catchUp(ctx, s)
		}()
	case behind == behindStream:
		l.catchUp(ctx, s)
	}
}

// renew has the subscriptions of a user's conns to a room be what the database says of their membership: what is told of it by
// other nodes comes in any order, or not at all.
func (l *Live) renew(ctx context.Context, room chat.RoomID, user chat.UserID) {
	if len(l.connsOf(user)) == 0 {
		return
	}
	seen, err := l.chat.Room(ctx, user, room)
	switch code := chat.CodeOf(err); {
	case code == chat.NotFound, code == chat.Unauthorized, err == nil && seen.Membership == nil:
		l.leave(room, user, noPosition)
	case err != nil:
		l.logError(ctx, "reading a membership", err) // the next look at them tries again
	default:
		l.joined(ctx, seen)
	}
}

// leftBehind removes subscriptions that have ended in their streams. Where the user came back since, which they may do before
// this node hears of it, they are subscribed anew.
func (l *Live) leftBehind(ctx context.Context, ended []*subscription) {
	for _, sub := range ended {
		if l.unsubscribe(sub) {
			sub.conn.sendAt(sub.stream.id, sub.ended, sub.ended-1, removedFrame(sub.stream.id))
			go l.renew(ctx, sub.stream.id, sub.conn.user.ID)
		}
	}
}

func removedFrame(room chat.RoomID) *socketio.Frame {
	return encode("room:removed", wire.RoomRemoved{RoomID: string(room), Reason: "left"})
}

func (l *Live) roomUpdated(e chat.RoomUpdated) {
	if s := l.stream(e.Room.ID); s != nil {
		if e.Room.Kind == chat.Direct {
			// Each of the two has another peer.
			for _, user := range e.Room.Pair {
				frame := encode("room:updated", wire.RoomUpdated{Room: present.Room(e.Room, user, e.Left[e.Room.Peer(user)])})
				s.broadcast(frame, e.Room.Peer(user), false)
			}
		} else {
			s.broadcast(encode("room:updated", wire.RoomUpdated{Room: present.Room(e.Room, "", false)}), "", false)
		}
	}
	if e.Room.Kind == chat.Public {
		l.lobby.update(e)
	}
}

// dropRoom tells those who watch a room that it is gone, and ends their subscriptions.
func (l *Live) dropRoom(id chat.RoomID) {
	s := l.stream(id)
	if s == nil {
		return
	}
	frame := encode("room:removed", wire.RoomRemoved{RoomID: string(id), Reason: "deleted"})
	for _, sub := range s.subscriptions() {
		l.unsubscribe(sub)
		sub.conn.send(frame)
	}
}

// userChanged tells those who share a room with a user; a deleted one's own conns end.
func (l *Live) userChanged(ctx context.Context, user chat.User) {
	frame := encode("user:updated", wire.UserUpdated{User: present.User(user)})
	own := l.connsOf(user.ID)
	told := map[*conn]bool{}
	for _, c := range own {
		told[c] = true
		c.send(frame)
	}
	memberships, err := l.chat.PresentIn(ctx, user.ID)
	if err != nil {
		l.logError(ctx, "finding who knows a user", err)
	}
	for _, m := range memberships {
		if s := l.stream(m.RoomID); s != nil {
			for _, c := range s.conns() {
				if !told[c] {
					told[c] = true
					c.send(frame)
				}
			}
		}
	}
	if user.Deleted {
		for _, c := range own {
			l.end(c, auth.AccountDeleted)
		}
	}
}

func (l *Live) endSession(e chat.SessionEnded) {
	var ended []*conn
	l.mu.Lock()
	for c := range l.sessions[auth.SessionID(e.SessionID)] {
		ended = append(ended, c)
	}
	l.mu.Unlock()
	for _, c := range ended {
		l.end(c, e.Reason)
	}
}

// end tells a conn why its session is over and closes it. Nothing is sent to it after that, even before the socket has
// gone.
func (l *Live) end(c *conn, reason string) {
	l.forget(c)
	c.send(encode("session:ended", wire.SessionEnded{Reason: reason}))
	c.end()
}
