package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func start(t *testing.T) (address string) {
	t.Helper()
	handler, err := newHandler()
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return web.Listener.Addr().String()
}

// The configuration that the suites of the protocol's documents count on.
func TestHandshakes(t *testing.T) {
	address := start(t)
	want := regexp.MustCompile(`^0\{"sid":"[^"]+","upgrades":\["websocket"\],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000\}$`)
	for _, path := range []string{"/engine.io/", "/socket.io/"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path+"?EIO=4&transport=polling", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "http://localhost:1234")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !want.Match(body) {
			t.Errorf("%s: %d %s, %v", path, response.StatusCode, body, err)
		}
		if allowed := response.Header.Get("Access-Control-Allow-Origin"); path == "/socket.io/" && allowed != "*" {
			t.Errorf("%s: allowed is %q", path, allowed)
		}
	}
}

// talk dials, says the first packet, and the others when it was answered. What
// comes is want, one packet each, which may end with an ellipsis. The first is
// the open packet.
func talk(t *testing.T, url string, say []ws.Frame, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, ahead, _, err := ws.Dial(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	from := io.ReadWriter(conn)
	if ahead != nil {
		from = struct {
			io.Reader
			io.Writer
		}{ahead, conn}
	}
	write := func(frames []ws.Frame) {
		for _, f := range frames {
			if err := ws.WriteFrame(conn, ws.MaskFrame(f)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(say[:1])
	for i, want := range want {
		if i == 2 {
			write(say[1:])
		}
		got := "2"
		for got == "2" { // pings come when they are due
			payload, _, err := wsutil.ReadServerData(from)
			if err != nil {
				t.Fatalf("instead of %s: %v", want, err)
			}
			got = string(payload)
		}
		if prefix, more := strings.CutSuffix(want, "…"); got != want && (!more || !strings.HasPrefix(got, prefix)) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func texts(packets ...string) (frames []ws.Frame) {
	for _, p := range packets {
		frames = append(frames, ws.NewTextFrame([]byte(p)))
	}
	return frames
}

func TestEngineIO(t *testing.T) {
	url := "ws://" + start(t) + "/engine.io/?EIO=4&transport=websocket"
	say := append(texts("4hello €"), ws.NewBinaryFrame([]byte{1, 2, 3, 4}))
	talk(t, url, say, "0{…", "4hello €", "\x01\x02\x03\x04")
}

func TestSocketIO(t *testing.T) {
	url := "ws://" + start(t) + "/socket.io/?EIO=4&transport=websocket"
	talk(t, url, texts("40", `42["message",1,"2",{"3":[true]}]`, `42456["message-with-ack",1,"2",{"3":[false]}]`),
		"0{…", `40{"sid":"…`, `42["auth",{}]`, `42["message-back",1,"2",{"3":[true]}]`, `43456[1,"2",{"3":[false]}]`)
	talk(t, url, texts(`40{"token":"123"}`), "0{…", `40{"sid":"…`, `42["auth",{"token":"123"}]`)
	talk(t, url, texts(`40/custom,{"token":"abc"}`), "0{…", `40/custom,{"sid":"…`, `42/custom,["auth",{"token":"abc"}]`)
	talk(t, url, texts("40/random"), "0{…", `44/random,{"message":"Invalid namespace"}`)
	say := append(texts("40", `452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`),
		ws.NewBinaryFrame([]byte{1}), ws.NewBinaryFrame([]byte{2}))
	talk(t, url, say, "0{…", `40{"sid":"…`, `42["auth",{}]`,
		`452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "\x01", "\x02")
}

// "localhost" is listened to on each of its addresses, on one port.
func TestListen(t *testing.T) {
	listeners, err := listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		if _, other, err := net.SplitHostPort(l.Addr().String()); err != nil || other != port {
			t.Errorf("%s beside port %s", l.Addr(), port)
		}
		_ = l.Close()
	}
	if _, err := listen(t.Context(), "nonsense"); err == nil {
		t.Error("no port, and no error")
	}
}
