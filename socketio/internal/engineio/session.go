package engineio

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Engine.IO packet types (Engine.IO protocol 4, "Protocol").
const (
	packetOpen    = '0'
	packetClose   = '1'
	packetPing    = '2'
	packetPong    = '3'
	packetMessage = Message
	packetUpgrade = '5'
	packetNoop    = '6'
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

// A Session is one Engine.IO connection: a websocket, or polling that a
// websocket may take over from, once.
//
// On a websocket one goroutine waits or reads at any time. Another writes for as
// long as there is something to write, and is started by whoever finds the queue
// idle. Polling has the goroutines of its requests.
type Session struct {
	out    queue
	poll   atomic.Pointer[polling] // nil once there is a websocket
	socket *websocket              // what drain writes to; set before poll is nil

	id      string
	server  *Server
	handler Handler
	address string

	mu       sync.Mutex
	probing  *websocket    // is about to take over
	probed   chan struct{} // closed when it did, or failed
	beat     beat          // in the server's pings or pongs
	stallEnd moment
	stalls   int32 // goroutines in Stall
	pinged   bool  // a pong is awaited
	ending   *Ending
	flushed  chan struct{} // made by an ending that flushes, closed when it has
}

// ID is the session's identifier: 20 characters, 120 random bits, and the
// server's name if it has one.
func (s *Session) ID() string { return s.id }

// Address is the client's, as [Config.Address] tells it.
func (s *Session) Address() string { return s.address }

// Transport is the name of what carries the session: "polling" or "websocket".
func (s *Session) Transport() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transport().name()
}

// transport is what carries the session. The caller holds s.mu.
func (s *Session) transport() transport {
	if s.socket != nil {
		return s.socket
	}
	return s.poll.Load()
}

// Handler is what [Config.Accept] gave the session.
func (s *Session) Handler() Handler { return s.handler }

// Queued is the number of bytes that wait to be written.
func (s *Session) Queued() int { return s.out.size() }

// Send queues frames together and returns at once. A queue that would outgrow
// its bound ends the session as a slow consumer.
func (s *Session) Send(frames ...*Frame) error {
	_, err := s.sent(s.out.push(false, frames...))
	return err
}

// SendVolatile is Send for a frame that may be lost: it reports whether the
// frame was queued, and drops it where more than the volatile threshold waits.
func (s *Session) SendVolatile(f *Frame) (bool, error) { return s.sent(s.out.push(true, f)) }

// sent deals with what became of what was pushed, and tells the sender.
func (s *Session) sent(o outcome) (bool, error) {
	switch o {
	case queued:
		return true, nil
	case started:
		s.wake()
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

// wake has somebody drain the queue. The caller has the right to, and gives it
// away.
func (s *Session) wake() {
	if p := s.poll.Load(); p != nil && p.wake() {
		return
	}
	if s.socket.direct() {
		s.server.writers.hand(s)
	} else {
		go s.drain(nil, 0, 0)
	}
}

// flushes reports whether the writers can drain the queue.
func (s *Session) flushes() bool { return s.poll.Load() == nil && s.socket.direct() }

// flush writes what waits, as far as the connection takes it at once.
func (s *Session) flush() {
	b, last := s.out.take()
	if b == nil && !last {
		return
	}
	if last { // the end is told in its own time
		go s.drain(b, 0, 0)
		return
	}
	n, offset, err := s.socket.writeNow(b.frames, s.out.release)
	if err != nil || n < len(b.frames) {
		go s.drain(b, n, offset)
		return
	}
	b.free()
	if !s.out.rest() {
		s.wake() // behind all the others
	}
}

// drain writes until the queue is empty, and says goodbye if the session is
// ending. It begins with a batch, if there is one, at an offset of its n-th frame.
func (s *Session) drain(b *batch, n, offset int) {
	for {
		if b == nil {
			var last bool
			if b, last = s.out.take(); b == nil {
				if last {
					s.goodbye()
				}
				return
			}
		}
		err := s.socket.write(b.frames[n:], offset, s.out.release)
		b.free()
		if err != nil {
			// After End, whoever ended the session has decided about the
			// goodbye, and it is ours to finish.
			s.End(writeEnding(err), false)
			s.out.close(true)
			s.goodbye()
			return
		}
		b, n, offset = nil, 0, 0
	}
}

// goodbye ends the writing half. It is called by the one goroutine that found
// the closed queue empty, or broken.
func (s *Session) goodbye() {
	s.mu.Lock()
	flushed, ending, t := s.flushed, s.ending, s.transport()
	s.mu.Unlock()
	if flushed == nil {
		return
	}
	t.close(ending.Code, ending.Reason)
	close(flushed)
}

// End ends the session once; later calls change nothing, except that one
// without flush cuts short an ending that flushes. With flush, what is queued
// is sent before the client is told, within [Config.CloseTimeout]. End does
// not wait.
func (s *Session) End(e Ending, flush bool) {
	s.mu.Lock()
	t := s.transport()
	if s.ending != nil {
		s.mu.Unlock()
		if !flush {
			t.abort(false)
		}
		return
	}
	s.ending = &e
	if flush {
		s.flushed = make(chan struct{})
	}
	s.stop()
	polls, probing := s.socket == nil, s.probing
	s.mu.Unlock()

	if probing != nil {
		// A client that has stopped to poll hears of the end when it has
		// changed over, and no sooner.
		probing.expire(time.Now().Add(s.server.config.CloseTimeout))
	}
	if flush {
		t.expire(time.Now().Add(s.server.config.CloseTimeout))
		if s.out.close(false) {
			s.wake()
		}
	} else {
		s.out.close(true)
		t.abort(e.Reason == SlowConsumer)
	}
	s.handler.Ended(e)
	if polls {
		go s.finish(nil)
	}
}

// ended reports whether End was called.
func (s *Session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending != nil
}

// await waits for the client to send something. The goroutine that waits has
// done nothing else, so that an idle connection keeps the smallest stack there
// is: what reads and handles messages needs a larger one, and gives it back.
func (s *Session) await() {
	if s.socket.frames.idle() {
		if err := s.socket.await(); err != nil {
			s.over(err)
			return
		}
	}
	s.read()
}

// read handles what the client sends until it is idle.
func (s *Session) read() {
	if err := s.socket.read(s.receive); err != nil {
		s.over(err)
		return
	}
	s.serve()
}

// serve has another goroutine read from the websocket until the session is over.
func (s *Session) serve() { go s.await() }

// over is the end of reading.
func (s *Session) over(err error) {
	s.End(endingOf(err))
	s.finish(err)
}

// finish is the last of a session: it waits until the client was told, and for
// the handler. The session's reading ended with err.
func (s *Session) finish(err error) {
	s.mu.Lock()
	flushed, probed := s.flushed, s.probed
	s.mu.Unlock()
	if flushed != nil {
		<-flushed
		var violation *Violation
		if errors.As(err, &violation) {
			s.socket.discard()
		}
	}
	if probed != nil {
		<-probed
	}
	s.mu.Lock()
	t := s.transport()
	s.mu.Unlock()
	t.abort(false)
	if p, polls := t.(*polling); polls {
		p.linger()
	}
	s.server.forget(s)
	s.handler.Gone()
	s.server.free(s.address)
}

// receive takes one packet. The types that only a server sends, and those of
// an upgrade where there is none, are violations.
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
