package forward

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
)

// A caller is a process that asks this node.
type caller struct {
	node string
	run  uint64
}

// A task is a request of a caller.
type task struct {
	caller
	number uint64
}

// served is a request of another node's client. Its fields are guarded by Node.mu; once it has begun, only the last two change.
type served struct {
	task
	request *message
	body    []byte
	begun   bool // all of the body is here, and the handler runs
	context context.Context
	cancel  context.CancelFunc
	credit  chan struct{} // has one place: taken has changed

	taken uint64 // bytes of the answer that the client has
	beats int    // since the asker spoke of it
}

// history knows which requests of a caller there have been.
type history struct {
	seen  window
	beats int // since the latest
}

// serve takes a request.
func (n *Node) serve(m *message) {
	t := task{caller{m.from, m.run}, m.n}
	n.mu.Lock()
	known := n.callers[t.caller]
	if known == nil {
		known = &history{}
		n.callers[t.caller] = known
	}
	known.beats = 0
	if !known.seen.first(m.n) {
		n.mu.Unlock()
		return
	}
	size := int64(m.size) //nolint:gosec // a negative one is refused
	full := !n.open || len(n.served) >= n.options.MaxRequests || size < 0 || size > int64(n.options.MaxBody) ||
		int64(len(m.part)) > size || int64(n.bodies)+size > int64(n.options.MaxBytes)
	if full {
		n.count.Refused++
	} else {
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), carried{}, true))
		s := &served{task: t, request: m, context: ctx, cancel: cancel, credit: make(chan struct{}, 1)}
		n.served[t] = s
		n.bodies += int(size)
		n.add(s, m.part)
	}
	n.mu.Unlock()
	switch {
	case full:
		_ = n.send(m.from, &message{kind: kindMore, flags: flagBroken, call: m.call})
	case m.is(flagHello):
		n.list(m.from, kindServing, m.run, []uint64{m.n})
	}
}

// add appends a part of a body, and begins with the request when that is whole. The caller holds n.mu.
func (n *Node) add(s *served, part []byte) {
	if s.body == nil {
		s.body = part
	} else {
		s.body = append(s.body, part...)
	}
	if uint64(len(s.body)) == s.request.size {
		s.begun = true
		n.count.Served++
		n.tasks.Go(func() { n.handle(s) })
	}
}

// forget is the end of a request. The caller holds n.mu.
func (n *Node) forget(s *served) {
	s.cancel()
	delete(n.served, s.task)
	n.bodies -= int(s.request.size) //nolint:gosec // checked by serve
}

// told takes what an asker says about its requests.
func (n *Node) told(m *message) {
	c := caller{m.from, m.run}
	n.mu.Lock()
	defer n.mu.Unlock()
	if m.kind == kindAsking {
		for _, number := range m.calls {
			if s := n.served[task{c, number}]; s != nil && s.begun { // else a part was lost, or comes by itself
				s.beats = 0
			}
		}
		return
	}
	s := n.served[task{c, m.n}]
	if s == nil {
		return
	}
	s.beats = 0
	switch have := uint64(len(s.body)); m.kind {
	case kindBody:
		switch {
		case s.begun, m.offset < have: // once more
		case m.offset > have, uint64(len(m.part)) > s.request.size-have:
			n.forget(s) // there is no telling what is missing
		default:
			n.add(s, m.part)
		}
	case kindTaken:
		if m.offset > s.taken {
			s.taken = m.offset
			select {
			case s.credit <- struct{}{}:
			default:
			}
		}
	case kindCancel:
		n.giveUp(s)
	}
}

// giveUp ends what nobody waits for. A handler that runs finds out by its context. The caller holds n.mu.
func (n *Node) giveUp(s *served) {
	if s.begun {
		s.cancel()
	} else {
		n.forget(s)
	}
}

// ageServed counts a beat, and returns what is worked on: a request that has not come whole is not. The caller holds n.mu.
func (n *Node) ageServed() map[caller][]uint64 {
	for c, h := range n.callers {
		if h.beats++; h.beats > remember {
			delete(n.callers, c)
		}
	}
	working := map[caller][]uint64{}
	for t, s := range n.served {
		if s.beats++; s.beats > silence {
			n.giveUp(s)
			continue
		}
		if !s.begun {
			continue
		}
		working[t.caller] = append(working[t.caller], t.number)
	}
	return working
}

// handle runs the handler.
func (n *Node) handle(s *served) {
	w := &answer{node: n, served: s, header: make(http.Header), length: -1}
	defer func() {
		if reason := recover(); reason != nil {
			if reason != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
				n.log.Error("forward: handler panicked", "error", fmt.Sprint(reason), "stack", string(debug.Stack()))
			}
			w.abandon()
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.forget(s)
	}()
	r, err := s.restore()
	if err != nil { // no node of ours sends it
		w.abandon()
		return
	}
	n.handler.ServeHTTP(w, r)
	w.finish()
}

var errBroken = errors.New("forward: the body broke off")

// restore makes the request as it came to the asker.
func (s *served) restore() (*http.Request, error) {
	m := s.request
	u, err := url.ParseRequestURI(m.uri)
	if err != nil {
		return nil, err
	}
	var body io.Reader = bytes.NewReader(s.body)
	if m.is(flagBroken) {
		body = io.MultiReader(body, broken{})
	}
	r := &http.Request{
		Method: m.method, URL: u, RequestURI: m.uri, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: m.header, Host: m.host, RemoteAddr: m.remote, ContentLength: m.length, Body: io.NopCloser(body),
	}
	if m.is(flagTLS) {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: m.host}
	}
	return r.WithContext(s.context), nil
}

// broken is the end of a body that did not come whole.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }
