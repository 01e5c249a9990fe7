package engineio

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/gobwas/ws"
)

// A Frame is one or more Engine.IO packets that belong together, as they stand
// on a WebSocket: a text packet, and the binary ones that it announces. It is
// encoded once, never changes, and any number of sessions may be sending it at
// the same time: each queue holds a reference.
//
// A WebSocket frame says how long it is and what it holds, so that polling can
// take the packets apart again.
type Frame struct {
	wire    []byte
	deflate atomic.Pointer[[]byte] // wire as clients that take it compressed get it
}

// Seal makes a frame of one text packet in valid UTF-8, and of binary messages
// behind it. Their bytes are copied, once.
func Seal(packet []byte, attachments ...[]byte) *Frame {
	size := wireSize(len(packet))
	for _, a := range attachments {
		size += wireSize(len(a))
	}
	wire := appendWire(make([]byte, 0, size), ws.OpText, packet)
	for _, a := range attachments {
		wire = appendWire(wire, ws.OpBinary, a)
	}
	return &Frame{wire: wire}
}

// SealBinary makes a frame of one binary message.
func SealBinary(message []byte) *Frame { return sealed(ws.OpBinary, message) }

// wireSize is the size of an unmasked WebSocket frame (RFC 6455, section 5.2).
func wireSize(payload int) int {
	switch {
	case payload > 0xffff:
		return 10 + payload
	case payload > 125:
		return 4 + payload
	default:
		return 2 + payload
	}
}

func appendWire(wire []byte, op ws.OpCode, payload []byte) []byte {
	wire = append(wire, 0x80|byte(op))
	switch n := len(payload); {
	case n > 0xffff:
		wire = append(wire, 127)
		wire = binary.BigEndian.AppendUint64(wire, uint64(n))
	case n > 125:
		wire = append(wire, 126)
		wire = binary.BigEndian.AppendUint16(wire, uint16(n))
	default:
		wire = append(wire, byte(n))
	}
	return append(wire, payload...)
}

// cutWire takes the first WebSocket frame off the wire of a [Frame].
func cutWire(wire []byte) (op ws.OpCode, payload, rest []byte) {
	op = ws.OpCode(wire[0] & 0x0f)
	n, head := int(wire[1]), 2
	switch n {
	case 126:
		n, head = int(binary.BigEndian.Uint16(wire[2:])), 4
	case 127:
		n, head = int(binary.BigEndian.Uint64(wire[2:])), 10 //nolint:gosec // it was the length of a slice
	}
	return op, wire[head : head+n], wire[head+n:]
}

// sealed makes a frame that is no packet, such as a control frame, or one that
// everyone gets.
func sealed(op ws.OpCode, payload []byte) *Frame {
	return &Frame{wire: appendWire(make([]byte, 0, wireSize(len(payload))), op, payload)}
}

// Size is the number of bytes the frame takes on a WebSocket, headers included.
func (f *Frame) Size() int { return len(f.wire) }

// Packet is the first packet inside, for reading only.
func (f *Frame) Packet() []byte {
	_, packet, _ := cutWire(f.wire)
	return packet
}

// pingFrame is sent to everyone, so it is encoded once for the whole program.
var pingFrame = sealed(ws.OpText, []byte{packetPing})
