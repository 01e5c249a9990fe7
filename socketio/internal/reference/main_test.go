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

// talk dials, and goes through a dialogue: what begins with ">" is said, and
// with "<" heard, up to an ellipsis. What is binary has another sign behind it.
func talk(t *testing.T, url string, lines ...string) {
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
	for _, line := range lines {
		op := ws.OpText
		if strings.HasPrefix(line[1:], line[:1]) {
			op, line = ws.OpBinary, line[1:]
		}
		if packet, says := strings.CutPrefix(line, ">"); says {
			if err := ws.WriteFrame(conn, ws.MaskFrame(ws.NewFrame(op, true, []byte(packet)))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, found := "2", ws.OpText
		for got == "2" { // pings come when they are due
			payload, op, err := wsutil.ReadServerData(from)
			if err != nil {
				t.Fatalf("instead of %s: %v", line, err)
			}
			got, found = string(payload), op
		}
		want, more := strings.CutSuffix(line[1:], "…")
		if found != op || got != want && (!more || !strings.HasPrefix(got, want)) {
			t.Fatalf("got %v %q, want %v %q", found, got, op, line)
		}
	}
}

func TestEngineIO(t *testing.T) {
	url := "ws://" + start(t) + "/engine.io/?EIO=4&transport=websocket"
	talk(t, url, "<0{…", ">4hello €", "<4hello €", ">>\x01\x02\x03", "<<\x01\x02\x03")
}

func TestSocketIO(t *testing.T) {
	url := "ws://" + start(t) + "/socket.io/?EIO=4&transport=websocket"
	talk(t, url, "<0{…", ">40", `<40{"sid":"…`, `<42["auth",{}]`,
		`>42["message",1,"2",{"3":[true]}]`, `<42["message-back",1,"2",{"3":[true]}]`,
		`>42456["message-with-ack",1,"2",{"3":[false]}]`, `<43456[1,"2",{"3":[false]}]`)
	talk(t, url, "<0{…", `>40{"token":"123"}`, `<40{"sid":"…`, `<42["auth",{"token":"123"}]`)
	talk(t, url, "<0{…", `>40/custom,{"token":"abc"}`, `<40/custom,{"sid":"…`, `<42/custom,["auth",{"token":"abc"}]`)
	talk(t, url, "<0{…", ">40/random", `<44/random,{"message":"Invalid namespace"}`)
	talk(t, url, "<0{…", ">40", `<40{"sid":"…`, `<42["auth",{}]`,
		`>452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, ">>\x01", ">>\x02",
		`<452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "<<\x01", "<<\x02")
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
