package live

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/socketio"
)

// handler answers one client event. Where what it began goes on by itself it answers with later, and the conn's next event
// is handled meanwhile.
type handler func(ctx context.Context, c *conn, payload json.RawMessage) (answer any, err error)

// later waits for the answer.
type later func() (answer any, err error)

// maxBegun is how many events of one conn may wait for their answers.
const maxBegun = 32

// clientEvents is what clients may send: the events of wire.ClientEvents, each one call of chat.
func (l *Live) clientEvents() map[string]handler {
	return map[string]handler{
		"message:send":   decoded(l.send),
		"message:edit":   decoded(l.edit),
		"message:delete": decoded(l.delete),
		"room:join":      decoded(l.joinRoom),
		"room:leave":     decoded(l.leaveRoom),
		"room:changes":   decoded(l.changes),
		"room:read":      decoded(l.read),
		"room:typing":    decoded(l.typing),
	}
}

// decoded makes a handler of a function that takes the event's payload in its shape.
func decoded[In, Out any](fn func(context.Context, *conn, In) (Out, error)) handler {
	return func(ctx context.Context, c *conn, payload json.RawMessage) (any, error) {
		var in In
		if err := wire.Decode(payload, &in); err != nil {
			return nil, err
		}
		return fn(ctx, c, in)
	}
}

// send begins: the messages of one conn share a commit, in the order in which they came.
func (l *Live) send(ctx context.Context, c *conn, in wire.SendEvent) (later, error) {
	wait, err := l.chat.BeginSend(ctx, c.user.ID, chat.RoomID(in.RoomID), present.Draft(in.SendMessage))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		m, _, err := wait()
		return wire.MessageAnswer{Message: present.Message(m)}, err
	}, nil
}

func (l *Live) edit(ctx context.Context, c *conn, in wire.EditEvent) (wire.MessageAnswer, error) {
	m, err := l.chat.Edit(ctx, c.user.ID, chat.RoomID(in.RoomID), in.Seq, in.Text, c.asked)
	return wire.MessageAnswer{Message: present.Message(m)}, err
}

func (l *Live) delete(ctx context.Context, c *conn, in wire.MessageRef) (wire.MessageAnswer, error) {
	m, err := l.chat.Delete(ctx, c.user.ID, chat.RoomID(in.RoomID), in.Seq)
	return wire.MessageAnswer{Message: present.Message(m)}, err
}

func (l *Live) joinRoom(ctx context.Context, c *conn, in wire.RoomRef) (wire.JoinAnswer, error) {
	seen, err := l.chat.Join(ctx, c.user.ID, chat.RoomID(in.RoomID))
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	return present.Joined(seen.Room, *seen.Membership, seen.PeerLeft), nil
}

func (l *Live) leaveRoom(ctx context.Context, c *conn, in wire.RoomRef) (wire.Empty, error) {
	return wire.Empty{}, l.chat.Leave(ctx, c.user.ID, chat.RoomID(in.RoomID))
}

func (l *Live) changes(ctx context.Context, c *conn, in wire.ChangesEvent) (wire.ChangesAnswer, error) {
	changes, err := l.chat.Changes(ctx, c.user.ID, chat.RoomID(in.RoomID), in.Since, in.Epoch, in.Limit)
	if err == nil {
		l.meter.Resumed(changes.Reset)
	}
	return present.Changes(changes), err
}

func (l *Live) read(ctx context.Context, c *conn, in wire.ReadEvent) (wire.ReadAnswer, error) {
	seq, unread, err := l.chat.Read(ctx, c.user.ID, chat.RoomID(in.RoomID), in.Seq)
	return wire.ReadAnswer{ReadSeq: seq, Unread: unread}, err
}

func (l *Live) typing(ctx context.Context, c *conn, in wire.RoomRef) (wire.Empty, error) {
	return wire.Empty{}, l.chat.Type(ctx, c.user.ID, chat.RoomID(in.RoomID))
}

// connKey finds a socket's conn.
var connKey = socketio.NewKey[*conn]("conn")

// listen gives the namespace its middleware and handlers.
func (l *Live) listen(n *socketio.Namespace) {
	n.Use(func(ctx context.Context, s *socketio.Socket) error {
		identity, err := l.authenticate(ctx, s)
		if err != nil {
			if chat.CodeOf(err) != chat.Unauthorized {
				// Who is refused does not come back by itself, and this client should.
				l.logError(ctx, "authenticating a connection", err, slog.String("conn_id", s.ID()))
				s.Close(socketio.ReasonForcedClose)
			}
			l.meter.Turned(present.Error(err).Code)
			return refusal(err)
		}
		connKey.Set(s, &conn{
			socket: s, user: identity.User, session: identity.SessionID,
			limit: chat.NewLimiter(l.clock, l.eventRate(), eventBurst), subs: map[chat.RoomID]*subscription{},
		})
		return nil
	})
	n.OnConnect(func(ctx context.Context, s *socketio.Socket) {
		c, _ := connKey.Get(s)
		l.logOpened(ctx, c)
		if err := l.connect(ctx, c); err != nil {
			// The client comes back by itself, and with luck to a database that answers.
			l.logError(ctx, "opening a connection", err, c.logged()...)
			s.Close(socketio.ReasonForcedClose)
		}
	})
	n.OnDisconnect(func(s *socketio.Socket, reason socketio.Reason) {
		if c, ok := connKey.Get(s); ok {
			l.forget(c)
			l.logClosed(c, reason)
		}
	})
	for event, handle := range l.clientEvents() {
		n.Handle(event, func(ctx context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
			c, _ := connKey.Get(s)
			l.answer(ctx, event, c, handle, args, ack)
		})
	}
	n.HandleOther(func(ctx context.Context, s *socketio.Socket, _ string, args []json.RawMessage, ack socketio.Ack) {
		c, _ := connKey.Get(s)
		l.answer(ctx, "unknown", c, unknownEvent, args, ack)
	})
}

func unknownEvent(context.Context, *conn, json.RawMessage) (any, error) {
	return nil, chat.Errorf(chat.Invalid, "no such event")
}

func (l *Live) eventRate() float64 {
	if l.limited {
		return eventRate
	}
	return 0
}

// authenticate finds out whose the socket is: by the token it names, else by what its handshake carried.
func (l *Live) authenticate(ctx context.Context, s *socketio.Socket) (auth.Identity, error) {
	token := openingOf(ctx).tokens.Access
	if raw := s.Handshake().Auth; len(raw) > 0 {
		var named struct {
			Token string `json:"token"`
		}
		if json.Unmarshal(raw, &named) == nil && named.Token != "" {
			token = named.Token
		}
	}
	return l.auth.Authenticate(ctx, token)
}

// refusal words a failed authentication. Clients act on the message: with unauthorized they refresh, then connect again.
func refusal(err error) error {
	failure := present.Failure(err, "")
	return &socketio.ConnectError{Message: failure.Code, Data: failure}
}

// answer has an event handled and acknowledges it.
func (l *Live) answer(ctx context.Context, event string, c *conn, handle handler, args []json.RawMessage, ack socketio.Ack) {
	start := time.Now()
	c.asked = ack.Asked()
	answer, err := l.call(ctx, c, handle, args)
	wait, begun := answer.(later)
	switch {
	case err != nil || !begun:
		l.acknowledge(ctx, event, c, start, answer, err, ack)
	case c.begun.Add(1) > maxBegun:
		c.begun.Add(-1)
		answer, err = wait()
		l.acknowledge(ctx, event, c, start, answer, err, ack)
	default:
		done := c.socket.Continue()
		go func() {
			defer done()
			defer c.begun.Add(-1)
			answer, err := wait()
			l.acknowledge(ctx, event, c, start, answer, err, ack)
		}()
	}
}

func (l *Live) acknowledge(ctx context.Context, event string, c *conn, start time.Time, answer any, err error, ack socketio.Ack) {
	if asked := ack.Asked(); !asked.IsZero() {
		start = asked // it may have waited for its turn
	}
	code := chat.Code("")
	defer func() { l.meter.Answered(event, code, time.Since(start)) }()
	if err != nil {
		code = present.Error(err).Code
		l.logFailure(ctx, event, c, err, time.Since(start))
		failure := present.Failure(err, c.socket.ID())
		answer = wire.Answer{Error: &failure}
	}
	if !ack.Wanted() {
		return
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		l.logError(ctx, "encoding an acknowledgement", err, c.logged()...)
		return
	}
	if _, failed := answer.(wire.Answer); !failed {
		raw = withOK(raw)
	}
	_ = ack.Send(json.RawMessage(raw)) // who is gone asks again with the same clientId
}

func (l *Live) call(ctx context.Context, c *conn, handle handler, args []json.RawMessage) (any, error) {
	if wait, ok := c.limit.Allow(""); !ok {
		return nil, &chat.Error{Code: chat.RateLimited, Message: "too many events", RetryAfter: wait}
	}
	if len(args) != 1 {
		return nil, chat.Errorf(chat.Invalid, "an event takes one object")
	}
	return handle(ctx, c, args[0])
}

// withOK puts ok: true before the fields of an answer.
func withOK(object []byte) []byte {
	if len(object) == 2 { // {}
		return []byte(`{"ok":true}`)
	}
	return append([]byte(`{"ok":true,`), object[1:]...)
}
