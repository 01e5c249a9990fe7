package socketio_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
	"go.uber.org/goleak"
)

func TestConnectAndEcho(t *testing.T) {
	server := newServer(t, socketio.Options{})
	n := server.Of("/")
	n.OnConnect(func(_ context.Context, s *socketio.Socket) {
		must(t, s.Emit("auth", s.Handshake().Auth))
	})
	n.Handle("message", func(_ context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		must(t, s.Emit("message-back", anys(args)...))
		must(t, ack.Send(anys(args)...))
	})
	c := dial(t, serve(t, server))
	c.openPacket()
	c.send(`40{"token":"1 < 2"}`)
	c.expectPrefix(`40{"sid":"`)
	c.expect(`42["auth",{"token":"1 < 2"}]`)
	c.send(`42["message",1,"2",{"3":[true]}]`)
	c.expect(`42["message-back",1,"2",{"3":[true]}]`)
	c.send(`427["message",1.50,"é"]`)
	c.expect(`42["message-back",1.50,"é"]`)
	c.expect(`437[1.50,"é"]`)
}

// overTLS has every test of this package speak TLS: go test ./socketio -tls
var overTLS = flag.Bool("tls", false, "run the tests over TLS")

// scheme is web for a server that serve runs: "http" or "ws", or with an "s".
func scheme(web string) string {
	if *overTLS {
		return web + "s"
	}
	return web
}

// anyone trusts every certificate.
var anyone = &tls.Config{InsecureSkipVerify: true}

// plug opens a connection to a server that serve runs, to say anything on it.
func plug(address string) (net.Conn, error) {
	if *overTLS {
		return tls.Dial("tcp", address, anyone)
	}
	return net.Dial("tcp", address)
}

// quiet is a logger for tests that provoke errors.
var quiet = slog.New(slog.DiscardHandler)

func newServer(t testing.TB, options socketio.Options) *socketio.Server {
	t.Helper()
	server, err := socketio.NewServer(options)
	must(t, err)
	return server
}

// serve runs the server until the test ends, and gives its address.
func serve(t testing.TB, server *socketio.Server) string {
	t.Helper()
	return serveBehind(t, server, server)
}

// serveBehind is serve with a handler in front.
func serveBehind(t testing.TB, server *socketio.Server, front http.Handler) string {
	t.Helper()
	if *overTLS {
		return serveTLS(t, server, front)
	}
	before := goleak.IgnoreCurrent()
	return run(t, server, httptest.NewServer(front), before)
}

// serveTLS is serveBehind over TLS.
func serveTLS(t testing.TB, server *socketio.Server, front http.Handler) string {
	t.Helper()
	before := goleak.IgnoreCurrent()
	web := httptest.NewUnstartedServer(front)
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // tests leave in the middle of a handshake
	web.StartTLS()
	return run(t, server, web, before)
}

// run ends a server with the test.
func run(t testing.TB, server *socketio.Server, web *httptest.Server, before goleak.Option) string {
	t.Helper()
	t.Cleanup(func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx, 0); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		web.Close()
		goleak.VerifyNone(t, before)
	})
	return web.Listener.Addr().String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func anys(args []json.RawMessage) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		list[i] = arg
	}
	return list
}

// eventually waits for what other goroutines are about to make true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// within fails the test unless something arrives.
func within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("in vain: %s", what)
		panic("unreachable")
	}
}
