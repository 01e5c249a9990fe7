package engineio

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// tape is a connection that plays bytes back, some at a time.
type tape struct {
	net.Conn
	bytes []byte
	step  int
}

func (t *tape) Read(p []byte) (int, error) {
	if len(t.bytes) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), max(t.step, 1))], t.bytes)
	t.bytes = t.bytes[n:]
	return n, nil
}

func newReader(b []byte, step, limit int) *frameReader {
	r := &frameReader{limit: limit}
	r.source.start(&tape{bytes: b, step: step}, nil)
	return r
}

const fuzzLimit = 1 << 16

// Whatever comes in, the reader ends with a lawful close code or the end of
// the stream, and never gives more than it may.
func FuzzFrames(f *testing.F) {
	masked := func(frame ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(frame)) }
	f.Add(masked(ws.NewTextFrame([]byte("40"))), 100)
	f.Add(append(masked(ws.NewFrame(ws.OpText, false, []byte("4"))), masked(ws.NewFrame(ws.OpContinuation, true, []byte("0")))...), 1)
	f.Add(masked(ws.NewPingFrame([]byte("x"))), 3)
	f.Add(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye"))), 100)
	f.Add(masked(ws.NewBinaryFrame(make([]byte, 70_000))), 4096)
	f.Add([]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 2)
	f.Add([]byte{0xf1, 0x80, 0, 0, 0, 0}, 1)
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		r := newReader(b, step, fuzzLimit)
		for {
			op, payload, err := r.next()
			if err != nil {
				var violation *Violation
				switch {
				case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				case errors.As(err, &violation) && (violation.Code == CodeProtocolError || violation.Code == CodeInvalidData || violation.Code == CodeTooBig):
				default:
					t.Fatalf("unexpected end: %v", err)
				}
				return
			}
			switch {
			case op.IsControl() && len(payload) > 125, len(payload) > fuzzLimit:
				t.Fatalf("%d bytes of opcode %d", len(payload), op)
			case op == ws.OpText && !utf8.Valid(payload):
				t.Fatalf("text %q", payload)
			case op == ws.OpClose:
				_ = closedBy(payload)
			}
		}
	})
}

// A message arrives whole, however it is cut into frames and reads, with
// control frames in between.
func TestFragmentsOfAMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "message")
		if rapid.Bool().Draw(t, "large") {
			message = bytes.Repeat(message, 200)
		}
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(message)), 0, 10).Draw(t, "cuts")
		var wire []byte
		op, rest := ws.OpBinary, message
		for _, cut := range cuts {
			n := min(cut, len(rest))
			wire = append(wire, ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, false, rest[:n])))...)
			wire = append(wire, ws.MustCompileFrame(ws.MaskFrame(ws.NewPingFrame([]byte{byte(n)})))...)
			op, rest = ws.OpContinuation, rest[n:]
		}
		wire = append(wire, ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, true, rest)))...)
		r := newReader(wire, rapid.IntRange(1, 10_000).Draw(t, "step"), 1<<20)
		for range cuts {
			if op, _, err := r.next(); op != ws.OpPing || err != nil {
				t.Fatalf("got %v, %v, want a ping", op, err)
			}
		}
		op, got, err := r.next()
		if err != nil || op != ws.OpBinary || !bytes.Equal(got, message) {
			t.Fatalf("got %d bytes of %v, %v, want %d", len(got), op, err, len(message))
		}
		if _, _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the end: %v", err)
		}
		if r.source.buf != nil {
			t.Fatal("a silent connection holds a buffer")
		}
	})
}

// The queue's bound, its accounting and its order, against a model.
func TestQueueModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, volatile = 1000, 300
		q := queue{limit: limit, volatile: volatile}
		var model []*Frame
		bytes := 0
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				f := sealed(ws.OpText, make([]byte, rapid.IntRange(0, 400).Draw(t, "size")))
				cost := f.Size() + frameOverhead
				droppable := rapid.Bool().Draw(t, "volatile")
				want := queued
				switch {
				case droppable && bytes > 0 && bytes+cost > volatile:
					want = dropped
				case bytes > 0 && bytes+cost > limit:
					want = full
				case !q.draining:
					want = started
				}
				if got := q.push(droppable, f); got != want {
					t.Fatalf("push: %d, want %d", got, want)
				}
				if want == queued || want == started {
					model = append(model, f)
					bytes += cost
				}
			default:
				if !q.draining {
					continue
				}
				b, last := q.take()
				if last || (b == nil) != (len(model) == 0) {
					t.Fatalf("take: %v, %v with %d waiting", b, last, len(model))
				}
				if b == nil {
					continue
				}
				for i, f := range b.frames {
					if f != model[i] {
						t.Fatalf("frame %d is another one", i)
					}
					bytes -= f.Size() + frameOverhead
					q.release(f.Size() + frameOverhead)
				}
				if len(b.frames) != len(model) {
					t.Fatalf("%d of %d frames", len(b.frames), len(model))
				}
				model = nil
				b.free()
			}
			if q.size() != bytes {
				t.Fatalf("%d bytes, want %d", q.size(), bytes)
			}
		}
	})
}

func TestEndingsOfReading(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason string
		code   uint16
		flush  bool
	}{
		{io.EOF, TransportClose, CodeNormal, false},
		{io.ErrUnexpectedEOF, TransportClose, CodeNormal, false},
		{&closeError{3000}, TransportClose, 3000, true},
		{errClientClosed, TransportClose, CodeNormal, true},
		{Violated("x"), ParseError, CodeProtocolError, true},
		{errors.New("reset"), TransportError, CodeNormal, false},
	} {
		e, flush := endingOf(c.err)
		if e.Reason != c.reason || e.Code != c.code || flush != c.flush {
			t.Errorf("%v: %+v, %v", c.err, e, flush)
		}
	}
}
