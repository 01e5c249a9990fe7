package socketio

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// conn is one connection and the sockets it carries, at most one for each
// namespace.
type conn struct {
	server  *Server
	session *engineio.Session
	opening opening

	partial *partial // for whoever reads

	// handling counts sockets whose end has not been handled.
	handling sync.WaitGroup

	mu sync.Mutex
	// sockets holds, of every namespace ever connected to, the latest socket.
	// One that was disconnected stays until its successor comes, since what
	// the client sent before it knew has to be told from a breach of protocol.
	sockets  []*Socket
	refused  int         // CONNECT packets
	joined   int         // sockets connected or connecting
	late     *time.Timer // for the next attachment, where one is missing
	deadline *time.Timer // for the first socket to connect, or the next
	retiring bool        // events are not taken any more
	ended    bool
}

// partial is a packet whose attachments have not all come.
type partial struct {
	packet      packet
	attachments [][]byte
	size        int // bytes so far
}

var _ engineio.Handler = (*conn)(nil)

// maxRefused bounds how often one connection may be refused by namespaces.
const maxRefused = 32

func (s *Server) accept(session *engineio.Session, r *http.Request) engineio.Handler {
	c := &conn{
		server:  s,
		session: session,
		opening: s.newOpening(r),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expect()
	return c
}

// expect closes the connection unless a socket connects in time. The caller
// holds c.mu.
func (c *conn) expect() {
	if c.ended || c.deadline != nil {
		return
	}
	c.deadline = time.AfterFunc(c.server.options.ConnectTimeout, func() {
		c.session.End(ending(ReasonConnectTimeout), true)
	})
}

// satisfied is told of every socket that connects.
func (c *conn) satisfied() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopDeadline()
}

func (c *conn) stopDeadline() {
	if c.deadline != nil {
		c.deadline.Stop()
		c.deadline = nil
	}
}

// left is told of every socket that ended, connected or not.
func (c *conn) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joined--; c.joined == 0 {
		c.expect()
	}
}

// Receive implements [engineio.Handler].
func (c *conn) Receive(payload []byte, binary bool) error {
	if binary {
		return c.attachment(payload)
	}
	if c.partial != nil {
		return engineio.Violated("packet where an attachment is missing")
	}
	p, err := parsePacket(payload)
	if err != nil {
		return err
	}
	if p.attachments == 0 {
		return c.packet(&p, len(payload))
	}
	c.partial = &partial{packet: p, size: len(payload)}
	c.await()
	return nil
}

// await closes the connection unless the next attachment comes in time.
func (c *conn) await() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
	case c.late == nil:
		c.late = time.AfterFunc(c.server.options.PingTimeout, func() { c.session.End(ending(ReasonParseError), true) })
	default:
		c.late.Reset(c.server.options.PingTimeout)
	}
}

// arrived is told that no attachment is missing any more.
func (c *conn) arrived() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late != nil {
		c.late.Stop()
		c.late = nil
	}
}

// attachment takes one more attachment, and the packet with the last one.
func (c *conn) attachment(payload []byte) error {
	p := c.partial
	if p == nil {
		return engineio.Violated("attachment that no packet announced")
	}
	p.attachments = append(p.attachments, payload)
	p.size += len(payload)
	if len(p.attachments) < p.packet.attachments {
		c.await()
		return nil
	}
	c.partial = nil
	c.arrived()
	if err := attach(p.packet.args, p.attachments); err != nil {
		return err
	}
	return c.packet(&p.packet, p.size)
}

// packet takes a packet that is complete.
func (c *conn) packet(p *packet, size int) error {
	if p.kind == packetConnect {
		return c.connect(p)
	}
	s := c.socket(p.namespace)
	if s == nil {
		return engineio.Violated("packet for a namespace that is not connected")
	}
	switch p.kind {
	case packetEvent:
		name, err := eventName(p.args[0])
		if err != nil {
			return err
		}
		e := &event{name: name, args: p.args[1:], size: size}
		if p.hasID {
			e.ack = Ack{&question{socket: s, id: p.id, asked: time.Now().UnixNano()}}
		}
		return c.take(s, e)
	case packetAck:
		s.acknowledged(p.id, p.args)
	case packetDisconnect:
		s.end(ReasonClientDisconnect)
	}
	return nil
}

// socket returns the latest socket of a namespace, or nil.
func (c *conn) socket(namespace string) *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace.name == namespace {
			return s
		}
	}
	return nil
}

// take queues an event for its handler, unless the connection is on its way
// out: the client has no acknowledgement then, and tries again elsewhere.
func (c *conn) take(s *Socket, e *event) error {
	c.mu.Lock()
	retiring := c.retiring
	c.mu.Unlock()
	if retiring {
		return nil
	}
	return s.enqueue(e)
}

// connect answers a CONNECT packet, at once if the namespace is unknown, else
// when the middleware has decided.
func (c *conn) connect(p *packet) error {
	n := c.server.namespace(p.namespace)
	if n == nil {
		return c.refuse(p.namespace, &ConnectError{Message: "Invalid namespace"})
	}
	if before := c.socket(p.namespace); before != nil && before.over() {
		// Its handlers may not be done yet. What is meant for it would reach its
		// successor.
		before.leaveAll()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.retiring {
		return nil
	}
	at := slices.IndexFunc(c.sockets, func(s *Socket) bool { return s.namespace == n })
	switch {
	case at >= 0 && !c.sockets[at].over():
		return engineio.Violated("second connection to a namespace")
	case at < 0 && len(c.sockets) >= c.server.options.MaxNamespaces:
		return engineio.Violated("too many namespaces")
	}
	s := newSocket(c, n, p.auth)
	if at < 0 {
		c.sockets = append(c.sockets, s)
	} else {
		c.sockets[at] = s
	}
	c.joined++
	c.handling.Add(1)
	s.begin()
	return nil
}

// refuse answers a CONNECT packet with an error. It sends, so that c.mu must
// not be held: a full queue ends the connection, which takes the lock.
func (c *conn) refuse(namespace string, refusal *ConnectError) error {
	c.mu.Lock()
	c.refused++
	often := c.refused > maxRefused
	c.mu.Unlock()
	if often {
		return engineio.Violated("refused too often")
	}
	frame, err := encodeAnswer(packetConnectError, namespace, refusal)
	if err != nil { // the application's data is not JSON
		c.server.options.Logger.Error("socketio: connect error cannot be encoded", "namespace", namespace, "error", err)
		if frame, err = encodeAnswer(packetConnectError, namespace, &ConnectError{Message: refusal.Message}); err != nil {
			return err
		}
	}
	_ = c.session.Send(frame.frame) // a session that cannot send has ended by itself
	return nil
}

// dismiss refuses a socket on behalf of its middleware.
func (c *conn) dismiss(s *Socket, refusal *ConnectError) {
	c.mu.Lock()
	c.sockets = slices.DeleteFunc(c.sockets, func(other *Socket) bool { return other == s })
	c.mu.Unlock()
	if c.refuse(s.namespace.name, refusal) != nil {
		c.session.End(ending(ReasonParseError), true)
	}
}

// retire closes the connection when its handlers have dealt with the events
// that are there.
func (c *conn) retire(ctx context.Context) {
	c.mu.Lock()
	c.retiring = true
	sockets := slices.Clone(c.sockets)
	c.mu.Unlock()
	for _, s := range sockets {
		select {
		case <-s.idle():
		case <-ctx.Done():
			return
		}
	}
	c.session.End(ending(ReasonShutdown), true)
}

// Ended implements [engineio.Handler].
func (c *conn) Ended(e engineio.Ending) {
	c.mu.Lock()
	c.ended = true
	c.stopDeadline()
	if c.late != nil {
		c.late.Stop()
	}
	sockets := slices.Clone(c.sockets)
	c.mu.Unlock()
	if e.Err != nil {
		c.server.options.Logger.Debug("socketio: connection ended", "reason", e.Reason, "error", e.Err)
	}
	for _, s := range sockets {
		s.end(Reason(e.Reason))
	}
}

// Gone implements [engineio.Handler].
func (c *conn) Gone() { c.handling.Wait() }
