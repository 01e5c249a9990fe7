package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

// Middleware decides whether a socket may connect to its namespace. An error
// refuses it: a [*ConnectError] is sent to the client, of any other the client
// learns only that the connection was refused. The context ends with the
// connection, and after ConnectTimeout at the latest.
//
// The socket is not connected yet: it can be given values, nothing can be sent.
type Middleware func(ctx context.Context, s *Socket) error

// Handler handles one event. The handlers of one socket run one after another,
// in the order in which its events arrived; those of different sockets run at
// the same time.
//
// The context ends with the connection, or up to HandlerGrace later while
// events that came before the end are handled. A panic closes the connection,
// and no other.
type Handler func(ctx context.Context, s *Socket, args []json.RawMessage, ack Ack)

// A Namespace is a set of sockets with the same middleware and handlers. It
// may be set up at any time; what connects afterwards sees the change.
type Namespace struct {
	name   string
	server *Server

	setup    sync.Mutex // held to change what follows
	handlers atomic.Pointer[handlers]

	asked atomic.Uint64 // ids of questions given out
	all   room

	mu    sync.RWMutex
	rooms map[string]*room // none of them empty
}

// handlers is what is registered with a namespace. It is replaced, never
// changed, so that a socket reads it without a lock.
type handlers struct {
	middleware   []Middleware
	connected    func(context.Context, *Socket)
	disconnected func(*Socket, Reason)
	events       map[string]Handler
	other        func(context.Context, *Socket, string, []json.RawMessage, Ack)
}

func newNamespace(server *Server, name string) *Namespace {
	n := &Namespace{name: name, server: server, rooms: make(map[string]*room)}
	n.handlers.Store(&handlers{events: make(map[string]Handler)})
	return n
}

// validNamespace reports whether clients can name the namespace.
func validNamespace(name string) bool {
	return strings.HasPrefix(name, "/") && len(name) <= maxNamespace && !strings.ContainsAny(name, ",?") &&
		!strings.ContainsFunc(name, unicode.IsControl)
}

// Name is the namespace's name, "/" for the default one.
func (n *Namespace) Name() string { return n.name }

func (n *Namespace) change(change func(h *handlers)) {
	n.setup.Lock()
	defer n.setup.Unlock()
	h := *n.handlers.Load()
	change(&h)
	n.handlers.Store(&h)
}

// Use adds middleware behind what is there already.
func (n *Namespace) Use(m Middleware) {
	n.change(func(h *handlers) { h.middleware = append(slices.Clone(h.middleware), m) })
}

// OnConnect sets what runs when a socket has connected, before any of its
// events is handled. What it sends comes first on the socket.
func (n *Namespace) OnConnect(f func(ctx context.Context, s *Socket)) {
	n.change(func(h *handlers) { h.connected = f })
}

// OnDisconnect sets what runs once for every socket that had connected, after
// the last of its handlers returned. Nothing can be sent any more.
func (n *Namespace) OnDisconnect(f func(s *Socket, reason Reason)) {
	n.change(func(h *handlers) { h.disconnected = f })
}

// Handle registers the handler of an event. It panics for a name that is
// reserved or taken, as http.ServeMux does. See [On] for typed handlers.
func (n *Namespace) Handle(event string, handler Handler) {
	if reserved(event) {
		panic("socketio: event name is reserved: " + event)
	}
	n.change(func(h *handlers) {
		if _, taken := h.events[event]; taken {
			panic("socketio: event has a handler already: " + event)
		}
		h.events = maps.Clone(h.events)
		h.events[event] = handler
	})
}

// HandleOther sets the handler of events that have none. Without it they are
// ignored, and never acknowledged.
func (n *Namespace) HandleOther(handler func(ctx context.Context, s *Socket, event string, args []json.RawMessage, ack Ack)) {
	n.change(func(h *handlers) { h.other = handler })
}

// On registers a handler that takes the event's first argument as a T decoded
// by encoding/json, and acknowledges with what it returns. An In or Out of
// struct{} stands for no argument.
//
// An error is acknowledged too, in the form of Options.ErrorReply; one that is
// not an [*EventError] is logged. Where the client asked for no
// acknowledgement, results and errors go nowhere else.
func On[In, Out any](n *Namespace, event string, handle func(ctx context.Context, s *Socket, in In) (Out, error)) {
	n.Handle(event, func(ctx context.Context, s *Socket, args []json.RawMessage, ack Ack) {
		var in In
		var out Out
		var err error
		if _, none := any(in).(struct{}); !none {
			if Args(args).Decode(&in) != nil {
				err = &EventError{Message: "invalid payload"}
			}
		}
		if err == nil {
			out, err = handle(ctx, s, in)
		}
		if _, none := any(out).(struct{}); err == nil && none {
			err = ack.Send()
		} else if err == nil {
			err = ack.Send(out)
		}
		if err != nil && !errors.Is(err, ErrNotConnected) {
			n.fail(ctx, s, event, ack, err)
		}
	})
}

// fail acknowledges an error, and logs the one that is not meant for clients.
func (n *Namespace) fail(ctx context.Context, s *Socket, event string, ack Ack, err error) {
	log := n.server.options.Logger
	if shown := (*EventError)(nil); !errors.As(err, &shown) {
		log.ErrorContext(ctx, "socketio: handler failed", "event", event, "socket", s.id, "error", err)
	}
	if err := ack.Send(n.server.options.ErrorReply(err)); err != nil && !errors.Is(err, ErrNotConnected) {
		log.ErrorContext(ctx, "socketio: error cannot be acknowledged", "event", event, "socket", s.id, "error", err)
	}
}
