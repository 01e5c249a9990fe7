package socketio_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// The handshake of a client that polls: exactly the document's fields, with
// the one upgrade there is.
func TestPollingHandshake(t *testing.T) {
	address := serve(t, newServer(t, socketio.Options{
		PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond, MaxPayload: 1000,
		CloseTimeout: 100 * time.Millisecond, // nobody hears of the end
	}))
	response, body := request(t, http.MethodGet, address, "EIO=4&transport=polling", nil)
	exactly := regexp.MustCompile(`^0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":300,"pingTimeout":200,"maxPayload":1000\}$`)
	if response.StatusCode != http.StatusOK || !exactly.MatchString(body) {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
}

// The reference server's error codes, for requests that poll.
func TestRefusedPolling(t *testing.T) {
	p := pollIn(t, serve(t, newServer(t, socketio.Options{})))
	const ok = "EIO=4&transport=polling"
	sid := "&sid=" + p.open.ID
	for _, c := range []struct{ method, query, body string }{
		{"GET", "", `{"code":0,"message":"Transport unknown"}`},
		{"GET", "EIO=4" + sid, `{"code":0,"message":"Transport unknown"}`},
		{"GET", "EIO=4&transport=polling2" + sid, `{"code":0,"message":"Transport unknown"}`},
		{"GET", ok + "&transport=websocket" + sid, `{"code":0,"message":"Transport unknown"}`},
		{"GET", "transport=polling" + sid, `{"code":5,"message":"Unsupported protocol version"}`},
		{"GET", "EIO=3&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{"POST", "EIO=5&transport=polling" + sid, `{"code":5,"message":"Unsupported protocol version"}`},
		{"GET", ok + sid + sid, unknownSession},
		{"GET", ok + sid + "x", unknownSession},
		{"POST", ok + "&sid=" + strings.ToLower(p.open.ID) + "%00", unknownSession},
		{"POST", ok + "&sid=", unknownSession},
		{"POST", ok, `{"code":2,"message":"Bad handshake method"}`},
		{"GET", ok + sid + "&x=%zz", badRequest},
		{"GET", ok + ";" + sid, badRequest},
		{"GET", "EIO=4&transport=websocket" + sid, badRequest}, // without its headers
		{"POST", "EIO=4&transport=websocket" + sid, `{"code":2,"message":"Bad handshake method"}`},
	} {
		response, body := request(t, c.method, p.address, c.query, nil)
		if response.StatusCode != http.StatusBadRequest || body != c.body {
			t.Errorf("%s %s: %d %s, want %s", c.method, c.query, response.StatusCode, body, c.body)
		}
	}
	p.send("3") // none of them did any harm
}

// What proxies and browsers are told about every answer, good or bad.
func TestPollingHeaders(t *testing.T) {
	p := poll(t, serve(t, newServer(t, socketio.Options{})))
	answers := map[string]answer{"a POST": p.post("40"), "a GET": p.get()}
	stranger := *p
	stranger.open.ID = "unknown"
	answers["a refusal"] = stranger.get()
	for name, a := range answers {
		kind := "text/plain; charset=UTF-8"
		if a.status != http.StatusOK {
			kind = "application/json"
		}
		for header, want := range map[string]string{
			"Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Content-Length": strconv.Itoa(len(a.body)), "Access-Control-Allow-Origin": "",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
}

// echoes acknowledges "echo" with what came.
func echoes(server *socketio.Server) {
	server.Of("/").Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		_ = ack.Send(anys(args)...) // a client that is gone needs no echo
	})
}

// Several packets in one body are handled in their order, and what is to be
// said meanwhile goes out together, in its order.
func TestPollingKeepsOrderAndCoalesces(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	connected := sockets(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	if s.Transport() != "polling" {
		t.Errorf("the transport is %q", s.Transport())
	}
	for i := range 3 {
		must(t, s.Emit("n", i))
	}
	p.expect(`42["n",0]`, `42["n",1]`, `42["n",2]`)

	p.send(`420["echo","é",1.50]`, `421["echo","\u001e"]`, `422["echo"]`)
	if got := p.collect(3); strings.Join(got, " ") != `430["é",1.50] 431["\u001e"] 432[]` {
		t.Errorf("got %q", got)
	}
}

// A request that waits is woken by the first packet, whoever sends it.
func TestPollingWaits(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	connected := sockets(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	answers := p.ask()
	must(t, s.Emit("wake", "up"))
	if a := within(t, "the answer", answers); !a.is(http.StatusOK, `42["wake","up"]`) {
		t.Errorf("got %+v", a)
	}
	answers = p.ask()
	p.send(`427["echo"]`)
	if a := within(t, "the answer", answers); !a.is(http.StatusOK, `437[]`) {
		t.Errorf("got %+v", a)
	}
}

// The heartbeat by polling: a ping in an answer, a pong in a body.
func TestPollingHeartbeat(t *testing.T) {
	server := newServer(t, socketio.Options{PingInterval: 50 * time.Millisecond, PingTimeout: patience})
	p := pollIn(t, serve(t, server))
	for range 3 {
		p.expect("2")
		p.send("3")
	}
}

// A client that answers no ping is gone, whether it polls or not, and what it
// waits with is answered.
func TestPollingPingTimeout(t *testing.T) {
	server := newServer(t, socketio.Options{PingInterval: 50 * time.Millisecond, PingTimeout: 50 * time.Millisecond})
	ended := watch(server)
	address := serve(t, server)
	// It connects by a body alone, since time is short.
	polls, silent := poll(t, address), poll(t, address)
	polls.send("40")
	silent.send("40")
	for body := ""; body != "1"; {
		a := polls.get()
		if body = a.body; a.status != http.StatusOK {
			break // the end came between two requests
		}
	}
	for range 2 {
		if g := within(t, "the end", ended); g.reason != socketio.ReasonPingTimeout {
			t.Errorf("reason %q", g.reason)
		}
	}
	polls.gone()
	silent.gone()
}

// Attack 5: two requests for packets at once end the session. One of them is
// told so, the other one that it was one too many.
func TestTwoPollsAtOnce(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	p := pollIn(t, serve(t, server))
	first := p.ask()
	if a := p.get(); !a.is(http.StatusBadRequest, badRequest) {
		t.Errorf("the second got %+v", a)
	}
	if a := within(t, "the first", first); !a.is(http.StatusOK, "1") {
		t.Errorf("the first got %+v", a)
	}
	if g := within(t, "the end", ended); g.reason != socketio.ReasonParseError {
		t.Errorf("reason %q", g.reason)
	}
	p.gone()
}

// Attack 5, for the other direction.
func TestTwoPostsAtOnce(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	p := pollIn(t, serve(t, server))
	waits := p.ask()
	slow := startPost(t, p, 10)
	_, _ = slow.conn.Write([]byte(`42["`))
	eventually(t, "the body is being read", func() bool { return goroutinesIn("engineio.(*polling).body") > 0 })
	if a := p.post("3"); !a.is(http.StatusBadRequest, badRequest) {
		t.Errorf("the second got %+v", a)
	}
	if a := within(t, "the waiting request", waits); !a.is(http.StatusOK, "1") {
		t.Errorf("the waiting request got %+v", a)
	}
	_, _ = slow.conn.Write([]byte(`xxxx"]`))
	if g := within(t, "the end", ended); g.reason != socketio.ReasonParseError {
		t.Errorf("reason %q", g.reason)
	}
	p.gone()
}

// Attack 9: whoever goes away while it waits is gone.
func TestCancelledPoll(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	p := pollIn(t, serve(t, server))
	ctx, cancel := context.WithCancel(t.Context())
	before := waiting()
	cancelled := make(chan answer, 1)
	go func() { cancelled <- p.request(ctx, http.MethodGet, nil) }()
	eventually(t, "the request waits", func() bool { return waiting() > before })
	cancel()
	if a := within(t, "the request", cancelled); !errors.Is(a.err, context.Canceled) {
		t.Errorf("got %+v", a)
	}
	if g := within(t, "the end", ended); g.reason != socketio.ReasonTransportClose {
		t.Errorf("reason %q", g.reason)
	}
	p.gone()
}

// Attack 6: a body over the limit is refused by its announcement, or where it
// crosses the limit. Nothing of it is handled, and the rest of it is not waited
// for longer than for any other.
func TestBodyOverTheLimit(t *testing.T) {
	server := newServer(t, socketio.Options{MaxPayload: 1000, PingTimeout: 300 * time.Millisecond})
	ended := watch(server)
	touched := make(chan string, 10)
	server.Of("/").HandleOther(func(_ context.Context, _ *socketio.Socket, event string, _ []json.RawMessage, _ socketio.Ack) {
		touched <- event
	})
	address := serve(t, server)
	refused := func(p *poller, status int) {
		t.Helper()
		if status != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", status)
		}
		if g := within(t, "the end", ended); g.reason != socketio.ReasonParseError {
			t.Errorf("reason %q", g.reason)
		}
		p.gone()
	}
	t.Run("announced", func(t *testing.T) {
		p := pollIn(t, address)
		refused(p, startPost(t, p, 1001).status())
	})
	t.Run("in chunks", func(t *testing.T) {
		p := pollIn(t, address)
		request := startPost(t, p, -1)
		_, err := fmt.Fprintf(request.conn, "3\r\n42[\r\n3e8\r\n%s\r\n", strings.Repeat("x", 1000))
		must(t, err)
		refused(p, request.status())
	})
	t.Run("exactly", func(t *testing.T) {
		p := pollIn(t, address)
		p.send(`42["x","` + strings.Repeat("x", 1000-10) + `"]`)
		if event := within(t, "the event", touched); event != "x" {
			t.Errorf("event %q", event)
		}
	})
	if len(touched) > 0 {
		t.Errorf("%q was handled", <-touched)
	}
}

// Attack 8, and whatever else no client says: the body is refused, the session
// gone, and a request that waits is told.
func TestLawlessBodies(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	for name, body := range map[string]string{
		"nothing":                  "",
		"not a packet":             "abc",
		"not UTF-8":                "42[\"\xff\"]",
		"UTF-8 cut by the end":     "42[\"\xc3",
		"separator in UTF-8":       "42[\"\xc3\x1e\xa9\"]",
		"only separators":          strings.Repeat("\x1e", 100_000),
		"a separator at the end":   "3\x1e",
		"a separator in front":     "\x1e3",
		"base64 of no alphabet":    "b_-8=",
		"base64 without padding":   "bAQIDBA",
		"base64 with spaces":       "bAQID BA==",
		"base64 with loose bits":   "bAQIDBB==",
		"binary without a packet":  "b" + base64.StdEncoding.EncodeToString([]byte{1}),
		"an open packet":           "0",
		"a ping":                   "2",
		"an upgrade":               "5",
		"a noop":                   "6",
		"a type there is not":      "7",
		"an event of another kind": "4abc",
		"a bad packet in the end":  "3\x1e3\x1e42[",
	} {
		t.Run(name, func(t *testing.T) {
			p := pollIn(t, address)
			waits := p.ask()
			if a := p.post(body); !a.is(http.StatusBadRequest, badRequest) {
				t.Errorf("got %+v", a)
			}
			if a := within(t, "the waiting request", waits); !a.is(http.StatusOK, "1") {
				t.Errorf("the waiting request got %+v", a)
			}
			p.gone()
			check()
		})
	}
}

// Attack 7: protocol 3 knew binary bodies, 4 does not. Everything else that
// libraries call a body is one.
func TestContentTypes(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	for _, kind := range []string{"text/plain;charset=UTF-8", "text/plain", "application/x-www-form-urlencoded", "", "nonsense"} {
		p.header = http.Header{"Content-Type": {kind}}
		p.stillPolls()
	}
	p.header = http.Header{"Content-Type": {"application/octet-stream"}}
	if a := p.post(`421["echo"]`); !a.is(http.StatusBadRequest, badRequest) {
		t.Errorf("got %+v", a)
	}
	p.gone()
}

// A body in chunks is a body, wherever they are cut, and a connection that ends
// with its answer is no end of the session.
func TestBodyInChunks(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	request := startPost(t, p, -1)
	for _, b := range []byte(`421["echo","é"]`) {
		_, err := fmt.Fprintf(request.conn, "1\r\n%s\r\n", []byte{b})
		must(t, err)
	}
	_, err := fmt.Fprint(request.conn, "0\r\n\r\n")
	must(t, err)
	if status := request.status(); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	_ = request.conn.Close()
	p.header = http.Header{"Connection": {"close"}}
	p.expect(`431["é"]`)
	p.stillPolls()
}

// The client's own end: a request that waits ends with a noop, and one that was
// overtaken too, once.
func TestPollingClientCloses(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	address := serve(t, server)
	end := func() {
		t.Helper()
		if g := within(t, "the end", ended); g.reason != socketio.ReasonTransportClose {
			t.Errorf("reason %q", g.reason)
		}
	}
	t.Run("while a request waits", func(t *testing.T) {
		p := pollIn(t, address)
		waits := p.ask()
		p.send("1")
		if a := within(t, "the waiting request", waits); !a.is(http.StatusOK, "6") {
			t.Errorf("it got %+v", a)
		}
		end()
		p.gone()
	})
	t.Run("before a request comes", func(t *testing.T) {
		p := pollIn(t, address)
		p.send("1")
		if a := p.get(); !a.is(http.StatusOK, "6") && !a.is(http.StatusBadRequest, unknownSession) {
			t.Errorf("a request that was overtaken got %+v", a) // the latter only where it is very late
		}
		end()
		p.gone()
	})
	t.Run("behind a last event", func(t *testing.T) {
		server.Of("/").Handle("last", func(_ context.Context, _ *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
			if err := ack.Send(); !errors.Is(err, socketio.ErrNotConnected) && err != nil {
				t.Errorf("got %v", err)
			}
			ended <- gone{reason: "handled"}
		})
		p := pollIn(t, address)
		p.send(`42["last"]`, "1")
		if g := within(t, "the event", ended); g.reason != "handled" {
			t.Errorf("the event was dropped: %v", g)
		}
		end()
	})
}

// Attack 10: a body that never ends does, and its session with it.
func TestBodyThatTricklesIn(t *testing.T) {
	server := newServer(t, socketio.Options{PingTimeout: 100 * time.Millisecond})
	ended := watch(server)
	p := pollIn(t, serve(t, server))
	request := startPost(t, p, 1000)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				_, _ = request.conn.Write([]byte("3"))
			}
		}
	}()
	if status := request.status(); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	if g := within(t, "the end", ended); g.reason != socketio.ReasonTransportError {
		t.Errorf("reason %q", g.reason)
	}
	p.gone()
}

// Attack 10, where the body is of no interest in the first place.
func TestRefusedBodyThatNeverComes(t *testing.T) {
	server := newServer(t, socketio.Options{PingTimeout: 100 * time.Millisecond})
	address := serve(t, server)
	p := poll(t, address)
	stranger := *p
	stranger.open.ID = "unknown"
	if status := startPost(t, &stranger, 1000).status(); status != http.StatusBadRequest {
		t.Errorf("to an unknown session: status %d", status)
	}
	newcomer := *p
	newcomer.open.ID = ""
	if status := startPost(t, &newcomer, 1000).status(); status != http.StatusBadRequest {
		t.Errorf("to open a session: status %d", status)
	}
}
