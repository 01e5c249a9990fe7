package forward

import (
	"net/http"
	"os"
	"strconv"
	"time"
)

// answer is what a handler writes a forwarded request's answer to. What can be sent together is: the whole of it in one
// message, where its length is said beforehand and it fits.
type answer struct {
	node   *Node
	served *served

	header   http.Header
	status   int   // 0 until it is written
	length   int64 // of the body, as the handler has said; or -1
	waiting  []byte
	sent     uint64 // bytes of the body
	begun    bool   // the head was sent
	ended    bool
	deadline time.Time
	err      error
}

var (
	_ http.ResponseWriter = (*answer)(nil)
	_ http.Flusher        = (*answer)(nil)
)

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.length = n
	}
	w.header = w.header.Clone() // what the handler does to it from now on is too late
}

// Write sends what makes a whole part, and keeps the rest for Flush or the end. It waits for a client that is slow, until
// the deadline, and fails when nobody waits for the answer any more.
func (w *answer) Write(p []byte) (written int, err error) {
	w.WriteHeader(http.StatusOK)
	if w.length >= 0 && w.sent+uint64(len(w.waiting)+len(p)) > uint64(w.length) {
		return 0, http.ErrContentLength
	}
	for len(p) > 0 {
		some := p[:min(len(p), w.node.part-len(w.waiting))]
		if len(w.waiting) == 0 && len(some) == w.node.part {
			err = w.send(some)
		} else if w.waiting = append(w.waiting, some...); len(w.waiting) == w.node.part {
			err = w.FlushError()
		}
		if err != nil {
			return written, err
		}
		written += len(some)
		p = p[len(some):]
	}
	return written, w.err
}

// Flush implements [http.Flusher].
func (w *answer) Flush() { _ = w.FlushError() }

// FlushError sends what waits. [http.ResponseController] calls it.
func (w *answer) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if w.err != nil || w.ended || w.begun && len(w.waiting) == 0 {
		return w.err
	}
	err := w.send(w.waiting)
	w.waiting = w.waiting[:0]
	return err
}

// SetWriteDeadline bounds how long a Write or Flush may wait. [http.ResponseController] calls it.
func (w *answer) SetWriteDeadline(at time.Time) error {
	w.deadline = at
	return nil
}

// send sends a part, with the head before the first and the end after the last, if that is known.
func (w *answer) send(part []byte) error {
	if w.err == nil {
		w.err = w.await(len(part))
	}
	if w.err != nil {
		return w.err
	}
	m := &message{kind: kindMore, call: w.call(), offset: w.sent, part: part}
	if !w.begun {
		m.kind, m.status, m.header = kindAnswer, w.status, w.header
		if w.err = m.checkHead(); w.err != nil {
			return w.err
		}
	}
	if w.length >= 0 && w.sent+uint64(len(part)) == uint64(w.length) {
		m.flags |= flagEnd
	}
	if w.err = w.node.send(w.served.node, m); w.err == nil {
		w.begun, w.ended = true, m.is(flagEnd)
		w.sent += uint64(len(part))
	}
	return w.err
}

func (w *answer) call() call { return call{w.served.run, w.served.number} }

// await waits until the client has taken so much that a part may follow.
func (w *answer) await(part int) error {
	s, window := w.served, uint64(windowParts*w.node.part) //nolint:gosec // a size
	var late <-chan time.Time
	for {
		if err := s.context.Err(); err != nil {
			return err
		}
		w.node.mu.Lock()
		open := w.sent+uint64(part) <= s.taken+window //nolint:gosec // a size
		w.node.mu.Unlock()
		if open {
			return nil
		}
		if late == nil && !w.deadline.IsZero() {
			timer := time.NewTimer(time.Until(w.deadline))
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-s.credit:
		case <-s.context.Done():
		case <-late:
			return os.ErrDeadlineExceeded
		}
	}
}

// finish sends the rest. An answer that is shorter than was said is none.
func (w *answer) finish() {
	w.deadline = time.Now().Add(w.node.options.WriteTimeout)
	w.WriteHeader(http.StatusOK)
	if w.length < 0 {
		w.length = int64(w.sent) + int64(len(w.waiting)) //nolint:gosec // bytes that were sent
	}
	if w.ended {
		return
	}
	if !w.begun || len(w.waiting) > 0 {
		if w.send(w.waiting) == nil && w.ended {
			return
		}
	} else if w.err == nil && w.sent == uint64(w.length) { //nolint:gosec // not negative
		w.err = w.node.send(w.served.node, &message{kind: kindMore, flags: flagEnd, call: w.call(), offset: w.sent})
		return
	}
	w.abandon()
}

// abandon tells the asker that nothing follows.
func (w *answer) abandon() {
	if w.ended {
		return
	}
	w.ended = true
	_ = w.node.send(w.served.node, &message{kind: kindMore, flags: flagBroken, call: w.call(), offset: w.sent})
}
