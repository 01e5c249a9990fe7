package socketio

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// event is one event on its way to its handler.
type event struct {
	name string
	args []json.RawMessage
	ack  Ack
	size int // bytes of its packet
	next *event
}

// inbox is what a socket has yet to handle: first its connection, then its
// events in the order of their arrival, last its end. All of it runs on one
// goroutine that exists only while there is something to do. An empty inbox
// holds no memory. Socket.mu guards it.
type inbox struct {
	first, last *event
	count       int
	bytes       int
	running     bool
	continuing  int           // handlers that go on after they returned
	beginning   bool          // the connection is to be handled first
	ending      bool          // the end is to be handled last
	room        chan struct{} // closed when the reader may try again
	rest        chan struct{} // closed when nothing is left to do
}

func (b *inbox) pop() *event {
	e := b.first
	if e == nil {
		return nil
	}
	if b.first = e.next; b.first == nil {
		b.last = nil
	}
	e.next = nil
	b.count--
	b.bytes -= e.size
	b.wake()
	return e
}

func (b *inbox) wake() {
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
}

func (b *inbox) drop() {
	b.first, b.last, b.count, b.bytes = nil, nil, 0, 0
}

// begin starts the socket's life: its middleware, then OnConnect.
func (s *Socket) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inbox.beginning = true
	s.run()
}

// run makes sure that someone handles the inbox. The caller holds s.mu.
func (s *Socket) run() {
	if !s.inbox.running {
		s.inbox.running = true
		go s.handle()
	}
}

// enqueue adds an event. While the inbox is full it waits, and with it the
// reader: the client's own TCP then slows it down.
func (s *Socket) enqueue(e *event) error {
	options := &s.conn.server.options
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch s.state.Load() {
		case over:
			return nil // sent before the client could know
		case connecting:
			return engineio.Violated("event before the connection")
		}
		full := s.inbox.count >= options.EventQueue || s.inbox.bytes+e.size > options.MaxPayload
		if s.inbox.count == 0 || !full {
			break
		}
		if s.inbox.room == nil {
			s.inbox.room = make(chan struct{})
		}
		room := s.inbox.room
		s.mu.Unlock()
		s.conn.session.Stall(func() { <-room })
		s.mu.Lock()
	}
	if s.inbox.last == nil {
		s.inbox.first = e
	} else {
		s.inbox.last.next = e
	}
	s.inbox.last = e
	s.inbox.count++
	s.inbox.bytes += e.size
	s.run()
	return nil
}

// end ends the socket, once, and reports whether it was this call that did.
func (s *Socket) end(reason Reason) bool {
	finishes := reason.consequence().finishes
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.state.Swap(over)
	if before == over {
		if !finishes {
			s.inbox.drop()
			s.cancel()
		}
		return false
	}
	s.reason = reason
	for id, answer := range s.acks {
		delete(s.acks, id)
		close(answer)
	}
	if finishes && before == connected && (s.inbox.running || s.inbox.continuing > 0) {
		s.grace = time.AfterFunc(s.conn.server.options.HandlerGrace, s.cancel)
	} else {
		s.cancel()
	}
	if !finishes {
		s.inbox.drop()
	}
	s.inbox.wake()
	s.inbox.ending = true
	s.run()
	return true
}

// idle returns a channel that is closed as soon as nothing is to be handled.
func (s *Socket) idle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inbox.rest == nil {
		s.inbox.rest = make(chan struct{})
		s.rest()
	}
	return s.inbox.rest
}

// rest tells who waits for it that nothing is left to do, where it is so. The
// caller holds s.mu.
func (s *Socket) rest() {
	if s.inbox.rest != nil && !s.inbox.running && s.inbox.continuing == 0 && !closed(s.inbox.rest) {
		close(s.inbox.rest)
	}
}

// Continue lets what a handler began go on after it has returned, so that the
// socket's next event is handled meanwhile. It has to be called by the handler;
// done ends it. [Server.Shutdown] waits for it as it does for handlers.
func (s *Socket) Continue() (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inbox.continuing++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inbox.continuing--
		s.rest()
	})
}

// handle works the inbox off, and ends when it is empty.
func (s *Socket) handle() {
	for {
		s.mu.Lock()
		beginning := s.inbox.beginning
		s.inbox.beginning = false
		var e *event
		if !beginning {
			e = s.inbox.pop()
		}
		ending := !beginning && e == nil && s.inbox.ending
		if !beginning && e == nil && !ending {
			s.inbox.running = false
			s.rest()
			s.mu.Unlock()
			return
		}
		s.inbox.ending = s.inbox.ending && !ending
		s.mu.Unlock()
		switch {
		case beginning:
			s.protect("connection", s.connect)
		case ending:
			s.protect("disconnection", s.disconnect)
		default:
			s.protect(e.name, func() { s.dispatch(e) })
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// protect runs application code. A panic costs the connection it came from.
func (s *Socket) protect(what string, run func()) {
	returned := false
	defer func() {
		p := recover()
		if returned {
			return
		}
		s.conn.server.count.panics.Add(1)
		s.conn.server.options.Logger.Error("socketio: handler panicked",
			"event", what, "namespace", s.namespace.name, "socket", s.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		s.conn.session.End(ending(ReasonHandlerPanic), true)
		if p == nil {
			// runtime.Goexit, as t.FailNow calls it, takes this goroutine with
			// it: the rest of the inbox needs another.
			go s.handle()
		}
	}()
	run()
	returned = true
}

// connect runs the middleware, answers the client, and runs OnConnect.
func (s *Socket) connect() {
	h := s.namespace.handlers.Load()
	if err := s.admit(h.middleware); err != nil {
		if s.over() {
			return // there is nobody to refuse any more
		}
		var refusal *ConnectError
		if !errors.As(err, &refusal) {
			refusal = &ConnectError{Message: "Connection refused"}
			s.conn.server.options.Logger.Warn("socketio: connection refused", "namespace", s.namespace.name, "error", err)
		}
		s.conn.dismiss(s, refusal)
		s.end(ReasonServerDisconnect)
		return
	}
	answer, err := encodeAnswer(packetConnect, s.namespace.name, struct {
		ID string `json:"sid"`
	}{s.id})
	if err != nil {
		panic(err) // a string is always JSON
	}
	if !s.state.CompareAndSwap(connecting, connected) {
		return // the connection ended meanwhile
	}
	s.admitted = true
	s.conn.server.count.sockets.Add(1)
	s.conn.satisfied()
	_ = s.conn.session.Send(answer.frame) // a session that cannot send has ended by itself
	_ = s.join(&s.namespace.all)          // one that ended meanwhile is cleared away by its end
	if h.connected != nil {
		h.connected(s.ctx, s)
	}
}

func (s *Socket) admit(middleware []Middleware) error {
	for _, m := range middleware {
		if err := m(s.ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (s *Socket) dispatch(e *event) {
	h := s.namespace.handlers.Load()
	s.conn.server.count.events.Add(1)
	if handler := h.events[e.name]; handler != nil {
		handler(s.ctx, s, e.args, e.ack)
	} else if h.other != nil {
		h.other(s.ctx, s, e.name, e.args, e.ack)
	}
}

// disconnect is the last that runs for a socket.
func (s *Socket) disconnect() {
	defer s.conn.handling.Done()
	s.mu.Lock()
	if s.grace != nil {
		s.grace.Stop()
	}
	reason := s.reason
	s.mu.Unlock()
	s.cancel()
	s.conn.left()
	if !s.admitted {
		return
	}
	s.leaveAll()
	s.conn.server.count.disconnected(reason)
	if f := s.namespace.handlers.Load().disconnected; f != nil {
		f(s, reason)
	}
}
