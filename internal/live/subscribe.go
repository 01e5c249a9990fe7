package live

import (
	"context"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/socketio"
)

// connect makes a socket a conn: it is subscribed to its user's rooms first, then the rooms are read and sent as ready,
// then what happened in between follows. So there is no moment whose changes it would not get.
func (l *Live) connect(ctx context.Context, c *conn) error {
	l.enter(c)
	// A session that ended while this conn was not yet known has told nobody here.
	identity, err := l.auth.Session(ctx, c.session)
	if chat.CodeOf(err) == chat.Unauthorized {
		l.end(c, auth.Revoked)
		return nil
	}
	if err != nil {
		return err
	}
	for {
		memberships, err := l.chat.PresentIn(ctx, c.user.ID)
		if err != nil {
			return err
		}
		if err := l.subscribeAll(ctx, c, memberships); err != nil {
			return err
		}
		mine, users, err := l.chat.MyRooms(ctx, c.user.ID)
		if err != nil {
			return err
		}
		positions, complete := l.place(c, mine)
		if !complete {
			continue // a room was joined between the two reads
		}
		c.begin(encode("ready", wire.Ready{
			Epoch: l.chat.Epoch(), User: present.Self(identity.User),
			Rooms: present.MyRooms(mine, c.user.ID), Users: present.Users(users),
		}), positions)
		l.greet(c, mine)
		return nil
	}
}

// enter makes a conn known, before anything is read for it.
func (l *Live) enter(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := l.users[c.user.ID]
	if conns == nil {
		conns = map[*conn]bool{}
		l.users[c.user.ID] = conns
	}
	conns[c] = true
	of := l.sessions[c.session]
	if of == nil {
		of = map[*conn]bool{}
		l.sessions[c.session] = of
	}
	of[c] = true
	l.presence.came(c.user.ID)
}

// forget removes a conn that closed.
func (l *Live) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := l.users[c.user.ID]
	if !conns[c] {
		return
	}
	delete(conns, c)
	if len(conns) == 0 {
		delete(l.users, c.user.ID)
	}
	if of := l.sessions[c.session]; of[c] {
		delete(of, c)
		if len(of) == 0 {
			delete(l.sessions, c.session)
		}
	}
	rooms := make([]chat.RoomID, 0, len(c.subs))
	for id := range c.subs {
		rooms = append(rooms, id)
		l.drop(c, id)
	}
	l.presence.went(c.user.ID, rooms)
}

// subscribeAll subscribes a conn to its user's rooms; streams that nobody watched yet are opened at their rooms' heads.
func (l *Live) subscribeAll(ctx context.Context, c *conn, memberships []chat.Membership) error {
	var opening, others []*stream
	l.mu.Lock()
	for _, m := range memberships {
		if c.subs[m.RoomID] != nil {
			continue
		}
		s, known := l.streams[m.RoomID]
		if known {
			others = append(others, s)
		} else {
			s = newStream(m.RoomID, l.meter)
			l.streams[m.RoomID] = s
			opening = append(opening, s)
		}
		c.subs[m.RoomID] = s.add(c, m, unplaced)
	}
	l.mu.Unlock()
	// Others may wait for these streams, so they are opened whatever becomes of this conn.
	l.openAll(context.WithoutCancel(ctx), opening)
	for _, s := range others {
		select {
		case <-s.opened:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

func (l *Live) openAll(ctx context.Context, streams []*stream) {
	if len(streams) == 0 {
		return
	}
	ids := make([]chat.RoomID, len(streams))
	for i, s := range streams {
		ids[i] = s.id
	}
	l.bus.Watch(ids...) // before their heads are read: what is said from there on comes, or is found missing
	heads, err := l.chat.Heads(ctx, ids)
	if err != nil {
		l.logError(ctx, "opening streams", err)
	}
	for _, s := range streams {
		switch {
		case err != nil:
			for _, c := range s.fail() {
				c.socket.Close(socketio.ReasonForcedClose)
			}
		case s.open(heads[s.id]):
			l.catchUp(ctx, s)
		}
	}
}

// place tells the subscriptions of a conn that is about to open where they begin. A subscription whose room is not among
// the user's any more ends. It is not complete where the conn has no subscription to one of the
// rooms, or one that has ended.
func (l *Live) place(c *conn, rooms []chat.MyRoom) (positions map[chat.RoomID]int64, complete bool) {
	positions = make(map[chat.RoomID]int64, len(rooms))
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range rooms {
		sub := c.subs[m.Room.ID]
		if sub == nil {
			return nil, false
		}
		position, placed := sub.stream.place(sub, m.Room.Head)
		if !placed {
			return nil, false
		}
		positions[m.Room.ID] = position
	}
	for id, sub := range c.subs {
		if _, mine := positions[id]; !mine && !sub.stream.placed(sub) {
			l.drop(c, id)
		}
	}
	return positions, true
}

// What has to be read where somebody joined.
type standing int

const (
	readyStream  standing = iota // nothing: what comes next is announced to them
	behindStream                 // the stream went beyond their position
	freshStream                  // nobody here watched the room before
)

// join subscribes the conns of a user to a room that they are a member of now, after the position; those that stand for this
// membership already stay. It returns the stream, nil where nobody was subscribed, and what must be read for them.
func (l *Live) join(m chat.Membership, position int64, frame *socketio.Frame) (s *stream, reading standing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.users[m.UserID] {
		if sub := c.subs[m.RoomID]; sub != nil && sub.stream.stands(sub, m) {
			continue
		}
		l.drop(c, m.RoomID)
		if s = l.streams[m.RoomID]; s == nil {
			s = newStream(m.RoomID, l.meter)
			s.open(position)
			l.streams[m.RoomID] = s
			reading = freshStream
		}
		c.subs[m.RoomID] = s.add(c, m, position)
		c.sendAt(m.RoomID, position, position-1, frame)
		if s.rewind(position) && reading == readyStream {
			reading = behindStream
		}
	}
	return s, reading
}

// leave ends the subscriptions of a user who left a room with a number, but those of their coming back since.
func (l *Live) leave(room chat.RoomID, user chat.UserID, rev int64) {
	frame := removedFrame(room)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.users[user] {
		if sub := c.subs[room]; sub != nil && !sub.stream.outlasts(sub, rev) {
			l.drop(c, room)
			c.sendAt(room, rev, rev-1, frame)
		}
	}
}

// unsubscribe ends a subscription; false where it is not its conn's any more.
func (l *Live) unsubscribe(sub *subscription) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sub.conn.subs[sub.stream.id] != sub {
		return false
	}
	l.drop(sub.conn, sub.stream.id)
	return true
}

// drop is unsubscribe with l.mu held; a stream that nobody watches is forgotten.
func (l *Live) drop(c *conn, room chat.RoomID) {
	sub := c.subs[room]
	if sub == nil {
		return
	}
	delete(c.subs, room)
	if sub.stream.remove(sub) && l.streams[room] == sub.stream {
		delete(l.streams, room)
		l.bus.Unwatch(room)
	}
}

// stream returns a room's stream, or nil where nobody here watches it.
func (l *Live) stream(room chat.RoomID) *stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.streams[room]
}

// connsOf returns a user's conns.
func (l *Live) connsOf(user chat.UserID) []*conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := make([]*conn, 0, len(l.users[user]))
	for c := range l.users[user] {
		conns = append(conns, c)
	}
	return conns
}

// usersHere returns whose conns there are.
func (l *Live) usersHere() []chat.UserID {
	l.mu.Lock()
	defer l.mu.Unlock()
	users := make([]chat.UserID, 0, len(l.users))
	for id := range l.users {
		users = append(users, id)
	}
	return users
}

// lacks reports whether some conn of a member has no subscription for this membership.
func (l *Live) lacks(m chat.Membership) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.users[m.UserID] {
		if sub := c.subs[m.RoomID]; sub == nil || !sub.stream.stands(sub, m) {
			return true
		}
	}
	return false
}

// everyone returns all conns.
func (l *Live) everyone() []*conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	var conns []*conn
	for _, of := range l.users {
		for c := range of {
			conns = append(conns, c)
		}
	}
	return conns
}
