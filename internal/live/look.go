package live

import (
	"context"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

// How often the node looks at the database for what nobody announced, or what got lost on its way.
const (
	lookEvery      = 5 * time.Second // half of what is promised
	lookEveryAlone = time.Second     // while no events pass between the nodes
)

// holdFor is how long a change may be late because other nodes' changes passed it on their way. After it the database is asked.
const holdFor = 25 * time.Millisecond

// joinedWithin is how far back joinings are looked for: much longer than between two looks, since the nodes' clocks differ.
const joinedWithin = 2 * time.Minute

// keepLooking looks until the context ends.
func (l *Live) keepLooking(ctx context.Context) {
	l.readLobby(ctx)
	looked := time.Now()
	ticker := time.NewTicker(lookEveryAlone)
	defer ticker.Stop()
	for {
		missed := false
		select {
		case <-ctx.Done():
			return
		case <-l.look:
			missed = true
		case <-ticker.C:
			if time.Since(looked) < lookEvery-lookEveryAlone/2 && l.bus.Ready() == nil {
				continue
			}
		}
		looked = time.Now()
		l.lookAround(ctx)
		if missed && l.renaming.CompareAndSwap(false, true) {
			go func() { // many rooms take longer than the next look may wait
				defer l.renaming.Store(false)
				l.lookAtRooms(ctx)
			}()
		}
	}
}

func (l *Live) lookAround(ctx context.Context) {
	l.lookAtHeads(ctx)
	l.lookAtMembers(ctx)
	l.lookAtSessions(ctx)
}

// lookSoon has the node look at once: it may have missed something.
func (l *Live) lookSoon() {
	select {
	case l.look <- struct{}{}:
	default: // somebody has asked already
	}
}

// lookAtHeads finds changes that no event told of: their announcer died, or the bus lost them.
func (l *Live) lookAtHeads(ctx context.Context) {
	l.mu.Lock()
	streams := make(map[chat.RoomID]*stream, len(l.streams))
	ids := make([]chat.RoomID, 0, len(l.streams))
	for id, s := range l.streams {
		streams[id] = s
		ids = append(ids, id)
	}
	l.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	heads, err := l.chat.Heads(ctx, ids)
	if err != nil {
		l.logError(ctx, "looking at the heads", err)
		return
	}
	behind := func(id chat.RoomID) bool {
		cursor, ready := streams[id].position()
		return ready && heads[id] > cursor
	}
	var late []chat.RoomID
	for _, id := range ids {
		if _, exists := heads[id]; !exists {
			l.dropRoom(id)
		} else if behind(id) {
			late = append(late, id)
		}
	}
	if len(late) == 0 {
		return
	}
	// What was committed a moment ago is on its way.
	select {
	case <-time.After(2 * holdFor):
	case <-ctx.Done():
	}
	for _, id := range late {
		if behind(id) {
			l.catchUp(ctx, streams[id])
		}
	}
}

// lookAfter looks after a gap in a stream: what is missing is on its way, or has to be read.
func (l *Live) lookAfter(ctx context.Context, s *stream) {
	time.AfterFunc(holdFor, func() {
		if ctx.Err() != nil {
			return
		}
		switch late, again := s.lookAtGap(); {
		case late:
			l.catchUp(ctx, s)
		case again:
			l.lookAfter(ctx, s)
		}
	})
}

// catchUp reads from the database what a stream did not get, and announces it.
func (l *Live) catchUp(ctx context.Context, s *stream) {
	const page = 500
	for changes := 0; ; {
		cursor, _ := s.position()
		watching := s.watching()
		missed, err := l.chat.Missed(ctx, s.id, cursor, page, watching)
		if chat.CodeOf(err) == chat.NotFound {
			l.dropRoom(s.id)
			return
		}
		if err != nil {
			// The next look at the heads tries again.
			l.logError(ctx, "reading what was missed", err)
			l.meter.Repaired(changes, err)
			return
		}
		changes += len(missed.Changes)
		last := len(missed.Changes) < page
		ended, ok := s.catchUp(missed, cursor, watching)
		l.leftBehind(ctx, ended)
		if ok && last {
			l.meter.Repaired(changes, nil)
			return
		}
	}
}

// lookAtMembers finds rooms that people who are here have joined without this node being told. Who left is found in the room's
// own stream.
func (l *Live) lookAtMembers(ctx context.Context) {
	users := l.usersHere()
	if len(users) == 0 {
		return
	}
	joins, err := l.chat.RecentJoins(ctx, users, l.clock.Now().Add(-joinedWithin))
	if err != nil {
		l.logError(ctx, "looking at who joined", err)
		return
	}
	for _, m := range joins {
		if l.lacks(m) {
			l.renew(ctx, m.RoomID, m.UserID)
		}
	}
}

// lookAtSessions ends conns whose session ended without this node being told.
func (l *Live) lookAtSessions(ctx context.Context) {
	l.mu.Lock()
	ids := make([]auth.SessionID, 0, len(l.sessions))
	for id := range l.sessions {
		ids = append(ids, id)
	}
	l.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	live, err := l.auth.LiveSessions(ctx, ids)
	if err != nil {
		l.logError(ctx, "looking at the sessions", err)
		return
	}
	ended := make(map[auth.SessionID]bool, len(ids))
	for _, id := range ids {
		ended[id] = true
	}
	for _, id := range live {
		delete(ended, id)
	}
	for id := range ended {
		l.endSession(chat.SessionEnded{SessionID: string(id), Reason: auth.Revoked})
	}
}

// lookAtRooms tells everybody what their rooms, and the lobby's, are called now: some of them may have been renamed, or
// removed, without this node being told.
func (l *Live) lookAtRooms(ctx context.Context) {
	l.mu.Lock()
	ids := make([]chat.RoomID, 0, len(l.streams))
	for id := range l.streams {
		ids = append(ids, id)
	}
	l.mu.Unlock()
	for _, id := range ids {
		room, err := l.chat.RoomNow(ctx, id)
		if err == nil {
			l.roomUpdated(room)
		} else if chat.CodeOf(err) != chat.NotFound { // that is lookAtHeads's
			l.logError(ctx, "looking at the rooms", err)
			return
		}
	}
	lobby, err := l.chat.Lobby(ctx)
	if err != nil {
		l.logError(ctx, "looking at the lobby", err)
		return
	}
	l.lobby.replace(lobby)
}
