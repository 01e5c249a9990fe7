package engineio

import (
	"bytes"
	"compress/flate"
	"io"
	"net/http"
	"sync"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
)

// deflateAnswer accepts permessage-deflate (RFC 7692) with nothing remembered
// between messages, on either side: a connection keeps no window, and what many
// get is compressed once.
const deflateAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// offersDeflate reports whether a client offers permessage-deflate in a way that
// we can answer: compress/flate knows no smaller window than the largest.
func offersDeflate(h http.Header) bool {
	for _, line := range h.Values("Sec-WebSocket-Extensions") {
		offers, ok := httphead.ParseOptions([]byte(line), nil)
		if !ok {
			return false
		}
		for _, offer := range offers {
			var p wsflate.Parameters
			if string(offer.Name) == wsflate.ExtensionName && p.Parse(offer) == nil &&
				(p.ServerMaxWindowBits == 0 || p.ServerMaxWindowBits == largestWindow) {
				return true
			}
		}
	}
	return false
}

// largestWindow is 32 KiB, as a power of two.
const largestWindow = 15

// compressed is the bit of a frame's first byte that says so (RFC 7692, section
// 6): the first of the reserved ones.
const compressed = 0x40

// flushMark ends what was compressed and flushed. It is left out, and put back
// before decompressing, with an empty last block behind it (RFC 7692, section
// 7.2).
const (
	flushMark = "\x00\x00\xff\xff"
	lastBlock = "\x01\x00\x00\xff\xff"
)

var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // fails for other levels
	return w
}}

// deflated is the frame with its messages compressed, where that makes them
// smaller. It is made once, or twice when two ask at the same time.
func (f *Frame) deflated() []byte {
	if d := f.deflate.Load(); d != nil {
		return *d
	}
	var wire []byte
	for rest := f.wire; len(rest) > 0; {
		first := rest[0]
		op, payload, after := cutWire(rest)
		small := payload
		if !op.IsControl() {
			small = deflate(payload)
		}
		if len(small) < len(payload) {
			start := len(wire)
			wire = appendWire(wire, op, small)
			wire[start] = first | compressed
		} else {
			wire = append(wire, rest[:len(rest)-len(after)]...)
		}
		rest = after
	}
	f.deflate.Store(&wire)
	return wire
}

func deflate(payload []byte) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	_, _ = w.Write(payload) // a bytes.Buffer takes everything
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(flushMark))
}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate decompresses a message of at most limit bytes. Memory grows with what
// comes out, whatever was promised.
func inflate(message []byte, limit int) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	in := io.MultiReader(bytes.NewReader(message), bytes.NewReader([]byte(flushMark+lastBlock)))
	if err := r.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case err != nil:
		return nil, &Violation{CodeInvalidData, "message cannot be decompressed"}
	case len(out) > limit:
		return nil, &Violation{CodeTooBig, "message exceeds the payload limit"}
	}
	return out, nil
}

// wire is a frame as the client takes it.
func (t *websocket) wire(f *Frame) []byte {
	if !t.compresses || len(f.wire) < t.config.CompressFrom || f.wire[0]&0x0f >= byte(ws.OpClose) {
		return f.wire
	}
	return f.deflated()
}
