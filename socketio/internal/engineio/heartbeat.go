package engineio

import (
	"sync"
	"time"
)

// moment is a time on the monotonic clock, since the program started. A session
// has several, and a time.Time has three times the size.
type moment time.Duration

var programStart = time.Now()

func now() moment { return moment(time.Since(programStart)) }

func (m moment) add(d time.Duration) moment { return m + moment(d) }

func (m moment) sub(earlier moment) time.Duration { return time.Duration(m - earlier) }

// beats are the sessions of a server that wait for the same length of time, for
// their next ping or for its pong. Who came first is due first, so that a list
// and one timer do for all of them what a timer of each would cost 130 bytes for.
type beats struct {
	after time.Duration
	tick  func(*Session)

	mu          *sync.Mutex // of both lists: a session goes from one to the other
	first, last *Session
	timer       *time.Timer
	armed       bool // the timer runs, or its function
}

// beat is a session's place in one of the lists, guarded by their lock.
type beat struct {
	due        moment
	prev, next *Session
	in         *beats // nil outside of both
}

// add puts a session at the end, due after the list's time.
func (b *beats) add(s *Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.beat.in != nil {
		s.beat.in.unlink(s)
	}
	s.beat = beat{due: now().add(b.after), prev: b.last, in: b}
	if b.last == nil {
		b.first = s
	} else {
		b.last.beat.next = s
	}
	b.last = s
	if !b.armed {
		b.armed = true
		b.arm(b.after)
	}
}

// arm has run called. The caller holds b.mu.
func (b *beats) arm(after time.Duration) {
	if b.timer == nil {
		b.timer = time.AfterFunc(after, b.run)
		return
	}
	b.timer.Reset(after)
}

// stop takes a session out of the list that it is in.
func (s *Session) stop() {
	mu := s.server.pings.mu
	mu.Lock()
	defer mu.Unlock()
	if s.beat.in != nil {
		s.beat.in.unlink(s)
	}
}

// unlink takes a session out. The caller holds b.mu.
func (b *beats) unlink(s *Session) {
	if s.beat.prev == nil {
		b.first = s.beat.next
	} else {
		s.beat.prev.beat.next = s.beat.next
	}
	if s.beat.next == nil {
		b.last = s.beat.prev
	} else {
		s.beat.next.beat.prev = s.beat.prev
	}
	s.beat = beat{}
}

// run ticks those that are due. The timer rests while the list is empty.
func (b *beats) run() {
	for {
		b.mu.Lock()
		s := b.first
		if s == nil {
			b.armed = false
			b.mu.Unlock()
			return
		}
		if wait := s.beat.due.sub(now()); wait > 0 {
			b.arm(wait)
			b.mu.Unlock()
			return
		}
		b.unlink(s)
		b.mu.Unlock()
		b.tick(s)
	}
}

// ping sends the ping that is due.
func (s *Session) ping() {
	s.mu.Lock()
	if s.ending != nil {
		s.mu.Unlock()
		return
	}
	s.pinged = true
	s.server.pongs.add(s)
	s.mu.Unlock()
	_ = s.Send(pingFrame) // a session that cannot send has ended by itself
}

// miss finds a pong missing. A pong behind messages that we chose not to read
// yet is not missing; the client goes on being pinged, since it counts on that.
func (s *Session) miss() {
	s.mu.Lock()
	if s.ending != nil || !s.pinged {
		s.mu.Unlock()
		return
	}
	excused := s.stalls > 0 || s.stallEnd > 0 && now().sub(s.stallEnd) < s.server.config.PingTimeout
	if excused {
		s.server.pongs.add(s)
	}
	s.mu.Unlock()
	if excused {
		_ = s.Send(pingFrame)
	} else {
		s.End(Ending{PingTimeout, CodeNormal, nil}, false)
	}
}

// pong answers the last ping. Pongs that nobody asked for change nothing.
func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pinged || s.ending != nil {
		return
	}
	s.pinged = false
	s.server.pings.add(s)
}

// Stall runs wait, during which nothing is read on purpose, without holding
// the silence against the client.
func (s *Session) Stall(wait func()) {
	s.mu.Lock()
	s.stalls++
	s.mu.Unlock()
	wait()
	s.mu.Lock()
	s.stalls--
	s.stallEnd = now()
	s.mu.Unlock()
}
