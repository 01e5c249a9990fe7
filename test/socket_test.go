package test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/maru-chat/maru/test/program"
)

// socket is a Socket.IO client that says exactly what a test wants.
type socket struct {
	t    *testing.T
	conn net.Conn
	from io.Reader
}

// openSocket opens a connection and says whose it is, which need not be true.
func openSocket(t *testing.T, m *program.Maru, header http.Header, auth string) *socket {
	t.Helper()
	s := &socket{t: t}
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header), Timeout: 5 * time.Second}
	conn, ahead, _, err := dialer.Dial(t.Context(), strings.Replace(m.URL(), "http", "ws", 1)+"/socket.io/?EIO=4&transport=websocket")
	must(t, err)
	s.conn, s.from = conn, conn
	if ahead != nil {
		s.from = io.MultiReader(bufio.NewReaderSize(ahead, ahead.Buffered()), conn)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s.await("0{")
	s.write("40" + auth)
	return s
}

func (s *socket) write(packet string) {
	s.t.Helper()
	must(s.t, s.conn.SetWriteDeadline(time.Now().Add(10*time.Second)))
	must(s.t, wsutil.WriteClientText(s.conn, []byte(packet)))
}

// next is what came, "" where the connection is closed.
func (s *socket) next() string {
	s.t.Helper()
	must(s.t, s.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for {
		packet, err := wsutil.ReadServerText(struct {
			io.Reader
			io.Writer
		}{s.from, s.conn})
		if err != nil {
			return ""
		}
		if !bytes.Equal(packet, []byte("2")) {
			return string(packet)
		}
		s.write("3")
	}
}

// await reads until something begins so.
func (s *socket) await(begins string) string {
	s.t.Helper()
	for {
		packet := s.next()
		if strings.HasPrefix(packet, begins) {
			return packet
		}
		if packet == "" {
			s.t.Fatalf("no %q came", begins)
		}
	}
}

// call sends an event and returns its acknowledgement.
func (s *socket) call(id int, event, payload string) string {
	s.t.Helper()
	s.write(fmt.Sprintf(`42%d[%q,%s]`, id, event, payload))
	return s.await(fmt.Sprintf("43%d[", id))
}
