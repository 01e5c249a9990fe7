package socketio

import (
	"errors"
	"slices"
	"sync"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// room is a set of sockets of one namespace. What is broadcast walks over a
// plain list, and touches nothing of a member but its session.
type room struct {
	name    string // "" for the whole namespace
	mu      sync.RWMutex
	members []member
	gone    bool // it was empty, and is not the namespace's any more
}

type member struct {
	session *engineio.Session
	*membership
}

// errRoomGone tells whoever joins to make the room anew.
var errRoomGone = errors.New("socketio: room is gone")

// membership is one socket in one room.
type membership struct {
	socket *Socket
	room   *room
	index  int // in room.members, guarded by room.mu
}

func (r *room) add(m *membership) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return false
	}
	m.index = len(r.members)
	r.members = append(r.members, member{m.socket.conn.session, m})
	return true
}

// remove returns whether nobody is left.
func (r *room) remove(m *membership) (empty bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.members) - 1
	r.members[m.index] = r.members[last]
	r.members[m.index].index = m.index
	r.members[last] = member{}
	r.members = r.members[:last]
	if c := cap(r.members); c > 64 && last < c/4 { // a crowd that left leaves no room behind
		r.members = slices.Clip(slices.Clone(r.members))
	}
	return last == 0
}

// find returns those of the rooms that exist.
func (n *Namespace) find(names []string) []*room {
	n.mu.RLock()
	defer n.mu.RUnlock()
	rooms := make([]*room, 0, len(names))
	for _, name := range names {
		if r := n.rooms[name]; r != nil {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// makeRoom returns the room of that name.
func (n *Namespace) makeRoom(name string) *room {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.rooms[name]
	if r == nil {
		r = &room{name: name}
		n.rooms[name] = r
	}
	return r
}

// dropRoom forgets a room if it is still empty.
func (n *Namespace) dropRoom(r *room) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.members) == 0 && n.rooms[r.name] == r {
		r.gone = true
		delete(n.rooms, r.name)
	}
}

// Join adds the socket to rooms of its namespace, which exist as long as
// somebody is in them. Only the server knows of rooms. A socket leaves all its
// rooms when it ends. Join fails with [ErrNotConnected], also in middleware.
func (s *Socket) Join(rooms ...string) error {
	if !s.Connected() {
		return ErrNotConnected
	}
	for _, name := range rooms {
		err := errRoomGone
		for errors.Is(err, errRoomGone) {
			r := s.namespace.makeRoom(name)
			if err = s.join(r); err != nil {
				s.namespace.dropRoom(r)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Leave takes the socket out of rooms. What is broadcast to them from then on
// does not reach it.
func (s *Socket) Leave(rooms ...string) {
	s.joined.Lock()
	defer s.joined.Unlock()
	s.memberships = slices.DeleteFunc(s.memberships, func(m *membership) bool {
		leaves := m.room != &s.namespace.all && slices.Contains(rooms, m.room.name)
		if leaves {
			s.leave(m)
		}
		return leaves
	})
}

// Rooms lists the rooms that the socket is in, in the order of joining.
func (s *Socket) Rooms() []string {
	s.joined.Lock()
	defer s.joined.Unlock()
	names := make([]string, 0, len(s.memberships))
	for _, m := range s.memberships {
		if m.room != &s.namespace.all {
			names = append(names, m.room.name)
		}
	}
	return names
}

func (s *Socket) join(r *room) error {
	s.joined.Lock()
	defer s.joined.Unlock()
	if s.left {
		return ErrNotConnected
	}
	if slices.ContainsFunc(s.memberships, func(m *membership) bool { return m.room == r }) {
		return nil
	}
	m := &membership{socket: s, room: r}
	if !r.add(m) {
		return errRoomGone
	}
	s.memberships = append(s.memberships, m)
	return nil
}

// leaveAll is the end of all memberships, for good.
func (s *Socket) leaveAll() {
	s.joined.Lock()
	defer s.joined.Unlock()
	s.left = true
	for _, m := range s.memberships {
		s.leave(m)
	}
	s.memberships = nil
}

// leave ends a membership. The caller holds s.joined, and takes it off the list.
func (s *Socket) leave(m *membership) {
	if m.room.remove(m) && m.room != &s.namespace.all {
		s.namespace.dropRoom(m.room)
	}
}
