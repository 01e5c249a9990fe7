package live

import (
	"context"
	"encoding/json"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// Nodes tell each other who is connected to them: each change as it comes, with a number, and every beat the number of the last
// one. Who knows less asks for the whole list. All of it is best effort, and so is presence.
const (
	beatEvery   = 2 * time.Second
	silentFor   = 7 * time.Second // then a node is gone
	presentKind = "presence"
	// maxTold is how many changes go in one piece, each with its rooms, and maxListed how many names of a list.
	maxTold   = 64
	maxListed = 20_000
	// maxAnnounced is how many who changed while nothing was told are announced; the rooms of each have to be read.
	maxAnnounced = 500
)

// presenceWord is what nodes tell each other.
type presenceWord struct {
	Node  string `json:"node"`
	Count uint64 `json:"count"` // of its changes, this one included
	// One of these.
	Changes []presenceTold `json:"changes,omitempty"`
	Ask     bool           `json:"ask,omitempty"`  // for the list
	List    []chat.UserID  `json:"list,omitempty"` // a part of it
	Part    int            `json:"part,omitempty"` // from 1
	Parts   int            `json:"parts,omitempty"`
	Ends    bool           `json:"ends,omitempty"`
}

// presenceTold is somebody who came or went, and whom that concerns.
type presenceTold struct {
	User   chat.UserID   `json:"user"`
	Online bool          `json:"online"`
	Rooms  []chat.RoomID `json:"rooms"`
}

// meetOthers listens to the other nodes, and tells them that this one lives, until the context ends.
func (l *Live) meetOthers(ctx context.Context) {
	if l.link.Node() == "" {
		return
	}
	lists := map[string][]chat.UserID{} // that have not come whole
	cancel, err := l.link.Receive(presentKind, func(payload []byte) {
		var w presenceWord
		if err := json.Unmarshal(payload, &w); err != nil {
			l.logError(ctx, "another node's presence", err)
			return
		}
		l.hearPresence(ctx, w, lists)
	})
	if err != nil {
		l.logError(ctx, "listening to other nodes", err)
		return
	}
	defer cancel()
	l.tellPresence("", presenceWord{Ask: true})
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			l.tellPresence("", presenceWord{Ends: true})
			return
		case <-beat.C:
			_, count := l.presence.everybody()
			l.tellPresence("", presenceWord{Count: count})
			l.announceElsewhere(ctx, l.presence.gone(silentFor))
		}
	}
}

func (l *Live) tellPresence(node string, w presenceWord) {
	if w.Node = l.link.Node(); w.Node == "" {
		return
	}
	raw, err := json.Marshal(w)
	if err != nil {
		l.log.Error("encoding presence", "error", err.Error())
		return
	}
	_ = l.link.Send(node, presentKind, raw) // where it is lost the next beat tells that something was missed
}

// hearPresence takes what another node tells.
func (l *Live) hearPresence(ctx context.Context, w presenceWord, lists map[string][]chat.UserID) {
	known := true
	switch {
	case w.Ask:
		l.tellEverybody(w.Node)
		known = l.presence.knows(w.Node)
	case w.Ends:
		l.presence.ends(w.Node, silentFor)
		delete(lists, w.Node)
	case w.Parts > 0:
		if w.Part == 1 {
			lists[w.Node] = nil
		}
		lists[w.Node] = append(lists[w.Node], w.List...)
		if w.Part == w.Parts {
			changed := l.presence.replace(w.Node, w.Count, lists[w.Node])
			delete(lists, w.Node)
			l.announceElsewhere(ctx, changed)
		}
	case len(w.Changes) > 0:
		var came, went []chat.UserID
		for _, c := range w.Changes {
			if c.Online {
				came = append(came, c.User)
			} else {
				went = append(went, c.User)
			}
		}
		var changed map[chat.UserID]bool
		if changed, known = l.presence.apply(w.Node, w.Count, came, went); !known {
			break
		}
		for _, c := range w.Changes {
			if online, did := changed[c.User]; did && online == c.Online {
				l.announcePresent(c.User, online, c.Rooms)
			}
		}
	default:
		known = l.presence.heard(w.Node, w.Count)
	}
	if !known {
		l.tellPresence(w.Node, presenceWord{Ask: true})
	}
}

// tellEverybody tells a node who is here.
func (l *Live) tellEverybody(node string) {
	users, count := l.presence.everybody()
	parts := max(1, (len(users)+maxListed-1)/maxListed)
	for part := range parts {
		some := users[part*maxListed : min(len(users), (part+1)*maxListed)]
		l.tellPresence(node, presenceWord{Count: count, List: some, Part: part + 1, Parts: parts})
	}
}

// announcePresence tells this node's people, and the other nodes, who came and went here.
func (l *Live) announcePresence() {
	changes := l.presence.changes()
	told := make([]presenceTold, 0, len(changes))
	for _, change := range changes {
		rooms := change.rooms
		if change.online {
			rooms = l.roomsHere(change.user)
		}
		if !change.known {
			l.announcePresent(change.user, change.online, rooms)
		}
		told = append(told, presenceTold{change.user, change.online, rooms})
	}
	for len(told) > 0 {
		n := min(len(told), maxTold)
		l.tellPresence("", presenceWord{Count: l.presence.tell(), Changes: told[:n]})
		told = told[n:]
	}
}

// announceElsewhere tells this node's people who came to and went from other nodes, where those did not say from which rooms.
func (l *Live) announceElsewhere(ctx context.Context, changed map[chat.UserID]bool) {
	n := 0
	for user, online := range changed {
		if n++; n > maxAnnounced || len(l.usersHere()) == 0 {
			return
		}
		memberships, err := l.chat.PresentIn(ctx, user)
		if err != nil {
			l.logError(ctx, "finding whom somebody's presence concerns", err)
			return
		}
		rooms := make([]chat.RoomID, len(memberships))
		for i, m := range memberships {
			rooms[i] = m.RoomID
		}
		l.announcePresent(user, online, rooms)
	}
}

// announcePresent tells the people in some rooms, each once, that somebody came or went.
func (l *Live) announcePresent(user chat.UserID, online bool, rooms []chat.RoomID) {
	frame := encode("presence", wire.Presence{UserID: string(user), Online: online})
	told := map[*conn]bool{}
	for _, id := range rooms {
		s := l.stream(id)
		if s == nil {
			continue
		}
		for _, c := range s.conns() {
			if !told[c] && c.user.ID != user {
				told[c] = true
				c.sendVolatile(frame)
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
