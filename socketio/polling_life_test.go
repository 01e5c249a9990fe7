package socketio_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// What is queued arrives first, and the end in an answer of its own: clients
// hear of an end before the messages that come in the same body.
func TestPollingEndings(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(*socketio.Server, *socketio.Socket)
		reason socketio.Reason
	}{
		"close": {func(_ *socketio.Server, s *socketio.Socket) { s.Close("enough") }, "enough"},
		"shutdown": {func(server *socketio.Server, _ *socketio.Socket) {
			go func() { _ = server.Shutdown(context.Background(), 0) }() // its end is the test's
		}, socketio.ReasonShutdown},
	} {
		for _, waits := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, a request waits: %v", name, waits), func(t *testing.T) {
				server := newServer(t, socketio.Options{})
				connected, ended := sockets(server), watch(server)
				p := pollIn(t, serve(t, server))
				s := within(t, "a socket", connected)
				answers := make(<-chan answer)
				if waits {
					answers = p.ask()
				}
				must(t, s.Emit("n", 1))
				must(t, s.Emit("n", 2))
				c.end(server, s)
				if g := within(t, "the end", ended); g.reason != c.reason {
					t.Errorf("reason %q", g.reason)
				}
				var bodies []string
				if waits {
					bodies = append(bodies, within(t, "the answer", answers).body)
				}
				for len(bodies) == 0 || bodies[len(bodies)-1] != "1" {
					a := p.get()
					if a.status != http.StatusOK {
						t.Fatalf("after %q: %+v", bodies, a)
					}
					bodies = append(bodies, a.body)
				}
				got := strings.Join(bodies[:len(bodies)-1], "\x1e")
				if got != "42[\"n\",1]\x1e42[\"n\",2]" {
					t.Errorf("got %q", bodies)
				}
				p.gone()
			})
		}
	}
}

// Disconnect leaves the connection to its other namespaces.
func TestPollingDisconnect(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected := sockets(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	must(t, s.Emit("farewell"))
	s.Disconnect()
	p.expect(`42["farewell"]`, "41")
	p.send("40")
	if a := p.get(); !strings.HasPrefix(a.body, `40{"sid":"`) {
		t.Errorf("got %+v", a)
	}
}

// A client that does not come back for its end is not waited for.
func TestPollingEndThatNobodyFetches(t *testing.T) {
	server := newServer(t, socketio.Options{CloseTimeout: 100 * time.Millisecond})
	connected := sockets(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	must(t, s.Emit("farewell"))
	s.Close("")
	eventually(t, "it is gone", func() bool { return server.Stats().ConnectionsOpen == 0 })
	p.gone()
}

// A client that stops asking is closed at the bound of its queue, and what
// waited is forgotten.
func TestPollingSlowConsumer(t *testing.T) {
	server := newServer(t, socketio.Options{SendQueue: 64 << 10})
	connected, ended := sockets(server), watch(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	sent := 0
	for ; s.Emit("x", strings.Repeat("x", 1000)) == nil; sent++ {
		if s.Queued() > 64<<10 {
			t.Fatalf("%d bytes are queued", s.Queued())
		}
	}
	if sent < 60 || sent > 64 {
		t.Errorf("%d of 1 KiB were taken", sent)
	}
	if g := within(t, "the end", ended); g.reason != socketio.ReasonSlowConsumer {
		t.Errorf("reason %q", g.reason)
	}
	p.gone()
}

func TestPollingVolatile(t *testing.T) {
	server := newServer(t, socketio.Options{VolatileQueue: 1000})
	connected := sockets(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	typing, err := socketio.EncodeEvent("/", "typing")
	must(t, err)
	send := func(want bool) {
		t.Helper()
		if sent, err := s.SendVolatile(typing); sent != want || err != nil {
			t.Errorf("with %d bytes queued: %v, %v", s.Queued(), sent, err)
		}
	}
	send(true)
	must(t, s.Emit("x", strings.Repeat("x", 1000)))
	send(false)
	p.expect(`42["typing"]`, `42["x","`+strings.Repeat("x", 1000)+`"]`)
	eventually(t, "the queue is empty", func() bool { return s.Queued() == 0 })
	send(true)
	p.expect(`42["typing"]`)
	if dropped := server.Stats().VolatileDropped; dropped != 1 {
		t.Errorf("%d dropped", dropped)
	}
}

// Other methods than GET and POST are refused, and do no harm.
func TestPollingMethods(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	for _, method := range []string{"PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "get"} {
		want := `{"code":2,"message":"Bad handshake method"}`
		if method == "HEAD" {
			want = ""
		}
		stranger := *p
		stranger.open.ID = ""
		for _, c := range []*poller{p, &stranger} {
			if a := c.request(t.Context(), method, nil); !a.is(http.StatusBadRequest, want) {
				t.Errorf("%s %s got %+v", method, c.query(), a)
			}
		}
	}
	p.send(`421["echo"]`)
	p.expect(`431[]`)
}

// Attack 15: a request with a session's id from somebody else learns nothing
// and changes nothing.
func TestSameClient(t *testing.T) {
	server := newServer(t, socketio.Options{SameClient: func(opened *socketio.Handshake, r *http.Request) bool {
		return opened.Header().Get("Cookie") == r.Header.Get("Cookie")
	}})
	echoes(server)
	p := pollWith(t, serve(t, server), http.Header{"Cookie": {"user=ann"}})
	p.send("40")
	p.get()
	waits := p.ask()
	for _, cookie := range []string{"user=eve", ""} {
		eve := *p
		eve.header = http.Header{"Cookie": {cookie}}
		for name, a := range map[string]answer{"GET": eve.get(), "POST": eve.post("1")} {
			if !a.is(http.StatusBadRequest, unknownSession) {
				t.Errorf("%s as %q got %+v", name, cookie, a)
			}
		}
		response, body := request(t, "GET", p.address, strings.Replace(p.query(), "polling", "websocket", 1), opening("Cookie", cookie))
		if response.StatusCode != http.StatusBadRequest || body != unknownSession {
			t.Errorf("an upgrade as %q got %d %s", cookie, response.StatusCode, body)
		}
	}
	p.send(`421["echo"]`)
	if a := within(t, "the answer", waits); !a.is(http.StatusOK, `431[]`) {
		t.Errorf("ann got %+v", a)
	}
}

// Attack 21: requests of a session are decided about like the one that opened it.
func TestAllowRequestOfASession(t *testing.T) {
	server := newServer(t, socketio.Options{AllowRequest: func(r *http.Request) error {
		if r.Header.Get("Origin") == "https://evil.example" {
			return errors.New("not you")
		}
		return nil
	}})
	echoes(server)
	p := pollIn(t, serve(t, server))
	evil := *p
	evil.header = http.Header{"Origin": {"https://evil.example"}}
	for name, a := range map[string]answer{"GET": evil.get(), "POST": evil.post("1")} {
		if !a.is(http.StatusForbidden, `{"code":4,"message":"Forbidden"}`) {
			t.Errorf("%s got %+v", name, a)
		}
	}
	p.send(`421["echo"]`)
	p.expect(`431[]`)
}

// A connection that polled serves other requests as if it had not: no deadline
// of ours is left on it.
func TestPollingLeavesNoDeadlines(t *testing.T) {
	const short = 50 * time.Millisecond
	server := newServer(t, socketio.Options{WriteTimeout: short, PingTimeout: short, PingInterval: time.Minute})
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		must(t, err)
		time.Sleep(2 * short)
		_, err = w.Write(body)
		must(t, err)
		must(t, http.NewResponseController(w).Flush())
	})
	p := poll(t, serveBehind(t, server, mux))
	conn, err := plug(p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	reader := bufio.NewReader(conn)
	expect := func(want string) {
		t.Helper()
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.HasPrefix(string(body), want) {
			t.Errorf("got %d %s, %v", response.StatusCode, body, err)
		}
	}
	_, _ = fmt.Fprintf(conn, "POST /socket.io/?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n40", p.query())
	expect("ok")
	_, _ = fmt.Fprintf(conn, "GET /socket.io/?%s HTTP/1.1\r\nHost: x\r\n\r\n", p.query())
	expect("40")
	_, _ = fmt.Fprint(conn, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nsl")
	time.Sleep(2 * short)
	_, _ = fmt.Fprint(conn, "ow")
	expect("slow")
}

// Attack 11: handshakes that nothing follows are counted, bounded for each
// address, and forgotten with everything that they cost.
func TestAbandonedHandshakes(t *testing.T) {
	const addresses, limit, each = 4, 250, 300
	const timeout = time.Second
	server := newServer(t, socketio.Options{
		MaxConnectionsPerAddress: limit, ConnectTimeout: timeout, CloseTimeout: 50 * time.Millisecond,
		RemoteAddr: func(r *http.Request) string { return r.Header.Get("X-From") },
	})
	address := serve(t, server)
	before := int64(0)
	for round := range 3 {
		start, now, refused := time.Now(), heap(), server.Stats().ConnectionsRefused
		var callers sync.WaitGroup
		for i := range addresses {
			callers.Go(func() {
				transport := &http.Transport{TLSClientConfig: anyone}
				defer transport.CloseIdleConnections()
				p := &poller{t: t, address: address, web: &http.Client{Transport: transport}, header: http.Header{"X-From": {fmt.Sprint(i)}}}
				for n := range each {
					a := p.get()
					if a.status == http.StatusTooManyRequests && n >= limit && a.header.Get("Retry-After") != "" {
						continue
					}
					if a.status != http.StatusOK {
						t.Errorf("handshake %d got %+v", n, a)
					}
				}
			})
		}
		callers.Wait()
		stats := server.Stats()
		t.Logf("%v for %d handshakes, %d KiB", time.Since(start), addresses*each, (heap()-now)>>10)
		if time.Since(start) < timeout && (stats.ConnectionsOpen != addresses*limit || stats.ConnectionsRefused-refused != addresses*(each-limit)) {
			t.Errorf("%d open, %d refused", stats.ConnectionsOpen, stats.ConnectionsRefused-refused)
		}
		eventually(t, "all of them are gone", func() bool { return server.Stats().ConnectionsOpen == 0 })
		if round == 0 { // the runtime keeps what its goroutines needed
			before = heap()
		}
	}
	eventually(t, "their memory too", func() bool { return heap()-before < 1<<20 }) // all of them cost twice that
}

// Handlers that lag behind hold up the request with their events, and nothing
// else: the client goes on to hear, and its silence is not held against it.
func TestPollingBackpressure(t *testing.T) {
	server := newServer(t, socketio.Options{EventQueue: 1, PingInterval: time.Second, PingTimeout: 100 * time.Millisecond})
	n := server.Of("/")
	ended := watch(server)
	release := make(chan struct{})
	handled := make(chan string, 10)
	n.Handle("slow", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, _ socketio.Ack) {
		<-release
		handled <- string(args[0])
	})
	p := pollIn(t, serve(t, server))
	p.send(`42["slow",0]`)
	brought := make(chan answer, 1)
	go func() { brought <- p.post("42[\"slow\",1]\x1e42[\"slow\",2]\x1e42[\"slow\",3]\x1e3") }()
	pings := 0
	for end := time.Now().Add(patience); pings < 4 && time.Now().Before(end); {
		a := p.get()
		if a.status != http.StatusOK {
			t.Fatalf("after %d pings: %+v", pings, a)
		}
		pings += strings.Count("\x1e"+a.body+"\x1e", "\x1e2\x1e")
	}
	if len(brought) > 0 || len(handled) > 0 {
		t.Errorf("%d answers, %d handled", len(brought), len(handled))
	}
	close(release)
	if a := within(t, "the answer", brought); !a.is(http.StatusOK, "ok") {
		t.Errorf("got %+v", a)
	}
	for i := range 4 {
		if got := within(t, "an event", handled); got != fmt.Sprint(i) {
			t.Errorf("event %s, want %d", got, i)
		}
	}
	p.post("1")
	within(t, "the end", ended)
}

// Close tells who waits, and waits for nobody.
func TestPollingServerClose(t *testing.T) {
	server := newServer(t, socketio.Options{})
	address := serve(t, server)
	waits, absent := pollIn(t, address), pollIn(t, address)
	answers := waits.ask()
	must(t, server.Close())
	if a := within(t, "the answer", answers); !a.is(http.StatusOK, "1") {
		t.Errorf("got %+v", a)
	}
	waits.gone()
	absent.gone()
	absent.open.ID = ""
	if a := absent.get(); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("a handshake got %+v", a)
	}
}
