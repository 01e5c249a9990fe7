package live

import (
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// presenceGrace is how long somebody stays present after their last conn closed: a reload is no leaving.
const presenceGrace = 3 * time.Second

// Presence knows who is connected, to this node or to another one.
type Presence struct {
	clock chat.Clock

	mu     sync.Mutex
	users  map[chat.UserID]*presentUser // here
	others map[string]*otherNode        // by name
	away   map[chat.UserID]int          // on how many other nodes somebody is
	count  uint64                       // of the changes here that other nodes were told of
}

type presentUser struct {
	conns     int
	leftAt    time.Time // when the last conn closed, while conns is 0
	announced bool      // others were told that they are here
	rooms     []chat.RoomID
}

// otherNode is what another node told of itself.
type otherNode struct {
	count uint64 // its changes that are known here
	users map[chat.UserID]bool
	heard time.Time
}

var _ chat.Presence = (*Presence)(nil)

// NewPresence knows of nobody yet.
func NewPresence(clock chat.Clock) *Presence {
	return &Presence{
		clock: clock, users: map[chat.UserID]*presentUser{}, others: map[string]*otherNode{}, away: map[chat.UserID]int{},
	}
}

// Online reports whether the user is connected somewhere, or was until a moment ago.
func (p *Presence) Online(id chat.UserID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users[id] != nil || p.away[id] > 0
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
	known  bool // to those on this node: the user is on another node too
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
			changes = append(changes, presenceChange{user: id, online: true, known: p.away[id] > 0})
		case u.conns <= 0 && now.Sub(u.leftAt) >= presenceGrace:
			delete(p.users, id)
			if u.announced {
				changes = append(changes, presenceChange{user: id, rooms: u.rooms, known: p.away[id] > 0})
			}
		}
	}
	return changes
}

// tell counts a change that other nodes are told of, and returns its number.
func (p *Presence) tell() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	return p.count
}

// everybody returns who was announced here, as of the count.
func (p *Presence) everybody() (users []chat.UserID, count uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, u := range p.users {
		if u.announced {
			users = append(users, id)
		}
	}
	return users, p.count
}

// knows reports whether another node's list is known, complete or not.
func (p *Presence) knows(node string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.others[node] != nil
}

// heard notes that another node lives; it reports whether what is known of it is what it says.
func (p *Presence) heard(node string, count uint64) (known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.others[node]
	if n == nil {
		return false
	}
	n.heard = p.clock.Now()
	return n.count == count
}

// apply takes the change of another node with this count. It returns who has come to be, or has ceased to be, anywhere, and is
// not ok where a change before it is not known: then the whole list is to be asked for.
func (p *Presence) apply(node string, count uint64, came, went []chat.UserID) (changed map[chat.UserID]bool, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.others[node]
	if n == nil || n.count+1 != count {
		return nil, false
	}
	n.count, n.heard = count, p.clock.Now()
	changed = map[chat.UserID]bool{}
	for _, id := range came {
		p.enter(n, id, changed)
	}
	for _, id := range went {
		p.leave(n, id, changed)
	}
	return changed, true
}

// replace takes another node's whole list. It returns what apply returns.
func (p *Presence) replace(node string, count uint64, users []chat.UserID) (changed map[chat.UserID]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.others[node]
	if n == nil {
		n = &otherNode{users: map[chat.UserID]bool{}}
		p.others[node] = n
	}
	n.count, n.heard = count, p.clock.Now()
	changed = map[chat.UserID]bool{}
	there := make(map[chat.UserID]bool, len(users))
	for _, id := range users {
		there[id] = true
		p.enter(n, id, changed)
	}
	for id := range n.users {
		if !there[id] {
			p.leave(n, id, changed)
		}
	}
	return changed
}

// gone forgets nodes that were silent for so long. It returns what apply returns.
func (p *Presence) gone(silent time.Duration) (changed map[chat.UserID]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed = map[chat.UserID]bool{}
	for name, n := range p.others {
		if p.clock.Now().Sub(n.heard) < silent {
			continue
		}
		for id := range n.users {
			p.leave(n, id, changed)
		}
		delete(p.others, name)
	}
	return changed
}

// ends has a node that says that it ends be gone after a while, in which its people come back elsewhere.
func (p *Presence) ends(node string, silent time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.others[node]; n != nil {
		n.heard = p.clock.Now().Add(presenceGrace - silent)
	}
}

// enter notes that a user is on another node; p.mu is held.
func (p *Presence) enter(n *otherNode, id chat.UserID, changed map[chat.UserID]bool) {
	if n.users[id] {
		return
	}
	n.users[id] = true
	if p.away[id]++; p.away[id] == 1 && p.users[id] == nil {
		changed[id] = true
	}
}

// leave notes that a user is not on another node any more; p.mu is held.
func (p *Presence) leave(n *otherNode, id chat.UserID, changed map[chat.UserID]bool) {
	if !n.users[id] {
		return
	}
	delete(n.users, id)
	if p.away[id]--; p.away[id] > 0 {
		return
	}
	delete(p.away, id)
	if p.users[id] == nil {
		if changed[id] { // came and went
			delete(changed, id)
		} else {
			changed[id] = false
		}
	}
}
