package socketio_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/maru-chat/maru/socketio"
)

// joinTLS is join over TLS.
func joinTLS(t testing.TB, address string) *client {
	t.Helper()
	c := dialURL(t, "wss://"+address+"/socket.io/?EIO=4&transport=websocket")
	c.openPacket()
	c.send("40")
	c.expectPrefix(`40{"sid":"`)
	return c
}

// Over TLS the connection is read and written in other ways.
func TestTLS(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected := sockets(server)
	c := joinTLS(t, serveTLS(t, server, server))
	s := within(t, "a socket", connected)
	if !s.Handshake().Secure {
		t.Error("not secure")
	}
	for i := range 100 {
		must(t, s.Emit("n", i))
	}
	for i := range 100 {
		c.expect(fmt.Sprintf(`42["n",%d]`, i))
	}
	s.Close("")
	if code := c.expectClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if _, err := c.conn.Read(make([]byte, 1)); err == nil {
		t.Error("it goes on after its close frame")
	}
}

// Records of TLS and frames have nothing to do with each other. What was
// decrypted with a frame waits where no system call can see it, and must not
// wait for the next record.
func TestRecordsAreNotFrames(t *testing.T) {
	server := newServer(t, socketio.Options{MaxPayload: 1 << 20})
	server.Of("/").Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		must(t, ack.Send(anys(args)...))
	})
	address := serveTLS(t, server, server)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			// One Write is one record, up to 16 KiB.
			dialer := ws.Dialer{TLSConfig: &tls.Config{InsecureSkipVerify: true, MaxVersion: version, DynamicRecordSizingDisabled: true}}
			c := dialWith(t, dialer, "wss://"+address+"/socket.io/?EIO=4&transport=websocket")
			c.openPacket()
			c.send("40")
			c.expectPrefix("40")
			var wire []byte
			var wants []string
			echo := func(size int) {
				text := strings.Repeat("x", size)
				wire = append(wire, masked(ws.NewTextFrame(fmt.Appendf(nil, `42%d["echo","%s"]`, len(wants), text)))...)
				wants = append(wants, fmt.Sprintf(`43%d["%s"]`, len(wants), text))
			}
			deliver := func(name string, cut int) {
				t.Helper()
				for piece := range slices.Chunk(wire, cut) {
					c.write(piece)
				}
				for _, want := range wants {
					if got := c.next(); got != want {
						t.Fatalf("%s: %.100q, want %.100q", name, got, want)
					}
				}
				wire, wants = nil, nil
			}
			for range 100 {
				echo(50)
			}
			deliver("a hundred frames in one record", len(wire))
			for range 2 {
				echo(200)
			}
			deliver("a record for each byte", 1)
			for _, size := range []int{0, 1, 100, 3_900, 4_096, 16_300, 16_384, 70_000, 500_000} {
				echo(size)
				echo(1)
			}
			deliver("frames that end anywhere in full records", 16<<10)
			for range 20 {
				echo(1000)
			}
			deliver("records that end within heads", 1013)
		})
	}
}

// Pings, pongs and the end of both halves over TLS: the client's close frame, its
// close_notify, and an end without either.
func TestEndsOverTLS(t *testing.T) {
	server := newServer(t, socketio.Options{PingInterval: 30 * time.Millisecond, PingTimeout: 2 * time.Second})
	ended := watch(server)
	address := serveTLS(t, server, server)
	for name, end := range map[string]func(c *client){
		"a close frame":    func(c *client) { c.write(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))) },
		"a close packet":   func(c *client) { c.send("1") },
		"a close_notify":   func(c *client) { must(t, c.conn.(*tls.Conn).CloseWrite()) },
		"the end of TCP":   func(c *client) { must(t, c.conn.(*tls.Conn).NetConn().Close()) },
		"close, as Go has": func(c *client) { must(t, c.conn.Close()) },
	} {
		t.Run(name, func(t *testing.T) {
			c := joinTLS(t, address)
			for range 3 {
				if f, err := c.frame(); err != nil || string(f.Payload) != "2" {
					t.Fatalf("no ping: %q, %v", f.Payload, err)
				}
				c.send("3")
			}
			end(c)
			if g := within(t, "the end", ended); g.reason != socketio.ReasonTransportClose && g.reason != socketio.ReasonTransportError {
				t.Errorf("reason %q", g.reason)
			}
			eventually(t, "the connection is given up", func() bool { return server.Stats().ConnectionsOpen == 0 })
		})
	}
}

// Who stops to read is let go of when a write, or the closing, has had its time.
// TLS would wait for five seconds more to say goodbye to somebody who does not
// listen, and whoever ends the connection would wait with it.
func TestStalledReadersOverTLS(t *testing.T) {
	for name, c := range map[string]struct {
		options socketio.Options
		end     func(*socketio.Socket)
	}{
		"a write": {socketio.Options{WriteTimeout: 100 * time.Millisecond}, func(*socketio.Socket) {}},
		"closing": {socketio.Options{CloseTimeout: 100 * time.Millisecond}, func(s *socketio.Socket) { s.Close("") }},
		"a queue": {socketio.Options{}, func(s *socketio.Socket) { _ = s.Emit("x", strings.Repeat("x", 8<<20)) }},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.SendQueue = 12 << 20
			server := newServer(t, c.options)
			connected := sockets(server)
			conn := joinTLS(t, serveTLS(t, server, server)).conn
			narrow(conn)
			s := within(t, "a socket", connected)
			must(t, s.Emit("x", strings.Repeat("x", 8<<20)))
			began := time.Now()
			c.end(s)
			eventually(t, "the connection is given up", func() bool { return server.Stats().ConnectionsOpen == 0 })
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("given up after %v", took)
			}
		})
	}
}
