package engineio

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// A Server opens sessions and knows those that live.
type Server struct {
	config  Config
	writers writers
	pings   beats // sessions that wait to be pinged
	pongs   beats // sessions that were, and have not answered

	opened, refused, upgraded, forwarded atomic.Uint64

	mu        sync.Mutex
	sessions  map[string]*Session
	addresses map[string]int // only where MaxPerAddress is set
	count     int            // sessions and handshakes under way
	draining  bool
	gone      chan struct{} // closed when draining and nothing is open
}

// NewServer returns a server for sessions of this kind.
func NewServer(config Config) *Server {
	beating := new(sync.Mutex)
	return &Server{
		config:    config,
		writers:   writers{most: (runtime.GOMAXPROCS(0) + 1) / 2},
		pings:     beats{after: config.PingInterval, tick: (*Session).ping, mu: beating},
		pongs:     beats{after: config.PingTimeout, tick: (*Session).miss, mu: beating},
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
	return s.count
}

// Opened counts the handshakes that succeeded since the start.
func (s *Server) Opened() uint64 { return s.opened.Load() }

// Refused counts those that did not.
func (s *Server) Refused() uint64 { return s.refused.Load() }

// Upgraded counts the websockets that took over from polling.
func (s *Server) Upgraded() uint64 { return s.upgraded.Load() }

// Forwarded counts the requests that another server answered.
func (s *Server) Forwarded() uint64 { return s.forwarded.Load() }

// ServeHTTP opens a session, answers a request of one, or says in JSON why not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.config.CORS != nil && s.config.CORS(w, r) {
		return
	}
	if r.ContentLength != 0 {
		// A body has the time that a ping has for its pong, which may well be in
		// it; also one that is refused, since net/http reads on before it answers.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.config.PingTimeout))
	}
	name, session, err := s.check(r)
	var away *elsewhere
	switch {
	case errors.As(err, &away):
		s.forward(w, r, away.node)
	case err != nil && session == nil:
		s.refused.Add(1)
		refuse(w, err)
	case err != nil:
		refuse(w, err)
	case session == nil:
		s.open(w, r, name)
	case name == "websocket":
		if t := s.websocket(w, r); t != nil {
			go session.upgrade(t)
		}
	default:
		if p := session.poll.Load(); p != nil {
			p.serve(w, r)
		} else { // a websocket has taken over since the check
			refuse(w, session.refusal())
		}
	}
}

// check finds out what a request wants, and what is wrong with it, in the
// reference server's order. Parameters are compared with what is allowed, never
// looked up by name (CVE-2023-31125), and a repeated one is as bad as an unknown
// one.
func (s *Server) check(r *http.Request) (transport string, session *Session, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", nil, errRequest
	}
	switch transport = only(query["transport"]); transport {
	case "polling", "websocket":
	default:
		return "", nil, errTransport
	}
	if only(query["EIO"]) != "4" {
		return "", nil, errProtocol
	}
	if sid, ok := query["sid"]; ok {
		s.mu.Lock()
		session = s.sessions[only(sid)]
		s.mu.Unlock()
		if session == nil {
			return "", nil, s.unknown(only(sid), transport, r.Method)
		}
		if s.config.Same != nil && !s.config.Same(session, r) {
			return "", session, errSession
		}
	}
	switch {
	case session != nil && transport == "polling":
		if session.poll.Load() == nil {
			return "", session, errRequest // it has a websocket
		}
	case r.Method != http.MethodGet:
		return "", session, errMethod
	}
	if s.config.Allow != nil {
		if err := s.config.Allow(r); err != nil {
			return "", session, err
		}
	}
	if transport == "websocket" {
		if err := checkOpening(r); err != nil {
			return "", session, err
		}
	}
	return transport, session, nil
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
	case s.config.MaxConnections > 0 && s.count >= s.config.MaxConnections:
		return errFull
	case s.config.MaxPerAddress > 0 && s.addresses[address] >= s.config.MaxPerAddress:
		return errAddress
	}
	s.count++
	if s.config.MaxPerAddress > 0 {
		s.addresses[address]++
	}
	return nil
}

// free gives a place back.
func (s *Server) free(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	if s.config.MaxPerAddress > 0 {
		if s.addresses[address]--; s.addresses[address] == 0 {
			delete(s.addresses, address)
		}
	}
	if s.draining && s.count == 0 {
		close(s.gone)
	}
}

// open opens a session.
func (s *Server) open(w http.ResponseWriter, r *http.Request, transport string) {
	address := s.config.Address(r)
	if err := s.reserve(address); err != nil {
		s.refused.Add(1)
		refuse(w, err)
		return
	}
	session := &Session{id: s.newID(), server: s, address: address}
	session.out.limit, session.out.volatile = s.config.SendQueue, s.config.VolatileQueue
	session.out.draining = true // the open packet comes first, past the queue
	if transport == "websocket" {
		s.openWebsocket(w, r, session)
	} else {
		s.openPolling(w, r, session)
	}
}

func (s *Server) openWebsocket(w http.ResponseWriter, r *http.Request, session *Session) {
	conn, ahead, err := takeOver(w)
	if err != nil {
		s.refused.Add(1)
		s.free(session.address)
		refuse(w, err)
		return
	}
	t := newWebsocket(conn, ahead, r, &s.config)
	t.owner = session
	session.socket = t
	late := s.begin(session, r)

	// The answer and the open packet leave in one piece: a client that has the
	// one and never gets the other waits for its own time-out.
	opening := append(openingAnswer(r, t.compresses), s.openFrame(session.id, false).wire...)
	if err := t.send(opening); err != nil {
		session.End(writeEnding(err), false)
	}
	if late {
		session.End(Ending{Shutdown, CodeRestart, nil}, true)
	}
	if !session.out.rest() {
		session.wake()
	}
	session.serve()
}

func (s *Server) openPolling(w http.ResponseWriter, r *http.Request, session *Session) {
	p := &polling{session: session}
	session.poll.Store(p)
	late := s.begin(session, r)
	if late {
		session.End(Ending{Shutdown, CodeRestart, nil}, false)
		refuse(w, errDraining)
		return
	}
	err := p.answer(w, s.openFrame(session.id, true).Packet())
	switch {
	case err != nil:
		session.End(writeEnding(err), false)
		p.give()
	case !session.out.rest():
		session.wake()
	}
}

// begin makes the session known, before its client knows it. It reports
// whether the server has begun to shut down meanwhile.
func (s *Server) begin(session *Session, r *http.Request) (late bool) {
	session.handler = s.config.Accept(session, r)
	s.pings.add(session)
	s.opened.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[session.id] = session
	return s.draining
}

// websocket answers the opening handshake of an upgrade.
func (s *Server) websocket(w http.ResponseWriter, r *http.Request) *websocket {
	conn, ahead, err := takeOver(w)
	if err != nil {
		refuse(w, err)
		return nil
	}
	t := newWebsocket(conn, ahead, r, &s.config)
	if err := t.send(openingAnswer(r, t.compresses)); err != nil {
		t.abort(false)
		return nil
	}
	return t
}

// forget is the end of a session's life.
func (s *Server) forget(session *Session) {
	s.mu.Lock()
	delete(s.sessions, session.id)
	s.mu.Unlock()
}

// openFrame is the first packet of a session. Only polling can be upgraded.
func (s *Server) openFrame(id string, upgrades bool) *Frame {
	to := []string{}
	if upgrades {
		to = append(to, "websocket")
	}
	open, _ := json.Marshal(struct { //nolint:errchkjson // strings and integers
		ID           string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"` // milliseconds, like PingTimeout
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"` // bytes
	}{id, to, s.config.PingInterval.Milliseconds(), s.config.PingTimeout.Milliseconds(), s.config.MaxPayload})
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
	if s.count == 0 {
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

// Queues counts the sessions that poll, and the bytes that wait to be written: of
// all sessions together, and of the one for which most do.
func (s *Server) Queues() (polling, bytes, most int) {
	for _, session := range s.Sessions() {
		if session.poll.Load() != nil {
			polling++
		}
		waiting := session.Queued()
		bytes += waiting
		most = max(most, waiting)
	}
	return polling, bytes, most
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
