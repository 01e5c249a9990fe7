package engineio

import (
	"errors"
	"sync"
	"time"
)

// Engine.IO packet types (Engine.IO protocol 4, "Protocol").
const (
	packetOpen    = '0'
	packetClose   = '1'
	packetPing    = '2'
	packetPong    = '3'
	packetMessage = Message
)

// Message is the type of the packets that a [Handler] receives, and of those it
// sends: the first byte of a sealed packet.
const Message = '4'

// ErrClosed is returned for a frame that comes after the end of its session.
var ErrClosed = errors.New("engineio: session closed")

// A Handler is what a session tells of its life.
type Handler interface {
	// Receive takes one message, in the order of arrival, from the session's
	// reading goroutine: nothing more is read until it returns. The payload is
	// the handler's to keep. An error ends the session as a violation.
	Receive(payload []byte, binary bool) error

	// Ended is called once, when nothing more can be sent or received. It may
	// come from any goroutine that uses the session, and must not wait.
	Ended(Ending)

	// Gone is called once after Ended, when the connection is closed. It waits
	// for the handler's own work: the session counts as open until it returns.
	Gone()
}

// A Session is one Engine.IO connection.
//
// One goroutine reads for as long as it lives. Another writes for as long as
// there is something to write, and is started by whoever finds the queue idle.
type Session struct {
	id        string
	server    *Server
	transport transport
	handler   Handler
	out       queue
	address   string
	drainer   func() // s.drain, made once so that starting it allocates nothing

	mu       sync.Mutex
	beat     *time.Timer
	due      time.Time // when beat means what it says: a late tick is ignored
	pinged   bool      // a pong is awaited
	stalls   int       // goroutines in Stall
	stallEnd time.Time
	ending   *Ending
	flushed  chan struct{} // made by an ending that flushes, closed when it has
}

// ID is the session's identifier: 20 characters, 120 random bits.
func (s *Session) ID() string { return s.id }

// Address is the client's, as [Config.Address] tells it.
func (s *Session) Address() string { return s.address }

// Handler is what [Config.Accept] gave the session.
func (s *Session) Handler() Handler { return s.handler }

// Queued is the number of bytes that wait to be written.
func (s *Session) Queued() int { return s.out.size() }

// Send queues a frame and returns at once. A queue that would outgrow its
// bound ends the session as a slow consumer.
func (s *Session) Send(f *Frame) error {
	_, err := s.send(f, false)
	return err
}

// SendVolatile is Send for a frame that may be lost: it reports whether the
// frame was queued, and drops it where more than the volatile threshold waits.
func (s *Session) SendVolatile(f *Frame) (bool, error) { return s.send(f, true) }

func (s *Session) send(f *Frame, volatile bool) (bool, error) {
	switch s.out.push(f, volatile) {
	case queued:
		return true, nil
	case started:
		go s.drainer()
		return true, nil
	case dropped:
		return false, nil
	case full:
		s.End(Ending{SlowConsumer, CodeTryAgainLater, nil}, false)
		return false, ErrClosed
	default:
		return false, ErrClosed
	}
}

// pieceBytes bounds one vectored write, so that its deadline asks the same of
// a reader whether much or little waits for it.
const pieceBytes = 64 << 10

// pieceFrames is the most that Linux and the BSDs take in one writev.
const pieceFrames = 1024

// drain empties the queue, and says goodbye if the session is ending.
func (s *Session) drain() {
	for {
		batch, last := s.out.take()
		if batch == nil {
			if last {
				s.goodbye()
			}
			return
		}
		if err := s.writeAll(batch.frames); err != nil {
			batch.free()
			// After End, whoever ended the session has decided about the
			// goodbye, and it is ours to finish.
			s.End(writeEnding(err), false)
			s.out.close(true)
			s.goodbye()
			return
		}
		batch.free()
	}
}

func (s *Session) writeAll(frames []*Frame) error {
	for len(frames) > 0 {
		n, bytes := 1, len(frames[0].wire)
		for n < len(frames) && n < pieceFrames && bytes+len(frames[n].wire) <= pieceBytes {
			bytes += len(frames[n].wire)
			n++
		}
		if err := s.transport.write(frames[:n]); err != nil {
			return err
		}
		s.out.release(bytes + n*frameOverhead)
		frames = frames[n:]
	}
	return nil
}

// goodbye ends the writing half. It is called by the one goroutine that found
// the closed queue empty, or broken.
func (s *Session) goodbye() {
	s.mu.Lock()
	flushed, ending := s.flushed, s.ending
	s.mu.Unlock()
	if flushed == nil {
		return
	}
	s.transport.close(ending.Code, ending.Reason)
	close(flushed)
}

// End ends the session once; later calls change nothing, except that one
// without flush cuts short an ending that flushes. With flush, what is queued
// is sent before the client is told, within [Config.CloseTimeout]. End does
// not wait.
func (s *Session) End(e Ending, flush bool) {
	s.mu.Lock()
	if s.ending != nil {
		s.mu.Unlock()
		if !flush {
			s.transport.abort(false)
		}
		return
	}
	s.ending = &e
	if flush {
		s.flushed = make(chan struct{})
	}
	if s.beat != nil {
		s.beat.Stop()
	}
	s.mu.Unlock()

	if flush {
		s.transport.expire(time.Now().Add(s.server.config.CloseTimeout))
		if s.out.close(false) {
			go s.drainer()
		}
	} else {
		s.out.close(true)
		s.transport.abort(e.Reason == SlowConsumer)
	}
	s.handler.Ended(e)
}

// ended reports whether End was called.
func (s *Session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending != nil
}

// serve reads until the session is over. It is the session's own goroutine.
func (s *Session) serve() {
	err := s.transport.read(s.receive)
	s.End(endingOf(err))
	s.mu.Lock()
	flushed := s.flushed
	s.mu.Unlock()
	if flushed != nil {
		<-flushed
		var violation *Violation
		if errors.As(err, &violation) {
			s.transport.discard()
		}
	}
	s.transport.abort(false)
	s.server.forget(s)
	s.handler.Gone()
	s.server.free(s.address)
}

// receive takes one packet. The types that only a server sends, and those of
// an upgrade, which needs another transport to come from, are violations.
func (s *Session) receive(packet []byte, binary bool) error {
	if s.ended() {
		return nil
	}
	if binary {
		return s.handler.Receive(packet, true)
	}
	if len(packet) == 0 {
		return Violated("empty packet")
	}
	switch packet[0] {
	case packetMessage:
		return s.handler.Receive(packet[1:], false)
	case packetPong:
		s.pong()
		return nil
	case packetClose:
		return errClientClosed
	default:
		return Violated("unexpected packet of type %q", packet[0])
	}
}

// schedule sets the time of the next tick. The caller holds s.mu.
func (s *Session) schedule(after time.Duration) {
	s.due = time.Now().Add(after)
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
	now := time.Now()
	if s.ending != nil || now.Before(s.due) {
		s.mu.Unlock()
		return
	}
	// A pong behind messages that we chose not to read yet is not missing. The
	// client goes on being pinged, since it counts on that.
	excused := s.stalls > 0 || now.Sub(s.stallEnd) < config.PingTimeout
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
	s.stallEnd = time.Now()
	s.mu.Unlock()
}
