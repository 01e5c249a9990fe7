package main

import (
	"net"
	"slices"
	"sync"
	"time"
)

// A crowd is all connections. What one of them sends is answered with the
// prepared frame on every one.
type crowd struct {
	message, heartbeat []byte

	mu      sync.RWMutex
	members []*member

	idle  sync.Cond // on ready's lock
	ready struct {
		sync.Mutex
		members []*member // with something queued, and no worker at it
	}
}

type member struct {
	conn *net.TCPConn

	mu     sync.Mutex
	queue  [][]byte
	queued bool // it is in ready, or a worker writes
}

func newCrowd(message []byte) *crowd {
	c := &crowd{message: message, heartbeat: frame("2")}
	c.idle.L = &c.ready
	return c
}

func (c *crowd) add(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
}

func (c *crowd) remove(m *member) {
	_ = m.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.members, m); i >= 0 {
		c.members = slices.Delete(c.members, i, i+1)
	}
}

// enqueue reports whether a worker has to be told.
func (m *member) enqueue(frame []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, frame)
	if m.queued {
		return false
	}
	m.queued = true
	return true
}

func (c *crowd) send(m *member, frame []byte) {
	if m.enqueue(frame) {
		c.hand([]*member{m})
	}
}

// broadcast queues a frame on every connection.
func (c *crowd) broadcast(frame []byte) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var idle []*member
	for _, m := range c.members {
		if m.enqueue(frame) {
			if idle == nil {
				idle = make([]*member, 0, len(c.members))
			}
			idle = append(idle, m)
		}
	}
	if idle != nil {
		c.hand(idle)
	}
}

func (c *crowd) hand(members []*member) {
	c.ready.Lock()
	c.ready.members = append(c.ready.members, members...)
	c.ready.Unlock()
	c.idle.Broadcast()
}

// write is a worker. It may wait in a write, and those queued wait with it:
// the floor cheats here. One write of a copy is cheaper than a vectored one of
// many small frames.
func (c *crowd) write() {
	var mine []*member
	var taken [][]byte
	var copied []byte
	for {
		mine = c.take(mine[:0])
		for _, m := range mine {
			for taken = m.drain(taken); len(taken) > 0; taken = m.drain(taken) {
				copied = copied[:0]
				for _, frame := range taken {
					copied = append(copied, frame...)
				}
				if _, err := m.conn.Write(copied); err != nil {
					_ = m.conn.Close() // its reader notices
				}
			}
		}
	}
}

// share is how many connections a worker takes at a time: few enough that the
// other ones get their part of a small room.
const share = 32

func (c *crowd) take(into []*member) []*member {
	c.ready.Lock()
	defer c.ready.Unlock()
	for len(c.ready.members) == 0 {
		c.idle.Wait()
	}
	n := min(share, len(c.ready.members))
	into = append(into, c.ready.members[:n]...)
	c.ready.members = c.ready.members[n:]
	return into
}

// drain takes everything that is queued and leaves another slice to queue in.
func (m *member) drain(other [][]byte) [][]byte {
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

// ping keeps clients from taking the floor for dead. Their answers are not
// missed.
func (c *crowd) ping(tick <-chan time.Time) {
	for range tick {
		c.broadcast(c.heartbeat)
	}
}
