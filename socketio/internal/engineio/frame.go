package engineio

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// HeaderRoom is how many bytes [Seal] needs free in front of a packet: the
// longest header of an unmasked WebSocket frame (RFC 6455, section 5.2).
const HeaderRoom = 10

// A Frame is one Engine.IO packet as it stands on a WebSocket. It is encoded
// once, never changes, and any number of sessions may be sending it at the
// same time: each queue holds a reference.
//
// It is what one Engine.IO packet costs in bytes on any transport: polling
// takes the packet from behind the WebSocket header.
type Frame struct {
	wire   []byte
	header int
}

// Seal makes a text frame of buf, whose first [HeaderRoom] bytes are free and
// whose remainder is one Engine.IO packet in valid UTF-8. The frame owns buf
// from then on.
func Seal(buf []byte) Frame { return seal(ws.OpText, buf) }

func seal(op ws.OpCode, buf []byte) Frame {
	length := len(buf) - HeaderRoom
	header := 2
	switch {
	case length > 0xffff:
		header = 10
	case length > 125:
		header = 4
	}
	wire := buf[HeaderRoom-header:]
	wire[0] = 0x80 | byte(op)
	switch header {
	case 2:
		wire[1] = byte(length) //nolint:gosec // at most 125 in this branch
	case 4:
		wire[1] = 126
		binary.BigEndian.PutUint16(wire[2:], uint16(length)) //nolint:gosec // at most 0xffff in this branch
	default:
		wire[1] = 127
		binary.BigEndian.PutUint64(wire[2:], uint64(length)) //nolint:gosec // a length is not negative
	}
	return Frame{wire: wire, header: header}
}

func sealed(op ws.OpCode, payload []byte) *Frame {
	buf := make([]byte, HeaderRoom, HeaderRoom+len(payload))
	frame := seal(op, append(buf, payload...))
	return &frame
}

// Size is the number of bytes the frame takes on a WebSocket, header included.
func (f *Frame) Size() int { return len(f.wire) }

// Packet is the Engine.IO packet inside, for reading only.
func (f *Frame) Packet() []byte { return f.wire[f.header:] }

// pingFrame is sent to everyone, so it is encoded once for the whole program.
var pingFrame = sealed(ws.OpText, []byte{packetPing})
