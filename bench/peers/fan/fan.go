// Package fan is the bare floor's way to send the same to many: a queue for each
// connection, and one write for everything that a queue holds. One write of a
// copy is cheaper than a vectored one of many small frames.
package fan

import (
	"net"
	"slices"
	"sync"
)

// Member is a connection.
type Member struct {
	Conn *net.TCPConn

	mu     sync.Mutex
	queue  [][]byte
	queued bool // it is in ready, or a worker writes
}

// Waiting is how many frames no worker has taken yet.
func (m *Member) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue)
}

// Group is who receives the same.
type Group struct {
	mu      sync.RWMutex
	members []*Member
}

// Add adds a connection.
func (g *Group) Add(m *Member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members = append(g.members, m)
}

// Remove removes a connection.
func (g *Group) Remove(m *Member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.members, m); i >= 0 {
		g.members = slices.Delete(g.members, i, i+1)
	}
}

// Fan has workers that write. They may wait in a write, and those queued wait
// with it: the floor cheats here.
type Fan struct {
	idle  sync.Cond // on mu
	mu    sync.Mutex
	ready []*Member // with something queued, and no worker at it
}

// New starts the workers.
func New(workers int) *Fan {
	f := &Fan{}
	f.idle.L = &f.mu
	for range workers {
		go f.write()
	}
	return f
}

// enqueue reports whether a worker has to be told.
func (m *Member) enqueue(frame []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, frame)
	if m.queued {
		return false
	}
	m.queued = true
	return true
}

// Send queues a frame on one connection.
func (f *Fan) Send(m *Member, frame []byte) {
	if m.enqueue(frame) {
		f.hand([]*Member{m})
	}
}

// Broadcast queues a frame on every connection of a group.
func (f *Fan) Broadcast(g *Group, frame []byte) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var idle []*Member
	for _, m := range g.members {
		if m.enqueue(frame) {
			if idle == nil {
				idle = make([]*Member, 0, len(g.members))
			}
			idle = append(idle, m)
		}
	}
	if idle != nil {
		f.hand(idle)
	}
}

func (f *Fan) hand(members []*Member) {
	f.mu.Lock()
	f.ready = append(f.ready, members...)
	f.mu.Unlock()
	f.idle.Broadcast()
}

func (f *Fan) write() {
	var mine []*Member
	var taken [][]byte
	var copied []byte
	for {
		mine = f.take(mine[:0])
		for _, m := range mine {
			for taken = m.drain(taken); len(taken) > 0; taken = m.drain(taken) {
				copied = copied[:0]
				for _, frame := range taken {
					copied = append(copied, frame...)
				}
				if _, err := m.Conn.Write(copied); err != nil {
					_ = m.Conn.Close() // its reader notices
				}
			}
		}
	}
}

// share is how many connections a worker takes at a time: few enough that the
// other ones get their part of a small room.
const share = 32

func (f *Fan) take(into []*Member) []*Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.ready) == 0 {
		f.idle.Wait()
	}
	n := min(share, len(f.ready))
	into = append(into, f.ready[:n]...)
	f.ready = f.ready[n:]
	return into
}

// drain takes everything that is queued and leaves another slice to queue in.
func (m *Member) drain(other [][]byte) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) == 0 {
		m.queued = false
		return other[:0]
	}
	taken := m.queue
	m.queue = other[:0]
	return taken
}
