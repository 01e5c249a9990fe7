package socketio

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// A Server serves Socket.IO clients. It is an [http.Handler] for the path
// that clients use, "/socket.io/" unless they say otherwise.
type Server struct {
	options Options
	engine  *engineio.Server
	count   counters

	setup      sync.Mutex // held to change what follows
	namespaces atomic.Pointer[map[string]*Namespace]
}

// NewServer returns a server with the default namespace "/". It fails for
// options that contradict themselves. It starts no goroutine.
func NewServer(options Options) (*Server, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{options: options}
	s.count.disconnects = make(map[Reason]uint64)
	s.namespaces.Store(&map[string]*Namespace{"/": newNamespace(s, "/")})
	s.engine = engineio.NewServer(engineio.Config{
		PingInterval:   options.PingInterval,
		PingTimeout:    options.PingTimeout,
		WriteTimeout:   options.WriteTimeout,
		CloseTimeout:   options.CloseTimeout,
		UpgradeTimeout: options.UpgradeTimeout,
		MaxPayload:     options.MaxPayload,
		CompressFrom:   options.CompressFrom,
		SendQueue:      options.SendQueue,
		VolatileQueue:  options.VolatileQueue,
		MaxConnections: options.MaxConnections,
		MaxPerAddress:  options.MaxConnectionsPerAddress,
		Address:        options.RemoteAddr,
		Allow:          allow(options.AllowRequest),
		Same:           sameClient(options.SameClient),
		CORS:           options.CORS.handler(),
		Node:           options.Node,
		Forward:        options.Forward,
		Accept:         s.accept,
	})
	return s, nil
}

// Of returns the namespace of that name and makes it if there is none: clients
// can connect to it from then on. A name starts with a slash, holds neither
// comma nor question mark nor control characters, and has at most 256 bytes; Of
// panics for another.
func (s *Server) Of(name string) *Namespace {
	if n := s.namespace(name); n != nil {
		return n
	}
	if !validNamespace(name) {
		panic("socketio: not a namespace: " + name)
	}
	s.setup.Lock()
	defer s.setup.Unlock()
	known := *s.namespaces.Load()
	if n := known[name]; n != nil {
		return n
	}
	known = maps.Clone(known)
	n := newNamespace(s, name)
	known[name] = n
	s.namespaces.Store(&known)
	return n
}

// namespace returns the namespace, or nil.
func (s *Server) namespace(name string) *Namespace { return (*s.namespaces.Load())[name] }

// ServeHTTP opens a connection, over WebSocket or by polling, answers the
// requests of one that polls, or answers with an error in JSON
// ({"code":0,"message":"Transport unknown"} and so on). An [http.Server] needs no
// WriteTimeout or ReadTimeout for it: each answer and body has its own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Shutdown ends the server so that its clients come back by themselves, to
// another one or after a restart. New handshakes are turned away with HTTP
// status 503 at once. Connections are closed spread evenly over the given
// time: each reads nothing new, handles the events that it has, sends what is
// queued, and is closed with WebSocket code 1012.
//
// Shutdown returns when all of them are gone and their handlers have returned.
// If ctx ends before, what is left is closed at once, and the error is the
// context's.
func (s *Server) Shutdown(ctx context.Context, over time.Duration) error {
	s.engine.Refuse()
	sessions := s.engine.Sessions()
	start := time.Now()
	for i, session := range sessions {
		at := start.Add(over * time.Duration(i) / time.Duration(len(sessions)))
		if !sleepUntil(ctx, at) {
			break
		}
		if c, ok := session.Handler().(*conn); ok {
			go c.retire(ctx)
		}
	}
	if err := s.engine.Wait(ctx); err != nil {
		s.closeAll()
		return err
	}
	return nil
}

// sleepUntil reports false if ctx ended before.
func sleepUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Close closes all connections at once, without sending what is queued, and
// turns new ones away. It does not wait for handlers. The error is always nil.
func (s *Server) Close() error {
	s.engine.Refuse()
	s.closeAll()
	return nil
}

func (s *Server) closeAll() {
	for _, session := range s.engine.Sessions() {
		session.End(ending(ReasonShutdown), false)
	}
}

func ending(reason Reason) engineio.Ending {
	return engineio.Ending{Reason: string(reason), Code: reason.consequence().code}
}
