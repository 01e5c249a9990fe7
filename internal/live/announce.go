package live

import (
	"context"
	"slices"
	"strings"
	"sync"

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
		if s := l.stream(room); s != nil && s.accept(changes[:n]) {
			l.catchUp(ctx, s)
		}
		changes = changes[n:]
	}
}

func (l *Live) handleOne(ctx context.Context, event chat.Event) {
	switch e := event.(type) {
	case chat.MemberJoined:
		membership := present.Membership(e.Membership)
		behind := l.join(e.Membership, e.Room.Head, encode("room:updated", wire.RoomUpdated{
			Room: present.Room(e.Room, e.Membership.UserID, e.PeerLeft), Membership: &membership,
		}))
		if behind != nil {
			l.catchUp(ctx, behind)
		}
		l.introduce(e.Room.ID, e.Membership.UserID)
	case chat.MemberLeft:
		l.leave(e.RoomID, e.UserID, encode("room:removed", wire.RoomRemoved{RoomID: string(e.RoomID), Reason: "left"}))
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
	}
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
	for _, c := range s.conns() {
		l.unsubscribe(c, id)
		c.send(frame)
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

// lobby gathers what changed in the public list, to be told once a second at most.
type lobby struct {
	mu      sync.Mutex
	changed map[chat.RoomID]wire.LobbyEvent
}

func (b *lobby) update(e chat.RoomUpdated) {
	room := present.LobbyRoom(e.Room)
	category := present.Category(e.Category)
	b.set(e.Room.ID, wire.LobbyEvent{Room: &room, Category: &category})
}

func (b *lobby) remove(id chat.RoomID) { b.set(id, wire.LobbyEvent{RemovedRoomID: string(id)}) }

func (b *lobby) set(id chat.RoomID, event wire.LobbyEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = map[chat.RoomID]wire.LobbyEvent{}
	}
	b.changed[id] = event
}

func (b *lobby) take() map[chat.RoomID]wire.LobbyEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := b.changed
	b.changed = nil
	return changed
}

func (l *Live) announceLobby() {
	changed := l.lobby.take()
	if len(changed) == 0 {
		return
	}
	frames := make([]*socketio.Frame, 0, len(changed))
	for _, event := range changed {
		frames = append(frames, encode("lobby", event))
	}
	for _, c := range l.everyone() {
		for _, frame := range frames {
			c.send(frame)
		}
	}
}

func (l *Live) announcePresence() {
	for _, change := range l.presence.changes() {
		rooms := change.rooms
		if change.online {
			rooms = l.roomsHere(change.user)
		}
		frame := encode("presence", wire.Presence{UserID: string(change.user), Online: change.online})
		told := map[*conn]bool{}
		for _, id := range rooms {
			s := l.stream(id)
			if s == nil {
				continue
			}
			for _, c := range s.conns() {
				if !told[c] && c.user.ID != change.user {
					told[c] = true
					c.sendVolatile(frame)
				}
			}
		}
	}
}

// introduce tells a room's members that who has just joined is here: they came before they shared the room.
func (l *Live) introduce(room chat.RoomID, user chat.UserID) {
	if s := l.stream(room); s != nil && l.presence.Online(user) {
		s.broadcast(encode("presence", wire.Presence{UserID: string(user), Online: true}), user, true)
	}
}

// roomsHere returns the rooms that a user's conns are subscribed to.
func (l *Live) roomsHere(user chat.UserID) []chat.RoomID {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.users[user] {
		rooms := make([]chat.RoomID, 0, len(c.subs))
		for id := range c.subs {
			rooms = append(rooms, id)
		}
		return rooms
	}
	return nil
}

// greet tells a conn that has just opened which of its direct peers are here; who else is, the list of members tells.
func (l *Live) greet(c *conn, rooms []chat.MyRoom) {
	for _, m := range rooms {
		if m.Room.Kind != chat.Direct {
			continue
		}
		if peer := m.Room.Peer(c.user.ID); l.presence.Online(peer) {
			c.send(encode("presence", wire.Presence{UserID: string(peer), Online: true}))
		}
	}
}
