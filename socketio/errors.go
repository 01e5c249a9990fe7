package socketio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

var (
	// ErrNotConnected is returned for anything sent on a socket that is not
	// connected any more, or whose middleware still runs.
	ErrNotConnected = errors.New("socketio: socket is not connected")
	// ErrNamespace is returned for a frame that was encoded for another
	// namespace than the socket's.
	ErrNamespace = errors.New("socketio: frame of another namespace")
	// ErrAcknowledged is returned for a second acknowledgement of one event.
	ErrAcknowledged = errors.New("socketio: already acknowledged")
	// ErrPendingAcks is returned where MaxPendingAcks are awaited already.
	ErrPendingAcks = errors.New("socketio: too many acknowledgements awaited")
	// ErrAckTimeout is returned where no acknowledgement came within
	// AckTimeout. It is a [context.DeadlineExceeded] too.
	ErrAckTimeout = fmt.Errorf("socketio: no acknowledgement: %w", context.DeadlineExceeded)
)

// A ConnectError is returned by middleware to refuse a connection to a
// namespace with words for the client: its "connect_error" event is an Error
// with this message, and with data where there is any. After it the client
// does not try again by itself.
type ConnectError struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *ConnectError) Error() string { return e.Message }

// An EventError is returned by a handler made by [On] to fail with words for
// the client.
type EventError struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *EventError) Error() string { return e.Message }

// errorReply is the default of Options.ErrorReply. An error that is not meant
// for clients stays here.
func errorReply(err error) any {
	shown := &EventError{Message: "internal error"}
	errors.As(err, &shown)
	return struct {
		Error *EventError `json:"error"`
	}{shown}
}

// A Refusal is returned by Options.AllowRequest to turn a handshake away in
// another way than with HTTP status 403. Clients see the message in the body,
// {"code":4,"message":…}; browsers hide it from a failed WebSocket.
type Refusal struct {
	Status     int // an HTTP status from 400 on; 0 is 403
	Message    string
	RetryAfter time.Duration // rounded up to seconds; 0 sends no header
}

func (r *Refusal) Error() string { return r.Message }

// allow puts the application's decision into the engine's terms.
func allow(decide func(*http.Request) error) func(*http.Request) error {
	if decide == nil {
		return nil
	}
	return func(r *http.Request) error {
		err := decide(r)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			return err
		}
		status := refusal.Status
		if status < http.StatusBadRequest {
			status = http.StatusForbidden
		}
		return &engineio.Refusal{
			Status: status, Code: engineio.RefusedForbidden, Message: refusal.Message, RetryAfter: refusal.RetryAfter,
		}
	}
}

// sameClient puts the application's decision into the engine's terms.
func sameClient(decide func(*Handshake, *http.Request) bool) func(*engineio.Session, *http.Request) bool {
	if decide == nil {
		return nil
	}
	return func(session *engineio.Session, r *http.Request) bool {
		c, ok := session.Handler().(*conn)
		return ok && decide(c.newHandshake(nil), r)
	}
}
