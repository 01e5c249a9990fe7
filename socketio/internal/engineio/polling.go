package engineio

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// polling is the transport of a session without a connection of its own: the
// client asks for packets (GET) and brings them (POST), one request of each
// kind at a time.
//
// What a websocket's goroutine does with a session's queue, the request that
// asks does here. The right to drain the queue passes between the two of them:
// wake leaves it here, the next request takes it.
type polling struct {
	session *Session

	mu       sync.Mutex
	waiting  chan struct{} // wakes the request that waits; nil where none does
	asked    bool          // a request for packets is here and was not answered
	bringing bool          // a request with packets is here
	owed     bool          // the queue is to be drained by the next request
	probed   bool          // a websocket is about to take over
	over     bool          // it took over, or the session ended
	aborted  bool          // the session ended
	farewell byte          // the packet that a waiting request gets at the end
	late     chan struct{} // closed when a request came that a closing one overtook
	timer    *time.Timer   // set by expire
}

var _ transport = (*polling)(nil)

func (p *polling) name() string { return "polling" }

// close has nothing to do: the request that drained the queue has told.
func (p *polling) close(uint16, string) {}

// serve answers one of the session's requests after the first.
func (p *polling) serve(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		p.ask(w, r)
	case http.MethodPost:
		p.bring(w, r)
	default:
		refuse(w, errMethod)
	}
}

// probedWait is how long a request waits while a websocket is about to take
// over. The client waits for its end before it goes on; and asks again as long
// as it has not heard from the websocket.
const probedWait = 20 * time.Millisecond

// ask answers with what waits in the queue, as soon as something does.
func (p *polling) ask(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	switch {
	case p.late != nil:
		close(p.late)
		p.late = nil
		p.mu.Unlock()
		_ = p.answer(w, []byte{packetNoop})
		return
	case p.over:
		p.mu.Unlock()
		refuse(w, p.session.refusal())
		return
	case p.asked:
		p.mu.Unlock()
		p.fail(Violated("two requests for packets at once"))
		refuse(w, errRequest)
		return
	}
	p.asked = true
	if !p.owed {
		p.wait(r)
	}
	drains := p.owed
	p.owed, p.asked = false, false
	over, aborted, last := p.over, p.aborted, p.farewell
	p.mu.Unlock()

	// From here on the client may hold its answer, and send its next request.
	switch {
	case r.Context().Err() != nil:
		p.session.End(Ending{TransportClose, CodeNormal, nil}, false)
		if drains {
			p.give()
		}
	case drains:
		p.deliver(w)
	case aborted:
		_ = p.answer(w, []byte{last}) // nothing that could be lost, like the next one
	case over: // a client that polls has no business with a websocket yet
		refuse(w, errRequest)
	default:
		_ = p.answer(w, []byte{packetNoop})
	}
}

// wait returns when the request has something to answer, or nobody to answer
// to. The caller holds p.mu, which is released meanwhile.
func (p *polling) wait(r *http.Request) {
	wake := make(chan struct{})
	p.waiting = wake
	var probed <-chan time.Time
	if p.probed {
		timer := time.NewTimer(probedWait)
		defer timer.Stop()
		probed = timer.C
	}
	p.mu.Unlock()
	select {
	case <-wake:
	case <-probed:
	case <-r.Context().Done():
	}
	p.mu.Lock()
	p.waiting = nil
}

// signal wakes the request that waits. The caller holds p.mu.
func (p *polling) signal() {
	if p.waiting != nil {
		close(p.waiting)
		p.waiting = nil
	}
}

// deliver drains the queue once. The end is told in an answer of its own:
// socket.io-client hears of it before the messages that came with it.
func (p *polling) deliver(w http.ResponseWriter) {
	s := p.session
	batch, _ := s.out.take()
	if batch == nil { // the queue is closed, else nobody would have to drain it
		_ = p.answer(w, []byte{packetClose}) // who does not hear of it finds out with the next request
		s.goodbye()
		return
	}
	body, bytes := appendPayload(nil, batch.frames), cost(batch.frames)
	batch.free()
	err := p.answer(w, body)
	s.out.release(bytes)
	switch {
	case err != nil: // what was taken is lost
		s.End(writeEnding(err), false)
		p.give()
	case !s.out.rest():
		s.wake()
	}
}

// give gives the right to drain a queue up for good.
func (p *polling) give() {
	p.session.out.close(true)
	p.session.goodbye()
}

func (p *polling) answer(w http.ResponseWriter, body []byte) error {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	// The deadline would outlive the request on its connection. It is not for
	// every ResponseWriter to have one.
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(p.session.server.config.WriteTimeout))
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := control.Flush(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// bring takes the packets of a request.
func (p *polling) bring(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	switch {
	case p.over:
		p.mu.Unlock()
		refuse(w, p.session.refusal())
		return
	case p.bringing:
		p.mu.Unlock()
		p.fail(Violated("two requests with packets at once"))
		refuse(w, errRequest)
		return
	}
	p.bringing = true
	p.mu.Unlock()

	body, err := p.body(r)
	if err == nil {
		err = readPayload(body, p.session.receive)
	}

	p.mu.Lock()
	p.bringing = false
	p.mu.Unlock()
	var violation *Violation
	switch {
	case err == nil:
		_ = p.answer(w, []byte("ok")) // a client that does not hear of it, loses nothing
	case errors.Is(err, errClientClosed):
		p.fail(err)
		_ = p.answer(w, []byte("ok"))
	case errors.As(err, &violation) && violation.Code == CodeTooBig:
		p.fail(err)
		refuse(w, errTooBig)
	default:
		p.fail(err)
		refuse(w, errRequest)
	}
}

// body reads a request's packets, within the payload limit.
func (p *polling) body(r *http.Request) ([]byte, error) {
	limit := int64(p.session.server.config.MaxPayload)
	tooBig := &Violation{CodeTooBig, "payload exceeds the limit"}
	switch {
	case r.ContentLength > limit:
		return nil, tooBig
	case r.Header.Get("Content-Type") == "application/octet-stream": // as protocol 3 had it
		return nil, Violated("payload is binary")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = tooBig
	}
	return body, err
}

// fail ends the session for what a request did. Nothing more is sent, but a
// request that waits is answered.
func (p *polling) fail(err error) {
	e, _ := endingOf(err)
	if errors.Is(err, errClientClosed) {
		p.mu.Lock()
		p.farewell = packetNoop
		if !p.asked && !p.over {
			p.late = make(chan struct{})
		}
		p.mu.Unlock()
	}
	p.session.End(e, false)
}

// lateWait is how long a session that its client closed is still known, where
// no request was waiting: one that was sent before may come after.
const lateWait = 100 * time.Millisecond

// linger waits for a request that was overtaken.
func (p *polling) linger() {
	p.mu.Lock()
	late := p.late
	p.mu.Unlock()
	if late == nil {
		return
	}
	timer := time.NewTimer(lateWait)
	defer timer.Stop()
	select {
	case <-late:
	case <-timer.C:
	}
}

// wake has the next request drain the queue, or the one that waits. It reports
// false where a websocket has to.
func (p *polling) wake() bool {
	p.mu.Lock()
	over, aborted := p.over, p.aborted
	if !over {
		p.owed = true
		p.signal()
	}
	p.mu.Unlock()
	if aborted {
		p.give()
	}
	return !over || aborted
}

// probe lets no request wait for long, as long as a websocket is about to take
// over. It reports false if another one is.
func (p *polling) probe() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.probed || p.over {
		return false
	}
	p.probed = true
	return true
}

// nudge ends the request that waits.
func (p *polling) nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signal()
}

// unprobe is told that the websocket failed.
func (p *polling) unprobe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probed = false
}

// retire lets a websocket take over. It reports whether the queue is left to
// be drained by it, and fails while packets are being brought, whose order
// would be in doubt.
func (p *polling) retire() (owed, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.bringing {
		return false, false
	}
	owed, p.owed, p.over = p.owed, false, true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.signal()
	return owed, true
}

func (p *polling) expire(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over && p.timer == nil {
		p.timer = time.AfterFunc(time.Until(at), func() { p.abort(false) })
	}
}

func (p *polling) abort(bool) {
	p.mu.Lock()
	owed := p.owed
	p.owed, p.over, p.aborted = false, true, true
	if p.farewell == 0 {
		p.farewell = packetClose
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.signal()
	p.mu.Unlock()
	if owed {
		p.give()
	}
}
