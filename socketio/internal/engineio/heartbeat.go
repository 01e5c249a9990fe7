package engineio

import "time"

// moment is a time on the monotonic clock, since the program started. A session
// has several, and a time.Time has three times the size.
type moment time.Duration

var programStart = time.Now()

func now() moment { return moment(time.Since(programStart)) }

func (m moment) add(d time.Duration) moment { return m + moment(d) }

func (m moment) sub(earlier moment) time.Duration { return time.Duration(m - earlier) }

// schedule sets the time of the next tick. The caller holds s.mu.
func (s *Session) schedule(after time.Duration) {
	s.due = now().add(after)
	if s.beat == nil {
		s.beat = time.AfterFunc(after, s.tick)
		return
	}
	s.beat.Reset(after)
}

// tick sends the ping that is due, or finds its pong missing.
func (s *Session) tick() {
	config := &s.server.config
	s.mu.Lock()
	at := now()
	if s.ending != nil || at < s.due {
		s.mu.Unlock()
		return
	}
	// A pong behind messages that we chose not to read yet is not missing. The
	// client goes on being pinged, since it counts on that.
	excused := s.stalls > 0 || s.stallEnd > 0 && at.sub(s.stallEnd) < config.PingTimeout
	if s.pinged && !excused {
		s.mu.Unlock()
		s.End(Ending{PingTimeout, CodeNormal, nil}, false)
		return
	}
	s.pinged = true
	s.schedule(config.PingTimeout)
	s.mu.Unlock()
	_ = s.Send(pingFrame) // a session that cannot send has ended by itself
}

// pong answers the last ping. Pongs that nobody asked for change nothing.
func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pinged || s.ending != nil {
		return
	}
	s.pinged = false
	s.schedule(s.server.config.PingInterval)
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
