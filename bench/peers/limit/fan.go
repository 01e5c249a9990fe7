package main

import (
	"net"
	"slices"
	"sync"

	"github.com/gobwas/ws"
)

// member is a connection.
type member struct {
	conn *net.TCPConn
	room int
	name string

	mu     sync.Mutex
	queue  [][]byte
	queued bool // it is in ready, or a worker writes
}

// room is who receives a message.
type room struct {
	mu      sync.RWMutex
	members []*member
}

func (r *room) add(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = append(r.members, m)
}

func (r *room) remove(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.members, m); i >= 0 {
		r.members = slices.Delete(r.members, i, i+1)
	}
}

// fan writes as the floor does: everything that a queue holds in one write,
// which its workers wait in.
type fan struct {
	idle  sync.Cond // on mu
	mu    sync.Mutex
	ready []*member // with something queued, and no worker at it
}

func newFan(workers int) *fan {
	f := &fan{}
	f.idle.L = &f.mu
	for range workers {
		go f.write()
	}
	return f
}

func (m *member) enqueue(frame []byte) (idle bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, frame)
	idle = !m.queued
	m.queued = true
	return idle
}

func (f *fan) send(m *member, frame []byte) {
	if m.enqueue(frame) {
		f.hand(m)
	}
}

func (f *fan) broadcast(r *room, frame []byte) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	idle := make([]*member, 0, len(r.members))
	for _, m := range r.members {
		if m.enqueue(frame) {
			idle = append(idle, m)
		}
	}
	f.hand(idle...)
}

func (f *fan) hand(members ...*member) {
	if len(members) == 0 {
		return
	}
	f.mu.Lock()
	f.ready = append(f.ready, members...)
	f.mu.Unlock()
	f.idle.Broadcast()
}

func (f *fan) write() {
	var mine []*member
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
				if _, err := m.conn.Write(copied); err != nil {
					_ = m.conn.Close() // its reader notices
				}
			}
		}
	}
}

func (f *fan) take(into []*member) []*member {
	const share = 32 // of a worker, at a time
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

// read hands each packet of a connection to take, until one or the other ends.
func read(conn net.Conn, take func([]byte) error) {
	buf := make([]byte, 4096)
	held := 0
	for {
		n, err := conn.Read(buf[held:])
		if err != nil {
			return
		}
		held += n
		used := 0
		for {
			packet, size := unframe(buf[used:held])
			if size == 0 {
				break
			}
			if take(packet) != nil {
				return
			}
			used += size
		}
		held = copy(buf, buf[used:held])
		if held == len(buf) {
			return // longer than any message
		}
	}
}

// unframe unmasks the client's frame at the start of p, and returns its size: 0
// where it is not all there.
func unframe(p []byte) (packet []byte, size int) {
	if len(p) < 2 {
		return nil, 0
	}
	header, n := 2, int(p[1]&0x7f)
	if n == 126 {
		if len(p) < 4 {
			return nil, 0
		}
		header, n = 4, int(p[2])<<8|int(p[3])
	}
	if len(p) < header+4+n {
		return nil, 0
	}
	packet = p[header+4 : header+4+n]
	ws.Cipher(packet, [4]byte(p[header:header+4]), 0)
	return packet, header + 4 + n
}
