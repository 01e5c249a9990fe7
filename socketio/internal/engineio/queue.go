package engineio

import "sync"

// frameOverhead is charged for every queued frame on top of its bytes, so that
// a flood of tiny frames is bounded by its references too.
const frameOverhead = 16

// queue is what one session has yet to send: a list of shared frames, bounded
// in bytes. It never waits. An empty queue holds no memory of its own.
type queue struct {
	limit    int // bytes, waiting and being written together
	volatile int // bytes beyond which volatile frames are dropped

	mu       sync.Mutex
	waiting  *batch // nil while nothing waits
	bytes    int
	draining bool // somebody empties the queue, or will
	closed   bool // takes nothing more; what waits is still sent unless dropped
}

// batch is a reusable list of frames on their way to one transport.
type batch struct{ frames []*Frame }

// keepFrames bounds the lists kept for reuse: 8 KiB of references.
const keepFrames = 1024

var batches = sync.Pool{New: func() any { return new(batch) }}

// cost is what frames take of a queue's limit.
func cost(frames []*Frame) int {
	bytes := len(frames) * frameOverhead
	for _, f := range frames {
		bytes += len(f.wire)
	}
	return bytes
}

func (b *batch) free() {
	if cap(b.frames) > keepFrames {
		return
	}
	clear(b.frames)
	b.frames = b.frames[:0]
	batches.Put(b)
}

// outcome of offering a frame to a queue.
type outcome uint8

const (
	queued  outcome = iota // someone is draining already
	started                // queued, and the caller has to start draining
	dropped                // volatile, and the queue is beyond its threshold
	full                   // beyond the limit: the session has to end
	refused                // the queue is closed
)

// push offers frames, to be taken together or not at all. What is larger than
// the limit is taken by an empty queue, since no other moment would ever suit it
// better.
func (q *queue) push(volatile bool, frames ...*Frame) outcome {
	cost := cost(frames)
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return refused
	case volatile && q.bytes > 0 && q.bytes+cost > q.volatile:
		return dropped
	case q.bytes > 0 && q.bytes+cost > q.limit:
		return full
	}
	if q.waiting == nil {
		q.waiting = batches.Get().(*batch)
	}
	q.waiting.frames = append(q.waiting.frames, frames...)
	q.bytes += cost
	if q.draining {
		return queued
	}
	q.draining = true
	return started
}

// take hands over everything that waits. Nil means that draining is over: for
// now, or, when last is true, for ever, and the caller says goodbye.
func (q *queue) take() (b *batch, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b, q.waiting = q.waiting, nil
	if b == nil {
		// A closed queue stays in the hands of whoever empties it, so that
		// nobody else can say goodbye as well.
		q.draining = q.closed
	}
	return b, q.closed
}

// rest ends draining if nothing waits and the queue is open. Else whoever
// drains goes on, or has somebody do so.
func (q *queue) rest() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting != nil || q.closed {
		return false
	}
	q.draining = false
	return true
}

// release gives back the room of bytes that were written.
func (q *queue) release(bytes int) {
	q.mu.Lock()
	q.bytes -= bytes
	q.mu.Unlock()
}

// close takes no more frames, and reports whether the caller has to start
// draining what waits (also when nothing does: the goodbye is due). With drop
// what waits is forgotten.
func (q *queue) close(drop bool) (start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if drop && q.waiting != nil {
		q.waiting.free()
		q.waiting = nil
	}
	start = !q.draining
	q.draining = true
	return start
}

// size is the number of bytes waiting or being written.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}
