package engineio

import (
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// websocket is the transport of one WebSocket connection.
type websocket struct {
	conn    net.Conn
	frames  frameReader
	control func(*Frame) // answers a control frame, behind what is queued
	timeout time.Duration

	mu       sync.Mutex
	deadline time.Time // of writing, as last set
	expiring bool      // deadlines are final
	aborted  bool
}

var _ transport = (*websocket)(nil)

func (t *websocket) name() string { return "websocket" }

func newWebsocket(conn net.Conn, ahead []byte, config *Config) *websocket {
	t := &websocket{conn: conn, timeout: config.WriteTimeout}
	t.frames.source = newSource(conn, ahead)
	t.frames.limit = config.MaxPayload
	return t
}

// vector is the reusable argument of a vectored write, which consumes the
// slice it is given.
type vector struct {
	list [][]byte
	left net.Buffers
	flat []byte
}

var vectors = sync.Pool{New: func() any { return new(vector) }}

// write puts the frames on the wire in their order, or fails for good. It is
// called by one goroutine at a time, with a non-empty list that is bounded in
// bytes.
func (t *websocket) write(frames []*Frame) error {
	t.extend()
	if len(frames) == 1 {
		_, err := t.conn.Write(frames[0].wire)
		return err
	}
	v := vectors.Get().(*vector)
	defer vectors.Put(v)
	if _, ok := t.conn.(*net.TCPConn); !ok {
		// Without writev (TLS) each buffer would be a write of its own.
		v.flat = v.flat[:0]
		for _, f := range frames {
			v.flat = append(v.flat, f.wire...)
		}
		_, err := t.conn.Write(v.flat)
		return err
	}
	v.list = v.list[:0]
	for _, f := range frames {
		v.list = append(v.list, f.wire)
	}
	v.left = v.list
	_, err := v.left.WriteTo(t.conn)
	clear(v.list)
	return err
}

// send writes what is no frame of the session's queue: what belongs to the
// opening, and before any of them.
func (t *websocket) send(bytes []byte) error {
	t.extend()
	_, err := t.conn.Write(bytes)
	return err
}

// answer is control before the session owns the websocket.
func (t *websocket) answer(f *Frame) { _ = t.send(f.wire) }

// expect reads one text packet and compares it.
func (t *websocket) expect(packet string) error {
	found := errors.New("engineio: found") // ends the reading
	err := t.read(func(got []byte, binary bool) error {
		if binary || string(got) != packet {
			return Violated("not %q", packet)
		}
		return found
	})
	if errors.Is(err, found) {
		return nil
	}
	return err
}

// extend sets the deadline of the next write. Moving it is not free, so that it
// is only moved when a quarter of its time is gone.
func (t *websocket) extend() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.expiring || t.deadline.Sub(now) > t.timeout*3/4 {
		return
	}
	t.deadline = now.Add(t.timeout)
	_ = t.conn.SetWriteDeadline(t.deadline) // fails only on a closed connection, like the write after it
}

// limit sets the deadline of what comes before the session owns the websocket;
// the zero time lifts it.
func (t *websocket) limit(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.expiring {
		t.deadline = time.Time{} // the next write sets its own again
		_ = t.conn.SetDeadline(at)
	}
}

func (t *websocket) expire(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expiring = true
	_ = t.conn.SetDeadline(at)
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
	_, _ = t.conn.Write(sealed(ws.OpClose, body).wire)
	if half, ok := t.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// read hands every packet to receive until the connection ends or receive
// fails, and says which. The packet is the receiver's to keep.
func (t *websocket) read(receive func(packet []byte, binary bool) error) error {
	for {
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
		n, err := t.conn.Read(waste[:])
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
	if tcp, ok := underlying(t.conn).(*net.TCPConn); ok && reset {
		// A reader that stopped would keep the kernel's copy alive for minutes.
		_ = tcp.SetLinger(0)
	}
	_ = t.conn.Close()
}

// underlying is the connection below TLS, if there is TLS.
func underlying(conn net.Conn) net.Conn {
	if outer, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return outer.NetConn()
	}
	return conn
}
