package engineio

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// websocket is the transport of one WebSocket connection.
type websocket struct {
	frames frameReader // has the connection
	owner  *Session    // nil as long as it only tries to take over
	config *Config

	mu       sync.Mutex
	expiring bool // deadlines are final
	aborted  bool

	compresses bool // from config.CompressFrom on
}

var _ transport = (*websocket)(nil)

func (t *websocket) name() string { return "websocket" }

// newWebsocket is the websocket that the request opens.
func newWebsocket(conn net.Conn, ahead []byte, r *http.Request, config *Config) *websocket {
	t := &websocket{config: config}
	if config.CompressFrom > 0 && offersDeflate(r.Header) {
		t.compresses, t.frames.deflate = true, true
	}
	t.frames.limit = config.MaxPayload
	t.frames.source.start(conn, ahead)
	return t
}

func (t *websocket) conn() net.Conn { return t.frames.source.conn }

// pieceBytes bounds one write, so that its deadline asks the same of a reader
// whether much or little waits for it.
const pieceBytes = 64 << 10

// piece is a reusable copy of frames: one write of it costs less than a vectored
// write of many small frames (0.295 µs for each of 120 bytes against 0.325).
type piece struct {
	bytes []byte

	// of an attempt to write
	n   int
	err error
	try func(fd uintptr) bool
}

var pieces = sync.Pool{New: func() any {
	p := new(piece)
	p.try = p.tryWrite
	return p
}}

// cut returns what to write first of the frames, and how many they are: the
// frame itself where it stands alone, and a copy otherwise.
func (p *piece) cut(t *websocket, frames []*Frame) (wire []byte, n int) {
	n, size := 1, len(frames[0].wire)
	for n < len(frames) && size+len(frames[n].wire) <= pieceBytes {
		size += len(frames[n].wire)
		n++
	}
	if n == 1 {
		return t.wire(frames[0]), 1
	}
	p.bytes = p.bytes[:0]
	for _, f := range frames[:n] {
		p.bytes = append(p.bytes, t.wire(f)...)
	}
	return p.bytes, n
}

// direct reports whether writeNow can be used.
func (t *websocket) direct() bool { return t.frames.source.raw != nil }

// writeNow writes the frames in their order, as far as the connection takes them
// without waiting, and calls written with the cost of those that are gone. It
// returns how many that are, and the offset in the next one, which may be half
// gone.
func (t *websocket) writeNow(frames []*Frame, written func(cost int)) (n, offset int, err error) {
	p := pieces.Get().(*piece)
	defer pieces.Put(p)
	for n < len(frames) {
		wire, count := p.cut(t, frames[n:])
		done, err := p.write(t.frames.source.raw, wire)
		if err != nil {
			return n, 0, err
		}
		if done == len(wire) {
			written(cost(frames[n : n+count]))
			n += count
			continue
		}
		gone := 0
		for ; done >= len(t.wire(frames[n+gone])); gone++ {
			done -= len(t.wire(frames[n+gone]))
		}
		written(cost(frames[n : n+gone]))
		return n + gone, done, nil
	}
	return n, 0, nil
}

// write writes the frames in their order, the first one from an offset on, or
// fails for good. It calls written with the cost of those that are gone.
func (t *websocket) write(frames []*Frame, offset int, written func(cost int)) error {
	p := pieces.Get().(*piece)
	defer pieces.Put(p)
	for len(frames) > 0 {
		wire, n := t.wire(frames[0])[offset:], 1
		if offset == 0 {
			wire, n = p.cut(t, frames)
		}
		if err := t.send(wire); err != nil {
			return err
		}
		written(cost(frames[:n]))
		frames, offset = frames[n:], 0
	}
	return nil
}

// send writes bytes, within the time of a write. The deadline is lifted again:
// writeNow has none, and must not meet one that is long past.
func (t *websocket) send(bytes []byte) error {
	t.limitWrite(time.Now().Add(t.config.WriteTimeout))
	_, err := t.conn().Write(bytes)
	t.limitWrite(time.Time{})
	return err
}

func (t *websocket) limitWrite(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.expiring {
		_ = t.conn().SetWriteDeadline(at) // fails only on a closed connection, like the write after it
	}
}

// control answers a control frame, behind what is queued.
func (t *websocket) control(f *Frame) {
	if t.owner == nil {
		_ = t.send(f.wire) // a failure shows when the client is to be read
		return
	}
	_ = t.owner.Send(f)
}

// expect reads one text packet and compares it.
func (t *websocket) expect(packet string) error {
	found := errors.New("engineio: found") // ends the reading
	for {
		if t.frames.idle() {
			if err := t.await(); err != nil {
				return err
			}
		}
		err := t.read(func(got []byte, binary bool) error {
			if binary || string(got) != packet {
				return Violated("not %q", packet)
			}
			return found
		})
		switch {
		case errors.Is(err, found):
			return nil
		case err != nil:
			return err
		}
	}
}

// limit sets the deadline of what comes before the session owns the websocket;
// the zero time lifts it.
func (t *websocket) limit(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.expiring {
		_ = t.conn().SetDeadline(at)
	}
}

func (t *websocket) expire(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expiring = true
	_ = t.conn().SetDeadline(at)
}

// closeReason bounds the text of a close frame: 125 bytes with its code
// (RFC 6455, section 5.5).
const closeReason = 123

func (t *websocket) close(code uint16, reason string) {
	var body []byte
	if code != codeNone {
		reason = strings.ToValidUTF8(reason[:min(len(reason), closeReason)], "") // the cut may go through a character
		body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	}
	if _, err := t.conn().Write(sealed(ws.OpClose, body).wire); err != nil {
		return // TLS would try for five seconds more
	}
	if half, ok := t.conn().(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// await returns when there is something to read, in the shallow stack that an
// idle connection keeps.
func (t *websocket) await() error { return t.frames.source.await() }

// read hands every packet to receive until the client is idle, the connection
// ends or receive fails. It waits for the rest of what has begun to come. The
// packet is the receiver's to keep.
func (t *websocket) read(receive func(packet []byte, binary bool) error) error {
	for !t.frames.idle() {
		op, payload, err := t.frames.next()
		if err != nil {
			return err
		}
		switch op {
		case ws.OpPing:
			t.control(sealed(ws.OpPong, payload))
		case ws.OpPong:
		case ws.OpClose:
			return closedBy(payload)
		default:
			if err := receive(payload, op == ws.OpBinary); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxDiscard bounds what is read from a client that goes on sending after it
// was told that nobody listens.
const maxDiscard = 4 << 20

// discard reads without looking until the client is gone or the time set by
// expire has come, so that closing does not reset the connection while the
// client still has our last frames to read.
func (t *websocket) discard() {
	var waste readBuffer
	for total := 0; total < maxDiscard; {
		n, err := t.conn().Read(waste[:])
		if err != nil {
			return
		}
		total += n
	}
}

func (t *websocket) abort(reset bool) {
	t.mu.Lock()
	aborted := t.aborted
	t.aborted = true
	t.mu.Unlock()
	if aborted {
		return
	}
	conn := underlying(t.conn())
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		// A reader that stopped would keep the kernel's copy alive for minutes.
		_ = tcp.SetLinger(0)
	}
	// TLS's own Close would say goodbye, and wait five seconds for a client that
	// takes no more; close has said it where there was reason to.
	_ = conn.Close()
}

// underlying is the connection below TLS, and below what is between the two.
func underlying(conn net.Conn) net.Conn {
	for {
		outer, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = outer.NetConn()
	}
}
