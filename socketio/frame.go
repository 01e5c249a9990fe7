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

var (
	// ErrReserved is returned for an event that bears a name of the library
	// itself: connect, connect_error, disconnect, disconnecting, newListener,
	// removeListener, error.
	ErrReserved = errors.New("socketio: event name is reserved")
	// ErrAttachments is returned for an event or an acknowledgement with more
	// than 10 attachments: clients close the connection for it.
	ErrAttachments = errors.New("socketio: too many attachments")
)

// A Frame is one event with its attachments, encoded once, as it stands on the
// wire. It never changes and may be sent on any number of sockets of its
// namespace at the same time: every queue holds a reference to the same bytes.
type Frame struct {
	frame     *engineio.Frame
	namespace string
}

// Namespace is the namespace that the frame was encoded for.
func (f *Frame) Namespace() string { return f.namespace }

// Size is the number of bytes the frame takes on a WebSocket.
func (f *Frame) Size() int { return f.frame.Size() }

// EncodeEvent encodes an event for the sockets of a namespace ("/" is the
// default one). The arguments become JSON as encoding/json has it, without
// escaping HTML; a json.RawMessage keeps its order of keys and its numbers; a
// [Binary] becomes an attachment.
//
// It fails with [ErrReserved], [ErrAttachments], or for arguments that are not
// JSON.
func EncodeEvent(namespace, event string, args ...any) (*Frame, error) {
	return encodeEvent(namespace, event, nil, args)
}

// encodeEvent encodes an event that asks for an acknowledgement if it has an
// id.
func encodeEvent(namespace, event string, id *uint64, args []any) (*Frame, error) {
	if reserved(event) {
		return nil, ErrReserved
	}
	e := newEncoder()
	defer e.free()
	e.payload.WriteByte('[')
	if err := e.value(event); err != nil {
		return nil, err
	}
	if len(args) > 0 {
		e.payload.WriteByte(',')
	}
	if err := e.list(args); err != nil {
		return nil, err
	}
	return e.seal(packetEvent, namespace, id)
}

func encodeAck(namespace string, id uint64, args []any) (*Frame, error) {
	e := newEncoder()
	defer e.free()
	e.payload.WriteByte('[')
	if err := e.list(args); err != nil {
		return nil, err
	}
	return e.seal(packetAck, namespace, &id)
}

// encodeAnswer encodes an answer to CONNECT, or a DISCONNECT (no payload).
func encodeAnswer(kind packetType, namespace string, payload any) (*Frame, error) {
	e := newEncoder()
	defer e.free()
	if payload != nil {
		if err := e.value(payload); err != nil {
			return nil, err
		}
	}
	return e.seal(kind, namespace, nil)
}

// encoder is the reusable place where a frame is put together before it is
// copied to bytes of exactly its size, which live as long as the frame.
type encoder struct {
	payload     bytes.Buffer
	json        *json.Encoder
	attachments [][]byte
	packet      []byte
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.json = json.NewEncoder(&e.payload)
	e.json.SetEscapeHTML(false)
	return e
}}

func newEncoder() *encoder {
	e := encoders.Get().(*encoder)
	e.payload.Reset()
	return e
}

// keepBuffer bounds what an encoder keeps for the next frame.
const keepBuffer = 64 << 10

func (e *encoder) free() {
	if e.payload.Cap() <= keepBuffer && cap(e.packet) <= keepBuffer {
		clear(e.attachments)
		e.attachments = e.attachments[:0]
		encoders.Put(e)
	}
}

// list writes the rest of an array whose opening bracket stands already.
func (e *encoder) list(args []any) error {
	for i, arg := range args {
		if i > 0 {
			e.payload.WriteByte(',')
		}
		if err := e.argument(arg); err != nil {
			return fmt.Errorf("argument %d: %w", i, err)
		}
	}
	e.payload.WriteByte(']')
	return nil
}

// argument writes a value that may be, or hold, attachments.
func (e *encoder) argument(v any) error {
	if b, ok := v.(Binary); ok && b != nil {
		e.payload.Write(appendPlaceholder(e.payload.AvailableBuffer(), len(e.attachments)))
		e.attachments = append(e.attachments, b)
		return nil
	}
	start := e.payload.Len()
	if err := e.value(v); err != nil {
		return err
	}
	written := e.payload.Bytes()[start:]
	left, attachments := detach(written, e.attachments)
	if len(attachments) > len(e.attachments) {
		e.attachments = attachments
		e.payload.Truncate(start)
		e.payload.Write(left)
	}
	return nil
}

func (e *encoder) value(v any) error {
	if err := e.json.Encode(v); err != nil {
		return fmt.Errorf("socketio: encode: %w", err)
	}
	e.payload.Truncate(e.payload.Len() - 1) // the newline of json.Encoder
	return nil
}

// seal puts the head before the payload:
//
//	4<type>[<attachments>-][<namespace>,][<id>]<payload>
func (e *encoder) seal(kind packetType, namespace string, id *uint64) (*Frame, error) {
	// Only a json.RawMessage can bring bytes in that no client would take.
	if !utf8.Valid(e.payload.Bytes()) {
		return nil, errors.New("socketio: encode: not UTF-8")
	}
	p := e.packet[:0]
	p = append(p, engineio.Message)
	if n := len(e.attachments); n > 0 {
		if n > maxAttachments {
			return nil, ErrAttachments
		}
		p = append(p, byte(kind.withAttachments()))
		p = append(strconv.AppendInt(p, int64(n), 10), '-')
	} else {
		p = append(p, byte(kind))
	}
	if namespace != "/" {
		p = append(append(p, namespace...), ',')
	}
	if id != nil {
		p = strconv.AppendUint(p, *id, 10)
	}
	p = append(p, e.payload.Bytes()...)
	e.packet = p
	return &Frame{frame: engineio.Seal(p, e.attachments...), namespace: namespace}, nil
}
