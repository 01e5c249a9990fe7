package present

import (
	"context"
	"errors"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// Error returns the *chat.Error that err is to whom it is told: itself, what could not be decoded as Invalid, and
// anything else as Internal with err as its cause.
func Error(err error) *chat.Error {
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*wire.DecodeError](err); ok {
		if e.Malformed {
			return &chat.Error{Code: chat.Invalid, Message: e.Error(), Cause: err}
		}
		return &chat.Error{Code: chat.Invalid, Message: "the request has invalid fields", Fields: e.Fields, Cause: err}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &chat.Error{Code: chat.Unavailable, Message: "not done in time; try again", RetryAfter: time.Second, Cause: err}
	}
	return &chat.Error{Code: chat.Internal, Cause: err}
}

// Failure returns what the asker is told of err. Of an internal error that is its code and the request's id alone; causes
// are told to nobody.
func Failure(err error, requestID string) wire.Failure {
	e := Error(err)
	if e.Code == chat.Internal {
		return wire.Failure{Code: string(chat.Internal), Message: "something went wrong on our side", RequestID: requestID}
	}
	return wire.Failure{
		Code: string(e.Code), Message: e.Message, Errors: e.Fields, RetryAfterMs: e.RetryAfter.Milliseconds(),
		RequestID: requestID,
	}
}
