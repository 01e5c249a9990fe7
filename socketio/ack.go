package socketio

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"
)

// Args are the arguments of an event or of an acknowledgement, each one JSON
// value. They may be kept, but not changed.
type Args []json.RawMessage

// Decode decodes the arguments into the targets, one for one. It fails if
// there are fewer arguments than targets; further ones are ignored, as
// JavaScript does.
func (a Args) Decode(targets ...any) error {
	if len(a) < len(targets) {
		return fmt.Errorf("socketio: %d arguments where %d are needed", len(a), len(targets))
	}
	for i, target := range targets {
		if err := json.Unmarshal(a[i], target); err != nil {
			return fmt.Errorf("socketio: argument %d: %w", i, err)
		}
	}
	return nil
}

// An Ack acknowledges one event, once. Where the client asked for no
// acknowledgement (the zero Ack), Send does nothing. It may be kept and used
// after the handler returned.
type Ack struct{ question *question }

// question is an event that waits for its acknowledgement.
type question struct {
	socket   *Socket
	id       uint64
	asked    int64 // when its event was read, in nanoseconds since 1970
	answered atomic.Bool
}

// Wanted reports whether the client asked for an acknowledgement.
func (a Ack) Wanted() bool { return a.question != nil }

// Asked is when the event was read from its connection, which may be a while
// before its handler runs; zero for one that wants no acknowledgement.
func (a Ack) Asked() time.Time {
	if a.question == nil {
		return time.Time{}
	}
	return time.Unix(0, a.question.asked)
}

// Send acknowledges with the arguments, which become JSON as in [EncodeEvent].
// It does not wait. It fails with [ErrAcknowledged] the second time, with
// [ErrNotConnected] when nobody is there any more, and for arguments that are
// not JSON, after which it may be called again.
func (a Ack) Send(args ...any) error {
	q := a.question
	if q == nil {
		return nil
	}
	if q.answered.Swap(true) {
		return ErrAcknowledged
	}
	frame, err := encodeAck(q.socket.namespace.name, q.id, args)
	if err != nil {
		q.answered.Store(false)
		return err
	}
	return q.socket.Send(frame)
}
