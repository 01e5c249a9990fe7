package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// A Socket is one client's connection to one namespace. Its methods may be
// called from any goroutine, and none of them but EmitWithAck waits.
//
// What one goroutine sends arrives in the order it was sent.
type Socket struct {
	id        string
	conn      *conn
	namespace *Namespace
	auth      json.RawMessage
	ctx       context.Context
	cancel    context.CancelFunc
	state     atomic.Int32
	admitted  bool // it has been connected; for the goroutine of the inbox

	mu     sync.Mutex
	inbox  inbox
	grace  *time.Timer // cancels what is still handled after the end
	reason Reason      // of the end
	acks   map[uint64]chan<- Args
	values []attached

	// joined is taken before the lock of a room, and by nobody who sends.
	joined      sync.Mutex
	memberships []*membership
	left        bool // it joins no rooms any more
}

// The states of a socket, in their order.
const (
	connecting int32 = iota
	connected
	over
)

func newSocket(c *conn, n *Namespace, auth json.RawMessage) *Socket {
	s := &Socket{id: engineio.NewID(), conn: c, namespace: n, auth: auth}
	s.ctx, s.cancel = context.WithCancel(c.opening.context)
	return s
}

// ID identifies the socket: 20 characters, 120 random bits, known to its
// client as socket.id.
func (s *Socket) ID() string { return s.id }

// Namespace is where the socket is connected.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Handshake is how the socket came to be.
func (s *Socket) Handshake() *Handshake { return s.conn.newHandshake(s.auth) }

// Connected reports whether something can be sent.
func (s *Socket) Connected() bool { return s.state.Load() == connected }

// Transport is what carries the connection at the moment: "polling" or
// "websocket".
func (s *Socket) Transport() string { return s.conn.session.Transport() }

// Queued is the number of bytes that wait for the client on this connection,
// over all its sockets.
func (s *Socket) Queued() int { return s.conn.session.Queued() }

func (s *Socket) over() bool { return s.state.Load() == over }

// Send queues frames: all of them, to be written together, or none. A
// connection whose queue is full is closed with [ReasonSlowConsumer], and Send
// fails, with [ErrNotConnected] as it does on every socket that is not
// connected.
func (s *Socket) Send(frames ...*Frame) error {
	var few [8]*engineio.Frame // on the stack
	list := few[:0]
	for _, f := range frames {
		if err := s.sendable(f); err != nil {
			return err
		}
		list = append(list, f.frame)
	}
	return connectionError(s.conn.session.Send(list...))
}

// SendVolatile is Send for what is worthless when late, such as typing
// notices: where more than VolatileQueue bytes wait already, the frame is
// dropped. It reports whether the frame was queued.
func (s *Socket) SendVolatile(f *Frame) (bool, error) {
	if err := s.sendable(f); err != nil {
		return false, err
	}
	sent, err := s.conn.session.SendVolatile(f.frame)
	if !sent && err == nil {
		s.conn.server.count.dropped.Add(1)
	}
	return sent, connectionError(err)
}

func (s *Socket) sendable(f *Frame) error {
	if !s.Connected() {
		return ErrNotConnected
	}
	if f.namespace != s.namespace.name {
		return ErrNamespace
	}
	return nil
}

func connectionError(err error) error {
	if errors.Is(err, engineio.ErrClosed) {
		return ErrNotConnected
	}
	return err
}

// Emit encodes an event and sends it. For more than one socket, encode once
// with [EncodeEvent] and Send the frame.
func (s *Socket) Emit(event string, args ...any) error {
	frame, err := EncodeEvent(s.namespace.name, event, args...)
	if err != nil {
		return err
	}
	return s.Send(frame)
}

// EmitWithAck emits an event and waits for the client's acknowledgement: until
// ctx ends, and no longer than AckTimeout where ctx has no deadline. What the
// client answers later is ignored.
//
// It fails with [ErrAckTimeout] or the context's error, with [ErrNotConnected]
// when the socket ends, and with [ErrPendingAcks]. Called in a handler, it
// keeps the later events of its socket waiting; when EventQueue of them do, the
// answer is not read either.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) (Args, error) {
	ctx, cancel := s.conn.server.patience(ctx)
	defer cancel()
	id := s.namespace.asked.Add(1)
	frame, err := encodeEvent(s.namespace.name, event, &id, args)
	if err != nil {
		return nil, err
	}
	answer, err := s.ask(id, frame)
	if err != nil {
		return nil, err
	}
	return s.await(ctx, id, answer)
}

// patience bounds a wait for acknowledgements that has no bound yet.
func (s *Server) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.options.AckTimeout, ErrAckTimeout)
}

// ask sends a frame that asks for an acknowledgement, which arrives on the
// channel. It is closed instead when the socket ends.
func (s *Socket) ask(id uint64, frame *Frame) (<-chan Args, error) {
	answer := make(chan Args, 1)
	if err := s.expect(id, answer); err != nil {
		return nil, err
	}
	if err := s.Send(frame); err != nil {
		s.forget(id)
		return nil, err
	}
	return answer, nil
}

// await waits for the answer to a question. One that is there counts, however
// late it is looked at.
func (s *Socket) await(ctx context.Context, id uint64, answer <-chan Args) (Args, error) {
	defer s.forget(id)
	select {
	case args, ok := <-answer:
		return answered(args, ok)
	case <-ctx.Done():
	}
	select {
	case args, ok := <-answer:
		return answered(args, ok)
	default:
		return nil, context.Cause(ctx)
	}
}

func answered(args Args, ok bool) (Args, error) {
	if !ok {
		return nil, ErrNotConnected
	}
	return args, nil
}

func (s *Socket) expect(id uint64, answer chan<- Args) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Connected() {
		return ErrNotConnected
	}
	if len(s.acks) >= s.conn.server.options.MaxPendingAcks {
		return ErrPendingAcks
	}
	if s.acks == nil {
		s.acks = make(map[uint64]chan<- Args)
	}
	s.acks[id] = answer
	return nil
}

func (s *Socket) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acks, id)
}

// acknowledged hands over the client's answer. One that nobody waits for, or
// not any more, is ignored.
func (s *Socket) acknowledged(id uint64, args []json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer, ok := s.acks[id]; ok {
		delete(s.acks, id)
		answer <- args // has room for the one answer
	}
}

// Disconnect ends the socket with a DISCONNECT packet, behind what is queued.
// The client does not come back by itself; the connection stays open for its
// other namespaces. To have the client come back, use Close.
func (s *Socket) Disconnect() {
	if !s.end(ReasonServerDisconnect) {
		return
	}
	s.leaveAll() // before the client may connect again, and takes what was meant for this socket
	frame, err := encodeAnswer(packetDisconnect, s.namespace.name, nil)
	if err == nil {
		_ = s.conn.session.Send(frame.frame) // a session that cannot send has ended by itself
	}
}

// Close closes the whole connection, with all its sockets: what is queued is
// sent first, within CloseTimeout, so that
//
//	socket.Send(farewell)
//	socket.Close(reason)
//
// loses nothing to a client that reads. Events that wait for their handlers
// are dropped. Clients come back by themselves, as after a lost connection.
// The reason is for OnDisconnect and Stats, and the close frame carries its
// first 123 bytes to the client; empty stands for [ReasonForcedClose]. Close
// does not wait.
func (s *Socket) Close(reason Reason) {
	if reason == "" {
		reason = ReasonForcedClose
	}
	s.conn.session.End(ending(reason), true)
}
