package socketio_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/maru-chat/maru/socketio"
)

func TestOpenPacket(t *testing.T) {
	address := serve(t, newServer(t, socketio.Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond}))
	open := dial(t, address).openPacket()
	if open.PingInterval != 300 || open.PingTimeout != 200 || open.MaxPayload != 1_000_000 {
		t.Errorf("open packet %+v", open)
	}
	if open.Upgrades == nil || len(open.Upgrades) != 0 {
		t.Errorf("upgrades %v, want an empty list", open.Upgrades)
	}
	if len(open.ID) != 20 {
		t.Errorf("session id %q, want 20 characters", open.ID)
	}
}

// Attacks 1 to 4 and 20, and the error codes of the reference server.
func TestRefusedRequests(t *testing.T) {
	address := serve(t, newServer(t, socketio.Options{}))
	upgrade, with := opening("", ""), opening
	const ok = "EIO=4&transport=websocket"
	for _, c := range []struct {
		name, method, query string
		header              map[string]string
		status              int
		body                string
	}{
		{"polling with POST", "POST", "EIO=4&transport=polling", nil, 400, `{"code":2,"message":"Bad handshake method"}`},
		{"polling an unknown session", "GET", "EIO=4&transport=polling&sid=abc", nil, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"posting to an unknown session", "POST", "EIO=4&transport=polling&sid=abc", nil, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"transport of the prototype", "GET", "EIO=4&transport=__proto__", upgrade, 400, `{"code":0,"message":"Transport unknown"}`},
		{"transport constructor", "GET", "EIO=4&transport=constructor", upgrade, 400, `{"code":0,"message":"Transport unknown"}`},
		{"transport missing", "GET", "EIO=4", upgrade, 400, `{"code":0,"message":"Transport unknown"}`},
		{"transport repeated", "GET", ok + "&transport=websocket", upgrade, 400, `{"code":0,"message":"Transport unknown"}`},
		{"protocol 3", "GET", "EIO=3&transport=websocket", upgrade, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"protocol abc", "GET", "EIO=abc&transport=websocket", upgrade, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"protocol missing", "GET", "transport=websocket", upgrade, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"protocol repeated", "GET", ok + "&EIO=4", upgrade, 400, `{"code":5,"message":"Unsupported protocol version"}`},
		{"session unknown", "GET", ok + "&sid=abc", upgrade, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"session empty", "GET", ok + "&sid=", upgrade, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"session of 10 KB", "GET", ok + "&sid=" + strings.Repeat("x", 10<<10), upgrade, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"session of the prototype", "GET", ok + "&sid=__proto__", upgrade, 400, `{"code":1,"message":"Session ID unknown"}`},
		{"method POST", "POST", ok, upgrade, 400, `{"code":2,"message":"Bad handshake method"}`},
		{"method PUT", "PUT", ok, upgrade, 400, `{"code":2,"message":"Bad handshake method"}`},
		{"no upgrade", "GET", ok, nil, 400, `{"code":3,"message":"Bad request"}`},
		{"bad query", "GET", ok + "&x=%zz", upgrade, 400, `{"code":3,"message":"Bad request"}`},
		{"version 8", "GET", ok, with("Sec-WebSocket-Version", "8"), 426, ""},
		{"version missing", "GET", ok, with("Sec-WebSocket-Version", ""), 400, ""},
		{"key of the wrong length", "GET", ok, with("Sec-WebSocket-Key", "abc"), 400, ""},
		{"no connection header", "GET", ok, with("Connection", "keep-alive"), 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			response, body := request(t, c.method, address, c.query, c.header)
			if response.StatusCode != c.status {
				t.Errorf("status %d, want %d", response.StatusCode, c.status)
			}
			if c.body != "" && body != c.body {
				t.Errorf("body %s, want %s", body, c.body)
			}
		})
	}
}

// A session that is alive over WebSocket cannot be taken over by another one.
func TestSessionInUse(t *testing.T) {
	address := serve(t, newServer(t, socketio.Options{}))
	c := dial(t, address)
	id := c.openPacket().ID
	other := dialURL(t, scheme("ws")+"://"+address+"/socket.io/?EIO=4&transport=websocket&sid="+id)
	if code := other.expectClose(); code != ws.StatusPolicyViolation {
		t.Errorf("a second WebSocket was closed with %d", code)
	}
	for _, method := range []string{"GET", "POST"} {
		response, body := request(t, method, address, "EIO=4&transport=polling&sid="+id, nil)
		if response.StatusCode != http.StatusBadRequest || body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("%s got %d %s", method, response.StatusCode, body)
		}
	}
	c.send("40")
	c.expectPrefix("40")
}

// Attacks 18 and 19: nothing that a client offers is negotiated.
func TestNothingIsNegotiated(t *testing.T) {
	address := serve(t, newServer(t, socketio.Options{}))
	response, _ := request(t, "GET", address, "EIO=4&transport=websocket", map[string]string{
		"Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
		"Sec-WebSocket-Protocol":   "a," + strings.Repeat(" ", 16<<10) + "b",
	})
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", response.StatusCode)
	}
	for _, name := range []string{"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"} {
		if value := response.Header.Get(name); value != "" {
			t.Errorf("%s: %s", name, value)
		}
	}
	if accept := response.Header.Get("Sec-WebSocket-Accept"); accept != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" { // RFC 6455, 1.3
		t.Errorf("accept %q", accept)
	}
}

// Attack 21: the application decides about origins, and can say how it refuses.
func TestAllowRequest(t *testing.T) {
	address := serve(t, newServer(t, socketio.Options{AllowRequest: func(r *http.Request) error {
		switch r.Header.Get("Origin") {
		case "https://chat.example":
			return nil
		case "https://busy.example":
			return &socketio.Refusal{Status: 429, Message: "slow down", RetryAfter: 1500 * time.Millisecond}
		default:
			return errors.New("secret reason")
		}
	}}))
	for origin, want := range map[string]string{
		"https://evil.example":              `403 {"code":4,"message":"Forbidden"}`,
		"null":                              `403 {"code":4,"message":"Forbidden"}`,
		"https://chat.example.evil.example": `403 {"code":4,"message":"Forbidden"}`,
		"https://busy.example":              `429 {"code":4,"message":"slow down"}`,
	} {
		response, body := request(t, "GET", address, "EIO=4&transport=websocket", opening("Origin", origin))
		if got := fmt.Sprintf("%d %s", response.StatusCode, body); got != want {
			t.Errorf("%s: %s, want %s", origin, got, want)
		}
		if retry := response.Header.Get("Retry-After"); response.StatusCode == http.StatusTooManyRequests && retry != "2" {
			t.Errorf("Retry-After %q", retry)
		}
	}
}

// Attack 11: neither one address nor all of them take more than their share,
// and a place is free again when its connection is gone.
func TestConnectionLimits(t *testing.T) {
	server := newServer(t, socketio.Options{
		MaxConnections: 3, MaxConnectionsPerAddress: 2,
		RemoteAddr: func(r *http.Request) string { return r.URL.Query().Get("from") },
	})
	address := serve(t, server)
	url := scheme("ws") + "://" + address + "/socket.io/?EIO=4&transport=websocket&from="
	refused := func(from string) int {
		response, _ := request(t, "GET", address, "EIO=4&transport=websocket&from="+from, opening("", ""))
		if response.Header.Get("Retry-After") == "" {
			t.Errorf("%d without Retry-After", response.StatusCode)
		}
		return response.StatusCode
	}
	first := dialURL(t, url+"a")
	dialURL(t, url+"a")
	if status := refused("a"); status != http.StatusTooManyRequests {
		t.Errorf("third from one address: %d", status)
	}
	dialURL(t, url+"b")
	if status := refused("c"); status != http.StatusServiceUnavailable {
		t.Errorf("fourth: %d", status)
	}
	must(t, first.conn.Close())
	eventually(t, "a free place", func() bool { return server.Stats().ConnectionsOpen == 2 })
	dialURL(t, url+"a").openPacket()
	if stats := server.Stats(); stats.ConnectionsOpened != 4 || stats.ConnectionsRefused != 2 {
		t.Errorf("stats %+v", stats)
	}
}

func TestHandshakeOfASocket(t *testing.T) {
	type trace struct{}
	server := newServer(t, socketio.Options{Context: func(r *http.Request) context.Context {
		return context.WithValue(context.Background(), trace{}, r.URL.Query().Get("room"))
	}})
	shakes := make(chan *socketio.Handshake, 1)
	server.Of("/").OnConnect(func(ctx context.Context, s *socketio.Socket) {
		if ctx.Value(trace{}) != "7" || ctx.Err() != nil {
			t.Errorf("the context has %v, and %v", ctx.Value(trace{}), ctx.Err())
		}
		shakes <- s.Handshake()
	})
	web := httptest.NewServer(server)
	defer web.Close()
	defer func() { must(t, server.Close()) }()
	dialer := ws.Dialer{Header: ws.HandshakeHeaderString("User-Agent: me\r\n")}
	c := dialWith(t, dialer, "ws://"+web.Listener.Addr().String()+"/socket.io/?EIO=4&transport=websocket&room=7")
	c.openPacket()
	c.send(`40{"token":"x"}`)
	h := within(t, "a handshake", shakes)
	if string(h.Auth) != `{"token":"x"}` || h.RemoteAddr != "127.0.0.1" || h.URL().Query().Get("room") != "7" ||
		h.Header().Get("User-Agent") != "me" || len(h.Header()) != 1 || time.Since(h.Time) > patience || h.Secure {
		t.Errorf("handshake of %v with %v and %s from %s at %v, secure: %v", h.URL(), h.Header(), h.Auth, h.RemoteAddr, h.Time, h.Secure)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, options := range []socketio.Options{
		{PingInterval: -1}, {MaxPayload: -1}, {SendQueue: 10, VolatileQueue: 20},
	} {
		if _, err := socketio.NewServer(options); err == nil {
			t.Errorf("%+v was taken", options)
		}
	}
}

// request sends a request as it is, without what an HTTP client adds to it.
// opening are the headers of a WebSocket's opening handshake, one of them
// changed, or left out where it is empty.
func opening(changed, value string) map[string]string {
	headers := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	}
	if changed != "" {
		headers[changed] = value
	}
	return headers
}

func request(t *testing.T, method, address, query string, header map[string]string) (*http.Response, string) {
	t.Helper()
	conn, err := plug(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	head := fmt.Sprintf("%s /socket.io/?%s HTTP/1.1\r\nHost: %s\r\n", method, query, address)
	for name, value := range header {
		if value != "" {
			head += name + ": " + value + "\r\n"
		}
	}
	_, err = io.WriteString(conn, head+"\r\n")
	must(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response, ""
	}
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return response, string(body)
}
