package engineio

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"
)

// A Server opens sessions and knows those that live.
type Server struct {
	config Config

	opened, refused atomic.Uint64

	mu        sync.Mutex
	sessions  map[string]*Session
	addresses map[string]int // only where MaxPerAddress is set
	open      int            // sessions and handshakes under way
	draining  bool
	gone      chan struct{} // closed when draining and nothing is open
}

// NewServer returns a server for sessions of this kind.
func NewServer(config Config) *Server {
	return &Server{
		config:    config,
		sessions:  make(map[string]*Session),
		addresses: make(map[string]int),
		gone:      make(chan struct{}),
	}
}

// Count is the number of connections: sessions, and handshakes under way. A
// session counts until its handlers have returned.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Opened counts the handshakes that succeeded since the start.
func (s *Server) Opened() uint64 { return s.opened.Load() }

// Refused counts those that did not.
func (s *Server) Refused() uint64 { return s.refused.Load() }

// ServeHTTP opens a session over WebSocket, or says in JSON why not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.check(r); err != nil {
		s.refused.Add(1)
		refuse(w, err)
		return
	}
	address := s.config.Address(r)
	if err := s.reserve(address); err != nil {
		s.refused.Add(1)
		refuse(w, err)
		return
	}
	conn, rw, _, err := ws.HTTPUpgrader{Timeout: s.config.WriteTimeout}.Upgrade(r, w)
	if err != nil {
		s.refused.Add(1)
		s.free(address)
		if conn != nil {
			_ = conn.Close()
		}
		return
	}
	ahead, _ := rw.Peek(rw.Reader.Buffered()) // what is buffered can be peeked
	transport := newWebsocket(conn, ahead, &s.config)
	s.start(r, transport, address)
}

// check finds what is wrong with a handshake, in the reference server's order.
// Parameters are compared with what is allowed, never looked up by name
// (CVE-2023-31125), and a repeated one is as bad as an unknown one.
func (s *Server) check(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errRequest
	}
	if only(query["transport"]) != "websocket" {
		return errTransport
	}
	if only(query["EIO"]) != "4" {
		return errProtocol
	}
	if sid, ok := query["sid"]; ok {
		s.mu.Lock()
		known := s.sessions[only(sid)] != nil
		s.mu.Unlock()
		if !known {
			return errSession
		}
		return errRequest // a session over WebSocket has nothing to upgrade to
	}
	if r.Method != http.MethodGet {
		return errMethod
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return errRequest
	}
	if s.config.Allow != nil {
		return s.config.Allow(r)
	}
	return nil
}

func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// reserve takes a place among the connections.
func (s *Server) reserve(address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return errDraining
	case s.config.MaxConnections > 0 && s.open >= s.config.MaxConnections:
		return errFull
	case s.config.MaxPerAddress > 0 && s.addresses[address] >= s.config.MaxPerAddress:
		return errAddress
	}
	s.open++
	if s.config.MaxPerAddress > 0 {
		s.addresses[address]++
	}
	return nil
}

// free gives a place back.
func (s *Server) free(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.config.MaxPerAddress > 0 {
		if s.addresses[address]--; s.addresses[address] == 0 {
			delete(s.addresses, address)
		}
	}
	if s.draining && s.open == 0 {
		close(s.gone)
	}
}

// start runs a session on a fresh goroutine: the one that served the HTTP
// request has grown a stack that an idle connection would keep.
func (s *Server) start(r *http.Request, transport *websocket, address string) {
	session := &Session{id: NewID(), server: s, transport: transport, address: address}
	session.out.limit, session.out.volatile = s.config.SendQueue, s.config.VolatileQueue
	session.drainer = session.drain
	transport.control = func(f *Frame) { _ = session.Send(f) }

	session.handler = s.config.Accept(session, r)
	session.mu.Lock()
	session.schedule(s.config.PingInterval)
	session.mu.Unlock()

	s.opened.Add(1)
	s.mu.Lock()
	s.sessions[session.id] = session // known before its client knows it
	late := s.draining
	s.mu.Unlock()
	_ = session.Send(s.openFrame(session.id)) // a failure ends the session like any other
	if late {
		session.End(Ending{Shutdown, CodeRestart, nil}, true)
	}
	go session.serve()
}

// forget is the end of a session's life.
func (s *Server) forget(session *Session) {
	s.mu.Lock()
	delete(s.sessions, session.id)
	s.mu.Unlock()
}

func (s *Server) openFrame(id string) *Frame {
	open, _ := json.Marshal(struct { //nolint:errchkjson // strings and integers
		ID           string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"` // milliseconds, like PingTimeout
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"` // bytes
	}{id, []string{}, s.config.PingInterval.Milliseconds(), s.config.PingTimeout.Milliseconds(), s.config.MaxPayload})
	return sealed(ws.OpText, append([]byte{packetOpen}, open...))
}

// Refuse turns new connections away from now on.
func (s *Server) Refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return
	}
	s.draining = true
	if s.open == 0 {
		close(s.gone)
	}
}

// Sessions lists those that are open.
func (s *Server) Sessions() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	sessions := make([]*Session, 0, len(s.sessions))
	for _, session := range s.sessions {
		sessions = append(sessions, session)
	}
	return sessions
}

// Wait returns when, after Refuse, the last session is gone.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idBytes makes an identifier of 20 characters: 120 bits, as OWASP asks of
// what stands for a session (ASVS 5.0, 7.2.3).
const idBytes = 15

// NewID returns a random identifier.
func NewID() string {
	var b [idBytes]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
