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
			s = newStream(m.RoomID)
			l.streams[m.RoomID] = s
			opening = append(opening, s)
		}
		c.subs[m.RoomID] = s.add(c, m.VisibleAfter, unplaced)
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
// the user's any more ends. It is not complete where the conn has no subscription to one of the rooms.
func (l *Live) place(c *conn, rooms []chat.MyRoom) (positions map[chat.RoomID]int64, complete bool) {
	positions = make(map[chat.RoomID]int64, len(rooms))
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range rooms {
		sub := c.subs[m.Room.ID]
		if sub == nil {
			return nil, false
		}
		positions[m.Room.ID] = sub.stream.place(sub, m.Room.Head)
	}
	for id, sub := range c.subs {
		if _, mine := positions[id]; !mine && !sub.stream.placed(sub) {
			l.drop(c, id)
		}
	}
	return positions, true
}

// join subscribes the conns of a user to a room that they are a member of now, after the position. It returns the stream
// where what they are to get has to be read.
func (l *Live) join(m chat.Membership, position int64, frame *socketio.Frame) (behind *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.users[m.UserID] {
		l.drop(c, m.RoomID)
		s, known := l.streams[m.RoomID]
		if !known {
			s = newStream(m.RoomID)
			s.open(position)
			l.streams[m.RoomID] = s
		}
		c.subs[m.RoomID] = s.add(c, m.VisibleAfter, position)
		c.sendAt(m.RoomID, position, position-1, frame)
		if s.rewind(position) {
			behind = s
		}
	}
	return behind
}

// leave ends the subscriptions of a user to a room.
func (l *Live) leave(room chat.RoomID, user chat.UserID, frame *socketio.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.users[user] {
		l.drop(c, room)
		c.send(frame)
	}
}

// unsubscribe ends a conn's subscription.
func (l *Live) unsubscribe(c *conn, room chat.RoomID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(c, room)
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
