package socketio_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
)

// patience is how long a test waits for what has to come, on a machine that has
// other things to do.
const patience = 15 * time.Second

// client is a WebSocket of the tests: it speaks frames, so that it can break
// every rule. It answers pings unless it is told not to.
type client struct {
	t      testing.TB
	conn   net.Conn
	reader io.Reader
	silent bool // leaves pings alone

	extensions []httphead.Option // that were negotiated
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	return dialURL(t, scheme("ws")+"://"+address+"/socket.io/?EIO=4&transport=websocket")
}

func dialURL(t testing.TB, url string) *client {
	t.Helper()
	return dialWith(t, ws.Dialer{}, url)
}

func dialWith(t testing.TB, dialer ws.Dialer, url string) *client {
	t.Helper()
	if dialer.TLSConfig == nil {
		dialer.TLSConfig = anyone
	}
	conn, ahead, answer, err := dialer.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: t, conn: conn, reader: conn, extensions: answer.Extensions}
	if ahead != nil {
		c.reader = ahead
	}
	return c
}

// join dials and connects to the default namespace.
func join(t testing.TB, address string) *client {
	t.Helper()
	c := dial(t, address)
	c.openPacket()
	c.send("40")
	c.expectPrefix(`40{"sid":"`)
	return c
}

type openPacket struct {
	ID           string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"`
	PingTimeout  int      `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

func (c *client) openPacket() (open openPacket) {
	c.t.Helper()
	packet := c.next()
	if err := json.Unmarshal([]byte(strings.TrimPrefix(packet, "0")), &open); err != nil || packet[0] != '0' {
		c.t.Fatalf("open packet %q: %v", packet, err)
	}
	return open
}

func (c *client) send(packet string) {
	c.t.Helper()
	c.write(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(packet)))))
}

func (c *client) write(bytes []byte) {
	c.t.Helper()
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write(bytes); err != nil && !errors.Is(err, net.ErrClosed) {
		c.t.Logf("write: %v", err)
	}
}

// frame reads one frame, whatever it is.
func (c *client) frame() (ws.Frame, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	header, err := ws.ReadHeader(c.reader)
	if err != nil {
		return ws.Frame{}, err
	}
	f := ws.Frame{Header: header, Payload: make([]byte, header.Length)}
	_, err = io.ReadFull(c.reader, f.Payload)
	return f, err
}

// next reads the next packet that is not a ping.
func (c *client) next() string {
	c.t.Helper()
	for {
		f, err := c.frame()
		if err != nil {
			c.t.Fatalf("read: %v", err)
		}
		switch {
		case f.Header.OpCode == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(f.Payload)
			c.t.Fatalf("closed with %d %q", code, reason)
		case string(f.Payload) == "2":
			if !c.silent {
				c.send("3")
			}
		case f.Header.OpCode == ws.OpText:
			return string(f.Payload)
		}
	}
}

func (c *client) expect(packet string) {
	c.t.Helper()
	if got := c.next(); got != packet {
		c.t.Fatalf("got %.200q, want %.200q", got, packet)
	}
}

func (c *client) expectPrefix(prefix string) string {
	c.t.Helper()
	got := c.next()
	if !strings.HasPrefix(got, prefix) {
		c.t.Fatalf("got %.200q, want %.200q…", got, prefix)
	}
	return got[len(prefix):]
}

// expectClose reads up to the close frame and gives its code, or 0 for a
// connection that just ends.
func (c *client) expectClose() ws.StatusCode {
	c.t.Helper()
	for {
		f, err := c.frame()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.t.Fatal("the connection stays open")
		case err != nil:
			return 0
		case f.Header.OpCode == ws.OpClose:
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return code
		}
	}
}
