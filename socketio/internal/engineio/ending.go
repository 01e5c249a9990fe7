package engineio

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// Why a session ended, in the words of the reference server where it has any
// (socket.io/docs/v4/server-socket-instance, "disconnect").
const (
	TransportClose = "transport close"
	TransportError = "transport error"
	PingTimeout    = "ping timeout"
	ParseError     = "parse error"
	SlowConsumer   = "slow consumer"
	Shutdown       = "server shutting down"
)

// WebSocket close codes (RFC 6455, section 7.4.1, and the IANA registry for
// those from 1012 on).
const (
	CodeNormal        = 1000
	CodeGoingAway     = 1001
	CodeProtocolError = 1002
	CodeUnsupported   = 1003
	CodeInvalidData   = 1007
	CodePolicy        = 1008
	CodeTooBig        = 1009
	CodeInternalError = 1011
	CodeRestart       = 1012
	CodeTryAgainLater = 1013

	// codeNone stands for a close frame without a code, which is 1005 to
	// whoever receives it and may not be sent as a number.
	codeNone = 1005
)

// An Ending says why a session ended.
type Ending struct {
	Reason string // one of the words above, or the caller's own
	Code   uint16 // what a WebSocket client is told
	Err    error  // what went wrong, if anything: for logs, never for the client
}

// A Violation is a breach of a protocol by the client. It ends the session
// with a WebSocket close code.
type Violation struct {
	Code uint16
	What string
}

func (v *Violation) Error() string { return v.What }

// Violated makes a violation that is a malformed packet: close code 1002.
func Violated(format string, args ...any) error {
	return &Violation{Code: CodeProtocolError, What: fmt.Sprintf(format, args...)}
}

// closeError is the client's own close frame.
type closeError struct{ code uint16 }

func (e *closeError) Error() string { return fmt.Sprintf("closed by the client with code %d", e.code) }

// errClientClosed is the Engine.IO packet "close".
var errClientClosed = errors.New("closed by the client")

// endingOf tells how a session ends whose reading stopped with err, and
// whether what is queued is worth sending: to a client that still listens.
func endingOf(err error) (e Ending, flush bool) {
	var violation *Violation
	var closed *closeError
	switch {
	case errors.As(err, &violation):
		return Ending{ParseError, violation.Code, err}, true
	case errors.As(err, &closed):
		return Ending{TransportClose, closed.code, nil}, true
	case errors.Is(err, errClientClosed):
		return Ending{TransportClose, CodeNormal, nil}, true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return Ending{TransportClose, CodeNormal, nil}, false
	default:
		return Ending{TransportError, CodeNormal, err}, false
	}
}

// writeEnding tells how a session ends that could not write.
func writeEnding(err error) Ending {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return Ending{SlowConsumer, CodeTryAgainLater, err}
	}
	return Ending{TransportError, CodeNormal, err}
}
