package engineio

import "sync"

// writers write for the sessions that have something to send and a connection
// that takes it at once. They are goroutines that exist only while there are
// such sessions, at most one for every two processors: more of them find less to
// write together, and keep those from running who give them something. They
// never wait for a reader: a session whose connection takes no more goes on in a goroutine of its
// own, so that however many stall, nobody else is held up.
//
// What comes while a session stands in line is written together with the rest:
// the more there is to do, the fewer and larger the writes.
type writers struct {
	most int // goroutines

	mu      sync.Mutex
	line    []*Session // in the order of their coming, from first on
	first   int
	running int
}

// share is how many sessions a writer takes from the line at a time: few enough
// that another one gets its part of a small room.
const share = 32

// keepLine bounds the line that is kept for the next time: 64 KiB of references.
const keepLine = 8 << 10

// hand puts sessions in line. The caller has the right to drain their queues,
// and gives it away.
func (w *writers) hand(sessions ...*Session) {
	w.mu.Lock()
	if w.first > 0 && len(w.line)+len(sessions) > cap(w.line) {
		left := copy(w.line, w.line[w.first:])
		clear(w.line[left:])
		w.line, w.first = w.line[:left], 0
	}
	w.line = append(w.line, sessions...)
	shares := (len(w.line) - w.first + share - 1) / share
	starting := max(0, min(shares, w.most)-w.running)
	w.running += starting
	w.mu.Unlock()
	for range starting {
		go w.write()
	}
}

// write works the line off, and ends when it is empty.
func (w *writers) write() {
	var mine [share]*Session
	for {
		n := w.take(mine[:])
		if n == 0 {
			return
		}
		for i, s := range mine[:n] {
			s.flush()
			mine[i] = nil
		}
	}
}

// take takes a share of the line. Without one the writer has ended.
func (w *writers) take(into []*Session) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := len(w.line) - w.first
	if left == 0 {
		w.running--
		return 0
	}
	n := min(len(into), (left+w.running-1)/w.running)
	copy(into, w.line[w.first:w.first+n])
	clear(w.line[w.first : w.first+n])
	if w.first += n; w.first == len(w.line) {
		w.line, w.first = w.line[:0], 0
		if cap(w.line) > keepLine {
			w.line = nil
		}
	}
	return n
}

// A Broadcast sends to many sessions of one server, and puts those that were
// idle in line together. The zero value is ready; Flush ends it.
type Broadcast struct {
	idle []*Session
}

// chunk is how many sessions a broadcast gathers before the first of them are
// written.
const chunk = 256

// Send is [Session.Send], or [Session.SendVolatile].
func (b *Broadcast) Send(s *Session, f *Frame, volatile bool) (bool, error) {
	outcome := s.out.push(volatile, f)
	if outcome != started || !s.flushes() {
		return s.sent(outcome)
	}
	b.idle = append(b.idle, s)
	if len(b.idle) == chunk {
		b.Flush()
	}
	return true, nil
}

// Flush puts those gathered in line.
func (b *Broadcast) Flush() {
	if len(b.idle) > 0 {
		b.idle[0].server.writers.hand(b.idle...)
		clear(b.idle)
		b.idle = b.idle[:0]
	}
}
