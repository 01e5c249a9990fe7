package forward

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// asked is a request of a client of this node's that another one is asked. Its fields are guarded by Node.mu.
type asked struct {
	node   string
	number uint64
	sent   bool // the owner may know of it
	blind  bool // the node had not been heard of
	beats  int  // since the owner spoke of it
	head   *message
	parts  [][]byte // that the client has yet to take
	have   uint64   // bytes of the answer that came
	ended  bool     // all of it came
	failed bool
	wake   chan struct{} // has one place: something above has changed
}

// fail ends a request that is not answered yet. The caller holds Node.mu.
func (a *asked) fail() {
	if !a.ended {
		a.failed = true
		a.signal()
	}
}

func (a *asked) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// carried marks a request's context: no request is passed on twice, whatever nodes are called.
type carried struct{}

// carriedHeaders are those that say who asks, from where, and what the body is.
var carriedHeaders = []string{
	"Authorization", "Content-Type", "Cookie", "Forwarded", "Origin", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "User-Agent",
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
}

// Forward asks another node, and gives its answer to the client. It reports false, having written nothing, where that
// node does not answer, cannot be reached, or a limit stands in the way; an answer that breaks off later is cut off
// (it panics with [http.ErrAbortHandler]). It returns when the client has its answer or has gone away, which the other node
// is told.
func (n *Node) Forward(node string, w http.ResponseWriter, r *http.Request) bool {
	if node == n.name || r.Context().Value(carried{}) != nil {
		return false
	}
	a := n.begin(node)
	if a == nil {
		return false
	}
	defer n.end(a)
	if !n.ask(a, r) {
		return false
	}
	return n.relay(a, w, r)
}

// begin takes a place among the requests that are asked, or returns nil.
func (n *Node) begin(node string) *asked {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, known := n.heard[node]
	switch {
	case !n.open:
		return nil
	case len(n.asked) >= n.options.MaxRequests, !known && n.blind >= maxBlind:
		n.count.Refused++
		return nil
	}
	n.last++
	a := &asked{node: node, number: n.last, blind: !known, wake: make(chan struct{}, 1)}
	if a.blind {
		n.blind++
	}
	n.asked[a.number] = a
	n.count.Asked++
	return a
}

func (n *Node) end(a *asked) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.asked, a.number)
	if a.blind {
		n.blind--
	}
	n.drop(a)
}

// drop forgets what of an answer the client has not taken. The caller holds n.mu.
func (n *Node) drop(a *asked) {
	for _, part := range a.parts {
		n.held -= len(part)
	}
	a.parts = nil
}

// hold takes room for bytes of a body.
func (n *Node) hold(bytes int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held+bytes > n.options.MaxBytes {
		n.count.Refused++
		return false
	}
	n.held += bytes
	return true
}

func (n *Node) release(bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held -= bytes
}

// ask reads the request and sends it. A body that breaks off, or is larger than any that is taken, is sent as far as it came:
// what follows from that, the handler decides, as it does for a client of its own.
func (n *Node) ask(a *asked, r *http.Request) bool {
	m := &message{
		kind: kindRequest, call: call{n.run, a.number},
		method: r.Method, uri: r.URL.RequestURI(), host: r.Host, remote: r.RemoteAddr, length: r.ContentLength,
		header: make(http.Header),
	}
	for _, name := range carriedHeaders {
		if values := r.Header[name]; len(values) > 0 {
			m.header[name] = values
		}
	}
	if r.TLS != nil {
		m.flags |= flagTLS
	}
	if m.checkHead() != nil {
		n.mu.Lock()
		n.count.Refused++
		n.mu.Unlock()
		return false
	}
	body, whole, ok := n.read(r)
	defer func() { n.release(len(body)) }()
	if !ok {
		return false
	}
	if !whole {
		m.flags |= flagBroken
	}
	n.mu.Lock()
	a.sent = true
	if a.blind {
		m.flags |= flagHello
	}
	n.mu.Unlock()
	m.size = uint64(len(body))
	for offset := 0; ; {
		m.part = body[offset:min(offset+n.part, len(body))]
		if err := n.send(a.node, m); err != nil {
			n.mu.Lock()
			n.count.Gone++
			n.mu.Unlock()
			return false
		}
		if offset += len(m.part); offset == len(body) {
			return true
		}
		m = &message{kind: kindBody, call: m.call, offset: uint64(offset)}
	}
}

// read reads a request's body. What it returns has its room, also where there is none for more.
func (n *Node) read(r *http.Request) (body []byte, whole, ok bool) {
	most := n.options.MaxBody
	if r.ContentLength > int64(most) {
		return nil, false, true // its length says enough
	}
	if r.Body == nil || r.ContentLength == 0 {
		return nil, true, true
	}
	for {
		if len(body) == most {
			return body, r.ContentLength == int64(most), true // else there may be more
		}
		if len(body) == cap(body) {
			next := make([]byte, len(body), min(most, max(512, 2*cap(body))))
			copy(next, body)
			body = next
		}
		count, err := r.Body.Read(body[len(body):cap(body)])
		if !n.hold(count) {
			return body, false, false
		}
		body = body[:len(body)+count]
		if err != nil {
			return body, errors.Is(err, io.EOF), true
		}
	}
}

// answered takes a message about requests that were asked.
func (n *Node) answered(m *message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hear(m.from)
	if m.kind == kindServing {
		for _, number := range m.calls {
			if a := n.asked[number]; a != nil && a.node == m.from {
				a.beats = 0
			}
		}
		return
	}
	a := n.asked[m.n]
	if a == nil || a.node != m.from || a.ended || a.failed {
		return
	}
	a.beats = 0
	switch {
	case m.kind == kindAnswer && a.head != nil, m.kind == kindMore && m.offset < a.have:
		return // once more
	case m.kind == kindMore && (a.head == nil || m.offset > a.have || m.is(flagBroken)), n.held+len(m.part) > n.options.MaxBytes:
		a.fail()
		return
	case m.kind == kindAnswer:
		a.head = m
	}
	if len(m.part) > 0 {
		a.parts = append(a.parts, m.part)
		a.have += uint64(len(m.part))
		n.held += len(m.part)
	}
	a.ended = m.is(flagEnd)
	a.signal()
}

// hear is told of a word from a node. The caller holds n.mu.
func (n *Node) hear(node string) {
	if _, known := n.heard[node]; !known {
		for _, a := range n.asked {
			if a.blind && a.node == node {
				a.blind = false
				n.blind--
			}
		}
	}
	n.heard[node] = 0
}

// ageAsked counts a beat, and returns what is waited for. The caller holds n.mu.
func (n *Node) ageAsked() map[string][]uint64 {
	for node := range n.heard {
		if n.heard[node]++; n.heard[node] > remember {
			delete(n.heard, node)
		}
	}
	waiting := map[string][]uint64{}
	for number, a := range n.asked {
		if !a.sent || a.ended || a.failed {
			continue
		}
		if a.beats++; a.beats > silence {
			a.fail()
			continue
		}
		waiting[a.node] = append(waiting[a.node], number)
	}
	return waiting
}

// relay gives the client its answer as it comes.
func (n *Node) relay(a *asked, w http.ResponseWriter, r *http.Request) bool {
	control := http.NewResponseController(w)
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	begun, taken := false, uint64(0)
	for {
		select {
		case <-a.wake:
		case <-r.Context().Done():
			n.cancel(a)
			return true
		}
		n.mu.Lock()
		head, parts, ended, failed := a.head, a.parts, a.ended, a.failed
		a.parts = nil
		n.mu.Unlock()
		switch {
		case failed && begun:
			n.lose(a, parts, &n.count.Cut)
			panic(http.ErrAbortHandler)
		case failed:
			n.lose(a, parts, &n.count.Gone)
			return false
		case head != nil && !begun:
			begun = true
			for name, values := range head.header {
				w.Header()[name] = values
			}
			w.WriteHeader(head.status)
		}
		for i, part := range parts {
			_ = control.SetWriteDeadline(time.Now().Add(n.options.WriteTimeout))
			_, err := w.Write(part)
			if err == nil {
				err = control.Flush()
			}
			if err != nil && !errors.Is(err, errors.ErrUnsupported) {
				n.lose(a, parts[i:], &n.count.Cut)
				return true
			}
			n.release(len(part))
			taken += uint64(len(part))
			if !ended {
				_ = n.send(a.node, &message{kind: kindTaken, call: call{n.run, a.number}, offset: taken})
			}
		}
		if ended {
			return true
		}
	}
}

// lose gives an answer up, with what the client has not taken of it.
func (n *Node) lose(a *asked, parts [][]byte, count *uint64) {
	n.mu.Lock()
	*count++
	for _, part := range parts {
		n.held -= len(part)
	}
	ended := a.ended
	n.mu.Unlock()
	if !ended {
		n.cancel(a)
	}
}

// cancel tells the owner that nobody waits.
func (n *Node) cancel(a *asked) {
	_ = n.send(a.node, &message{kind: kindCancel, call: call{n.run, a.number}})
}
