package https

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
)

// handshakeWithin is what a client has for its handshake. Until it is done a connection costs a goroutine and a few KiB, and
// nobody waits for it.
const handshakeWithin = 10 * time.Second

// Listener accepts TLS, and hands on connections whose handshake is done. Those that speak HTTP without TLS go elsewhere.
type Listener struct {
	inner  net.Listener
	config *tls.Config
	log    *slog.Logger
	plain  *queue
	ready  *queue
	close  func() error
	tasks  sync.WaitGroup

	pending           atomic.Int64
	succeeded, failed atomic.Uint64
}

var _ net.Listener = (*Listener)(nil)

// Stats count handshakes.
type Stats struct {
	Pending           int64  // under way
	Succeeded, Failed uint64 // since the start; who speaks no TLS has failed
}

// Listen speaks TLS on what a listener accepts. Plain is the listener of what came without TLS; closing it leaves the other open.
func Listen(inner net.Listener, certificates Certificates, log *slog.Logger) (l *Listener, plain net.Listener) {
	l = &Listener{inner: inner, config: config(certificates), log: log}
	if _, ok := certificates.(*ACME); ok {
		l.config = config(certificates, acme.ALPNProto)
	}
	l.plain, l.ready = newQueue(inner.Addr()), newQueue(inner.Addr())
	l.close = sync.OnceValue(func() error {
		l.ready.end()
		err := l.inner.Close()
		l.tasks.Wait()
		return err
	})
	l.tasks.Go(l.accept)
	return l, l.plain
}

// Stats counts the handshakes.
func (l *Listener) Stats() Stats {
	return Stats{Pending: l.pending.Load(), Succeeded: l.succeeded.Load(), Failed: l.failed.Load()}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) { return l.ready.Accept() }

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.ready.addr }

// Close implements net.Listener. Handshakes under way are cut.
func (l *Listener) Close() error { return l.close() }

func (l *Listener) accept() {
	for {
		conn, err := l.inner.Accept()
		if err != nil {
			// net/http knows which errors pass, and how long to wait.
			if !l.ready.put(l.ready.ctx, accepted{err: err}) {
				return
			}
			continue
		}
		l.pending.Add(1)
		l.tasks.Go(func() {
			l.greet(conn)
			l.pending.Add(-1)
		})
	}
}

// greet brings a connection to where it can be used.
func (l *Listener) greet(raw net.Conn) {
	cut := context.AfterFunc(l.ready.ctx, func() { _ = raw.Close() })
	defer cut()
	_ = raw.SetDeadline(time.Now().Add(handshakeWithin))
	conn := &opened{Conn: raw}
	if err := conn.peek(); err != nil {
		l.refuse(raw, err)
		return
	}
	if conn.first[0] != recordHandshake {
		_ = raw.SetDeadline(time.Time{})
		l.failed.Add(1)
		if !l.plain.put(l.ready.ctx, accepted{conn: conn}) {
			_ = raw.Close()
		}
		return
	}
	secured := tls.Server(conn, l.config)
	if err := secured.Handshake(); err != nil { //nolint:noctx // cut, and the deadline, bound it
		l.refuse(raw, err)
		return
	}
	l.succeeded.Add(1)
	if secured.ConnectionState().NegotiatedProtocol == acme.ALPNProto {
		_ = secured.Close() // RFC 8737, section 3: nothing follows
		return
	}
	_ = raw.SetDeadline(time.Time{})
	if !l.ready.put(l.ready.ctx, accepted{conn: secured}) {
		_ = raw.Close()
	}
}

// refuse ends what became nothing. Strangers try all the time, so it is no event for the log of every day.
func (l *Listener) refuse(conn net.Conn, err error) {
	l.failed.Add(1)
	l.log.Debug("no handshake", "address", conn.RemoteAddr().String(), "error", err.Error())
	_ = conn.Close()
}

// recordHandshake is the first byte of every TLS connection (RFC 8446, section 5.1); HTTP begins with a letter.
const recordHandshake = 0x16

// opened is a connection whose first byte was looked at.
type opened struct {
	net.Conn
	first [1]byte
	held  bool
}

func (c *opened) peek() error {
	_, err := c.Conn.Read(c.first[:])
	c.held = err == nil
	return err
}

// Read implements net.Conn.
func (c *opened) Read(p []byte) (int, error) {
	if c.held && len(p) > 0 {
		c.held = false
		p[0] = c.first[0]
		return 1, nil
	}
	return c.Conn.Read(p)
}

// NetConn is the connection below, as of tls.Conn.
func (c *opened) NetConn() net.Conn { return c.Conn }

// accepted is what Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

// queue is a net.Listener whose connections another one brings.
type queue struct {
	addr    net.Addr
	waiting chan accepted
	ctx     context.Context
	end     context.CancelFunc
}

var _ net.Listener = (*queue)(nil)

func newQueue(addr net.Addr) *queue {
	q := &queue{addr: addr, waiting: make(chan accepted)}
	q.ctx, q.end = context.WithCancel(context.Background())
	return q
}

// put waits until it is accepted, and reports false when nothing is any more, or the bringer's own time is over.
func (q *queue) put(own context.Context, a accepted) bool {
	select {
	case q.waiting <- a:
		return true
	case <-q.ctx.Done():
		return false
	case <-own.Done():
		return false
	}
}

// Accept implements net.Listener.
func (q *queue) Accept() (net.Conn, error) {
	select {
	case a := <-q.waiting:
		return a.conn, a.err
	case <-q.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (q *queue) Addr() net.Addr { return q.addr }

// Close implements net.Listener.
func (q *queue) Close() error {
	q.end()
	return nil
}
