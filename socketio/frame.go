package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// ErrReserved is returned for an event that bears a name of the library
// itself: connect, connect_error, disconnect, disconnecting, newListener,
// removeListener, error.
var ErrReserved = errors.New("socketio: event name is reserved")

// A Frame is one event, encoded once, as it stands on the wire. It never
// changes and may be sent on any number of sockets of its namespace at the
// same time: every queue holds a reference to the same bytes.
type Frame struct {
	frame     engineio.Frame
	namespace string
}

// Namespace is the namespace that the frame was encoded for.
func (f *Frame) Namespace() string { return f.namespace }

// Size is the number of bytes the frame takes on a WebSocket.
func (f *Frame) Size() int { return f.frame.Size() }

// EncodeEvent encodes an event for the sockets of a namespace ("/" is the
// default one). The arguments become JSON as encoding/json has it, without
// escaping HTML; a json.RawMessage keeps its order of keys and its numbers.
//
// It fails with [ErrReserved], or for arguments that are not JSON.
func EncodeEvent(namespace, event string, args ...any) (*Frame, error) {
	if reserved(event) {
		return nil, ErrReserved
	}
	e := encoders.Get().(*encoder)
	defer e.free()
	e.begin(packetEvent, namespace)
	return e.event(namespace, event, args)
}

// encodeQuestion encodes an event that asks for an acknowledgement.
func encodeQuestion(namespace string, id uint64, event string, args []any) (*Frame, error) {
	if reserved(event) {
		return nil, ErrReserved
	}
	e := encoders.Get().(*encoder)
	defer e.free()
	e.begin(packetEvent, namespace)
	e.number(id)
	return e.event(namespace, event, args)
}

func encodeAck(namespace string, id uint64, args []any) (*Frame, error) {
	e := encoders.Get().(*encoder)
	defer e.free()
	e.begin(packetAck, namespace)
	e.number(id)
	e.buf.WriteByte('[')
	if err := e.list(args); err != nil {
		return nil, err
	}
	return e.seal(namespace)
}

// encodeAnswer encodes an answer to CONNECT, or a DISCONNECT (no payload).
func encodeAnswer(kind packetType, namespace string, payload any) (*Frame, error) {
	e := encoders.Get().(*encoder)
	defer e.free()
	e.begin(kind, namespace)
	if payload != nil {
		if err := e.value(payload); err != nil {
			return nil, err
		}
	}
	return e.seal(namespace)
}

// encoder is the reusable place where a frame is put together before it is
// copied to bytes of exactly its size, which live as long as the frame.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
	return e
}}

// keepBuffer bounds what an encoder keeps for the next frame.
const keepBuffer = 64 << 10

func (e *encoder) free() {
	if e.buf.Cap() <= keepBuffer {
		encoders.Put(e)
	}
}

var headerRoom [engineio.HeaderRoom]byte

func (e *encoder) begin(kind packetType, namespace string) {
	e.buf.Reset()
	e.buf.Write(headerRoom[:])
	e.buf.WriteByte(engineio.Message)
	e.buf.WriteByte(byte(kind))
	if namespace != "/" {
		e.buf.WriteString(namespace)
		e.buf.WriteByte(',')
	}
}

func (e *encoder) number(n uint64) {
	e.buf.Write(strconv.AppendUint(e.buf.AvailableBuffer(), n, 10))
}

func (e *encoder) event(namespace, event string, args []any) (*Frame, error) {
	e.buf.WriteByte('[')
	if err := e.value(event); err != nil {
		return nil, err
	}
	if len(args) > 0 {
		e.buf.WriteByte(',')
	}
	if err := e.list(args); err != nil {
		return nil, err
	}
	return e.seal(namespace)
}

// list writes the rest of an array whose opening bracket stands already.
func (e *encoder) list(args []any) error {
	for i, arg := range args {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		if err := e.value(arg); err != nil {
			return fmt.Errorf("argument %d: %w", i, err)
		}
	}
	e.buf.WriteByte(']')
	return nil
}

func (e *encoder) value(v any) error {
	if err := e.json.Encode(v); err != nil {
		return fmt.Errorf("socketio: encode: %w", err)
	}
	e.buf.Truncate(e.buf.Len() - 1) // the newline of json.Encoder
	return nil
}

func (e *encoder) seal(namespace string) (*Frame, error) {
	// Only a json.RawMessage can bring bytes in that no client would take.
	if !utf8.Valid(e.buf.Bytes()) {
		return nil, errors.New("socketio: encode: not UTF-8")
	}
	return &Frame{frame: engineio.Seal(bytes.Clone(e.buf.Bytes())), namespace: namespace}, nil
}
