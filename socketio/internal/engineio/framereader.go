package engineio

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// maxFragments bounds how many frames one message may come in. Clients of
// Socket.IO send one; the bound is for those who send a megabyte byte by byte
// (CVE-2026-48779 of ws).
const maxFragments = 256

// firstChunk is what a declared length is believed without evidence. Beyond
// it, memory grows no faster than twice what has arrived.
const firstChunk = 16 << 10

// frameReader reads the client's half of a WebSocket (RFC 6455, section 5),
// without extensions.
type frameReader struct {
	source source
	limit  int // bytes of a message, over all its fragments

	message   []byte // of the fragments so far
	opcode    ws.OpCode
	fragments int // 0 outside of a fragmented message
}

// idle reports whether the client has nothing under way: no part of a frame or
// of a message is at hand.
func (r *frameReader) idle() bool { return r.fragments == 0 && r.source.empty() }

// frameHeader is a frame's head after it was found lawful.
type frameHeader struct {
	opcode ws.OpCode
	final  bool
	length int
	mask   [4]byte
}

// next returns the next control frame or whole message: text (valid UTF-8),
// binary, ping, pong or close. The payload belongs to the caller.
func (r *frameReader) next() (ws.OpCode, []byte, error) {
	for {
		h, err := r.header()
		if err != nil {
			return 0, nil, err
		}
		if h.opcode.IsControl() {
			payload, err := r.payload(nil, h)
			return h.opcode, payload, err
		}
		if r.message, err = r.payload(r.message, h); err != nil {
			return 0, nil, err
		}
		if h.opcode != ws.OpContinuation {
			r.opcode = h.opcode
		}
		r.fragments++
		if !h.final {
			continue
		}
		message := r.message
		r.message, r.fragments = nil, 0
		if r.opcode == ws.OpText && !utf8.Valid(message) {
			return 0, nil, &Violation{CodeInvalidData, "text is not UTF-8"}
		}
		return r.opcode, message, nil
	}
}

func (r *frameReader) header() (h frameHeader, err error) {
	head, err := r.source.next(2)
	if err != nil {
		return h, err
	}
	first, second := head[0], head[1]
	h.opcode, h.final = ws.OpCode(first&0x0f), first&0x80 != 0
	fragmented := r.fragments > 0
	switch {
	case first&0x70 != 0:
		return h, Violated("reserved bits are set")
	case second&0x80 == 0:
		return h, Violated("frame is not masked")
	case h.opcode.IsReserved():
		return h, Violated("reserved opcode %d", h.opcode)
	case h.opcode.IsControl() && (!h.final || second&0x7f > 125):
		return h, Violated("control frame is fragmented or longer than 125 bytes")
	case h.opcode == ws.OpContinuation && !fragmented:
		return h, Violated("continuation of nothing")
	case fragmented && !h.opcode.IsControl() && h.opcode != ws.OpContinuation:
		return h, Violated("message inside of a fragmented message")
	}
	length := uint64(second & 0x7f)
	switch length {
	case 126:
		b, err := r.source.next(2)
		if err != nil {
			return h, err
		}
		length = uint64(binary.BigEndian.Uint16(b))
	case 127:
		b, err := r.source.next(8)
		if err != nil {
			return h, err
		}
		if length = binary.BigEndian.Uint64(b); length>>63 != 0 {
			return h, Violated("length has its highest bit set")
		}
	}
	if !h.opcode.IsControl() {
		if length > uint64(r.limit-len(r.message)) { //nolint:gosec // a message never exceeds the limit
			return h, &Violation{CodeTooBig, "message exceeds the payload limit"}
		}
		if r.fragments >= maxFragments {
			return h, &Violation{CodeTooBig, "message has too many fragments"}
		}
	}
	h.length = int(length)
	mask, err := r.source.next(4)
	if err != nil {
		return h, err
	}
	h.mask = [4]byte(mask)
	return h, nil
}

// payload appends a frame's payload to dst.
func (r *frameReader) payload(dst []byte, h frameHeader) ([]byte, error) {
	if dst == nil {
		dst = make([]byte, 0, min(h.length, firstChunk))
	}
	for done := 0; done < h.length; {
		chunk := min(h.length-done, max(cap(dst)-len(dst), len(dst), firstChunk))
		dst = slices.Grow(dst, chunk)
		piece := dst[len(dst) : len(dst)+chunk]
		if err := r.source.full(piece); err != nil {
			return nil, err
		}
		ws.Cipher(piece, h.mask, done)
		dst = dst[:len(dst)+chunk]
		done += chunk
	}
	return dst, nil
}

// closedBy reads a close frame's body (RFC 6455, sections 5.5.1 and 7.4), and
// returns what ends the session: the client's code, or its violation.
func closedBy(body []byte) error {
	if len(body) == 0 {
		return &closeError{codeNone}
	}
	if len(body) == 1 {
		return Violated("close frame with half a code")
	}
	code := binary.BigEndian.Uint16(body)
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
	default:
		return Violated("close code %d", code)
	}
	if !utf8.Valid(body[2:]) {
		return &Violation{CodeInvalidData, "close reason is not UTF-8"}
	}
	return &closeError{code}
}
