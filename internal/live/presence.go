package live

import (
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// presenceGrace is how long somebody stays present after their last conn closed: a reload is no leaving.
const presenceGrace = 3 * time.Second

// Presence knows who is connected to this node.
type Presence struct {
	clock chat.Clock

	mu    sync.Mutex
	users map[chat.UserID]*presentUser
}

type presentUser struct {
	conns     int
	leftAt    time.Time // when the last conn closed, while conns is 0
	announced bool      // others were told that they are here
	rooms     []chat.RoomID
}

var _ chat.Presence = (*Presence)(nil)

// NewPresence knows of nobody yet.
func NewPresence(clock chat.Clock) *Presence {
	return &Presence{clock: clock, users: map[chat.UserID]*presentUser{}}
}

// Online reports whether the user is connected, or was until a moment ago.
func (p *Presence) Online(id chat.UserID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users[id] != nil
}

func (p *Presence) came(id chat.UserID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[id]
	if u == nil {
		u = &presentUser{}
		p.users[id] = u
	}
	u.conns++
}

// went notes that a conn closed, and the rooms whose members are to learn of it.
func (p *Presence) went(id chat.UserID, rooms []chat.RoomID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[id]
	if u == nil {
		return
	}
	u.conns--
	u.leftAt, u.rooms = p.clock.Now(), rooms
}

// presenceChange is somebody who came, or who went from these rooms.
type presenceChange struct {
	user   chat.UserID
	online bool
	rooms  []chat.RoomID
}

// changes returns what others have not been told yet. Who came and went in between is not mentioned.
func (p *Presence) changes() []presenceChange {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	var changes []presenceChange
	for id, u := range p.users {
		switch {
		case u.conns > 0 && !u.announced:
			u.announced = true
			changes = append(changes, presenceChange{user: id, online: true})
		case u.conns <= 0 && now.Sub(u.leftAt) >= presenceGrace:
			delete(p.users, id)
			if u.announced {
				changes = append(changes, presenceChange{user: id, rooms: u.rooms})
			}
		}
	}
	return changes
}
