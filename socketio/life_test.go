package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// gone is one call of OnDisconnect.
type gone struct {
	id     string
	reason socketio.Reason
}

// watch records the disconnections of the default namespace.
func watch(server *socketio.Server) chan gone {
	c := make(chan gone, 100)
	server.Of("/").OnDisconnect(func(s *socketio.Socket, reason socketio.Reason) { c <- gone{s.ID(), reason} })
	return c
}

// sockets hands out the sockets of the default namespace as they connect.
func sockets(server *socketio.Server) <-chan *socketio.Socket {
	c := make(chan *socketio.Socket, 100)
	server.Of("/").OnConnect(func(_ context.Context, s *socketio.Socket) { c <- s })
	return c
}

// Attack 13, and the heartbeat as the protocol's own suite times it.
func TestHeartbeat(t *testing.T) {
	const interval, timeout = 100 * time.Millisecond, 80 * time.Millisecond
	server := newServer(t, socketio.Options{PingInterval: interval, PingTimeout: timeout})
	ended := watch(server)
	address := serve(t, server)

	c := join(t, address)
	for range 3 {
		if f, err := c.frame(); err != nil || string(f.Payload) != "2" {
			t.Fatalf("got %q, %v, want a ping", f.Payload, err)
		}
		c.send("3")
	}

	silent := join(t, address)
	start := time.Now()
	silent.silent = true
	for { // pongs that nobody asked for do not help
		f, err := silent.frame()
		if err != nil {
			break
		}
		if string(f.Payload) != "2" {
			t.Errorf("got %q", f.Payload)
		}
	}
	if alive := time.Since(start); alive < interval+timeout-20*time.Millisecond || alive > interval+timeout+500*time.Millisecond {
		t.Errorf("closed after %v", alive)
	}
	for range 2 { // the other one was left unanswered too
		if g := within(t, "a disconnection", ended); g.reason != socketio.ReasonPingTimeout {
			t.Errorf("reason %q", g.reason)
		}
	}
}

func TestUnsolicitedPongsChangeNothing(t *testing.T) {
	server := newServer(t, socketio.Options{PingInterval: 200 * time.Millisecond, PingTimeout: 100 * time.Millisecond})
	ended := watch(server)
	c := join(t, serve(t, server))
	stop := time.Now().Add(150 * time.Millisecond)
	for time.Now().Before(stop) {
		c.send("3")
	}
	if g := within(t, "the end", ended); g.reason != socketio.ReasonPingTimeout {
		t.Errorf("reason %q", g.reason)
	}
}

// A client that we do not read because our handlers are slow is not dead, and
// hears pings so that it does not think so of us.
func TestSlowHandlersAreNotAPingTimeout(t *testing.T) {
	server := newServer(t, socketio.Options{PingInterval: 50 * time.Millisecond, PingTimeout: 50 * time.Millisecond, EventQueue: 1})
	ended := watch(server)
	release := make(chan struct{})
	handled := make(chan struct{}, 10)
	server.Of("/").Handle("slow", func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) {
		<-release
		handled <- struct{}{}
	})
	c := join(t, serve(t, server))
	for range 5 {
		c.send(`42["slow"]`)
	}
	pings := 0
	for stop := time.Now().Add(400 * time.Millisecond); time.Now().Before(stop); pings++ {
		if f, err := c.frame(); err != nil || string(f.Payload) != "2" {
			t.Fatalf("got %q, %v", f.Payload, err)
		}
		c.send("3")
	}
	if pings < 3 {
		t.Errorf("%d pings while stalled", pings)
	}
	close(release)
	for range 5 {
		within(t, "a handled event", handled)
	}
	select {
	case g := <-ended:
		t.Errorf("ended: %v", g)
	default:
	}
}

// Pongs are read while a handler is slow and the queue has room.
func TestPongsPassASlowHandler(t *testing.T) {
	server := newServer(t, socketio.Options{PingInterval: 30 * time.Millisecond, PingTimeout: 30 * time.Millisecond})
	done := make(chan error, 1)
	server.Of("/").Handle("slow", func(ctx context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) {
		select {
		case <-ctx.Done():
			done <- ctx.Err()
		case <-time.After(200 * time.Millisecond):
			done <- s.Emit("done")
		}
	})
	c := join(t, serve(t, server))
	c.send(`42["slow"]`)
	c.expect(`42["done"]`)
	must(t, <-done)
}

func TestMiddleware(t *testing.T) {
	server := newServer(t, socketio.Options{Logger: quiet})
	n := server.Of("/")
	user := socketio.NewKey[string]("user")
	other := socketio.NewKey[string]("user")
	n.Use(func(_ context.Context, s *socketio.Socket) error {
		if err := s.Emit("early"); !errors.Is(err, socketio.ErrNotConnected) {
			t.Errorf("emitting in middleware: %v", err)
		}
		var auth struct{ Token string }
		_ = json.Unmarshal(s.Handshake().Auth, &auth)
		user.Set(s, "nobody")
		user.Set(s, auth.Token)
		return nil
	})
	n.Use(func(_ context.Context, s *socketio.Socket) error {
		switch name, _ := user.Get(s); name {
		case "ann":
			return nil
		case "bob":
			return fmt.Errorf("wrapped: %w", &socketio.ConnectError{Message: "unauthorized", Data: map[string]int{"code": 7}})
		case "odd":
			return &socketio.ConnectError{Message: "odd", Data: func() {}}
		default:
			return errors.New("a secret")
		}
	})
	n.OnConnect(func(_ context.Context, s *socketio.Socket) {
		name, ok := user.Get(s)
		_, mixed := other.Get(s)
		must(t, s.Emit("hello", name, ok, mixed))
	})
	ended := watch(server)
	c := dial(t, serve(t, server))
	c.openPacket()
	c.send(`40{"token":"bob"}`)
	c.expect(`44{"message":"unauthorized","data":{"code":7}}`)
	c.send(`40`)
	c.expect(`44{"message":"Connection refused"}`)
	c.send(`40{"token":"odd"}`)
	c.expect(`44{"message":"odd"}`)
	c.send(`40{"token":"ann"}`)
	c.expectPrefix(`40{"sid":"`)
	c.expect(`42["hello","ann",true,false]`)
	must(t, c.conn.Close())
	within(t, "the end of the one that connected", ended)
	if stats := server.Stats(); stats.Disconnects[socketio.ReasonTransportClose] != 1 || len(stats.Disconnects) != 1 {
		t.Errorf("disconnects %v", stats.Disconnects)
	}
}

func TestDisconnectTellsTheClientNotToReturn(t *testing.T) {
	server := newServer(t, socketio.Options{ConnectTimeout: 100 * time.Millisecond})
	server.Of("/other")
	connected, ended := sockets(server), watch(server)
	c := join(t, serve(t, server))
	c.send("40/other,")
	c.expectPrefix("40/other,")
	s := within(t, "a socket", connected)
	must(t, s.Emit("bye"))
	s.Disconnect()
	s.Disconnect()
	if err := s.Emit("late"); !errors.Is(err, socketio.ErrNotConnected) {
		t.Errorf("emitting after the end: %v", err)
	}
	c.expect(`42["bye"]`)
	c.expect("41")
	if g := within(t, "the end", ended); g.reason != socketio.ReasonServerDisconnect || g.id != s.ID() || g.reason.ClientReturns() {
		t.Errorf("got %v", g)
	}
	c.send("41/other,")
	if code := c.expectClose(); code != 1008 {
		t.Errorf("a connection without namespaces was closed with %d", code)
	}
	if len(ended) > 0 {
		t.Error("a second end")
	}
}

// What is sent before Close arrives, however much it is.
func TestCloseFlushes(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected, ended := sockets(server), watch(server)
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	big := strings.Repeat("x", 100_000)
	for i := range 9 {
		must(t, s.Emit("data", i, big))
	}
	must(t, s.Emit("session:ended"))
	s.Close("session ended")
	if err := s.Emit("late"); !errors.Is(err, socketio.ErrNotConnected) {
		t.Errorf("emitting after Close: %v", err)
	}
	c.send(`42["ignored"]`) // unread bytes must not turn the close into a reset
	time.Sleep(50 * time.Millisecond)
	for i := range 9 {
		c.expect(fmt.Sprintf(`42["data",%d,"%s"]`, i, big))
	}
	c.expect(`42["session:ended"]`)
	if code := c.expectClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if g := within(t, "the end", ended); g.reason != "session ended" || !g.reason.ClientReturns() {
		t.Errorf("got %v", g)
	}
	must(t, c.conn.Close())
}

func TestLongReasonsAreCutBetweenCharacters(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected := sockets(server)
	c := join(t, serve(t, server))
	within(t, "a socket", connected).Close(socketio.Reason(strings.Repeat("語", 100)))
	f, err := c.frame()
	must(t, err)
	if reason := string(f.Payload[2:]); reason != strings.Repeat("語", 41) {
		t.Errorf("reason %q", reason)
	}
	must(t, c.conn.Close())
}

// A client that does not read delays the end by CloseTimeout and no more.
func TestCloseOfAStalledReaderIsBounded(t *testing.T) {
	server := newServer(t, socketio.Options{CloseTimeout: 100 * time.Millisecond, SendQueue: 64 << 20})
	connected := sockets(server)
	join(t, serve(t, server))
	s := within(t, "a socket", connected)
	frame, err := socketio.EncodeEvent("/", "x", strings.Repeat("x", 1<<20))
	must(t, err)
	for range 32 {
		must(t, s.Send(frame))
	}
	s.Close("")
	eventually(t, "the end", func() bool { return server.Stats().ConnectionsOpen == 0 })
}

func TestReasonsOfTheClient(t *testing.T) {
	server := newServer(t, socketio.Options{Logger: quiet})
	ended := watch(server)
	server.Of("/").Handle("panic", func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) { panic("by design") })
	address := serve(t, server)
	for _, c := range []struct {
		reason socketio.Reason
		end    func(c *client)
	}{
		{socketio.ReasonClientDisconnect, func(c *client) { c.send("41") }},
		{socketio.ReasonTransportClose, func(c *client) { c.send("1") }},
		{socketio.ReasonTransportClose, func(c *client) { _ = c.conn.Close() }},
		{socketio.ReasonParseError, func(c *client) { c.send("4nonsense") }},
		{socketio.ReasonHandlerPanic, func(c *client) { c.send(`42["panic"]`) }},
	} {
		x := join(t, address)
		c.end(x)
		if g := within(t, string(c.reason), ended); g.reason != c.reason {
			t.Errorf("got %q, want %q", g.reason, c.reason)
		}
	}
	eventually(t, "no sockets", func() bool { return server.Of("/").Count() == 0 && server.Stats().SocketsConnected == 0 })
}

// Attack 30: a panic costs the connection it happened on.
func TestPanicsStayWithTheirConnection(t *testing.T) {
	server := newServer(t, socketio.Options{Logger: quiet})
	bad := server.Of("/bad")
	n := server.Of("/")
	n.Handle("panic", func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) { panic("by design") })
	n.Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		must(t, ack.Send(anys(args)...))
	})
	n.Handle("exit", func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) { runtime.Goexit() })
	n.OnDisconnect(func(*socketio.Socket, socketio.Reason) { panic("at the end too") })
	bad.Use(func(context.Context, *socketio.Socket) error { panic("in middleware") })
	address := serve(t, server)
	healthy := join(t, address)
	x := join(t, address)
	x.send(`42["panic"]`)
	if code := x.expectClose(); code != 1011 {
		t.Errorf("closed with %d", code)
	}
	y := dial(t, address)
	y.openPacket()
	y.send("40/bad,")
	if code := y.expectClose(); code != 1011 {
		t.Errorf("closed with %d", code)
	}
	healthy.send(`421["echo",1]`)
	healthy.expect("431[1]")
	eventually(t, "three panics", func() bool { return server.Stats().Panics == 3 })
	z := join(t, address)
	z.send(`42["exit"]`)
	if code := z.expectClose(); code != 1011 {
		t.Errorf("closed with %d", code)
	}
	eventually(t, "two more", func() bool { return server.Stats().Panics == 5 })
}

// What a client sent before it left is still handled, with a live context.
func TestEventsBeforeTheEndAreHandled(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended, connected := watch(server), sockets(server)
	release := make(chan struct{})
	var live, handled atomic.Int32
	server.Of("/").Handle("work", func(ctx context.Context, _ *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) {
		<-release
		handled.Add(1)
		if ctx.Err() == nil {
			live.Add(1)
		}
	})
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	for range 5 {
		c.send(`42["work"]`)
	}
	must(t, c.conn.Close())
	eventually(t, "the end of the connection", func() bool { return !s.Connected() })
	close(release)
	within(t, "the end", ended)
	if handled.Load() != 5 || live.Load() != 5 {
		t.Errorf("%d handled, %d of them with a live context", handled.Load(), live.Load())
	}
}

// The context of a handler that does not come to an end is cancelled.
func TestHandlerGrace(t *testing.T) {
	server := newServer(t, socketio.Options{HandlerGrace: 50 * time.Millisecond})
	ended := watch(server)
	server.Of("/").Handle("wait", func(ctx context.Context, _ *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) { <-ctx.Done() })
	c := join(t, serve(t, server))
	c.send(`42["wait"]`)
	c.send(`42["wait"]`)
	must(t, c.conn.Close())
	within(t, "the end", ended)
}

// What the server ends itself, it ends at once: nothing more is handled.
func TestCloseDropsWaitingEvents(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	var handled atomic.Int32
	server.Of("/").Handle("work", func(ctx context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) {
		if handled.Add(1) == 3 {
			s.Close("enough")
			<-ctx.Done()
		}
	})
	c := join(t, serve(t, server))
	c.send(strings.Repeat(" ", 0) + `42["work"]`)
	for range 9 {
		c.send(`42["work"]`)
	}
	within(t, "the end", ended)
	if n := handled.Load(); n != 3 {
		t.Errorf("%d handled", n)
	}
}

func TestShutdownHandlesAcknowledgesAndFlushes(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	started, release := make(chan struct{}, 10), make(chan struct{})
	server.Of("/").Handle("work", func(ctx context.Context, _ *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
		started <- struct{}{}
		<-release
		must(t, ctx.Err())
		must(t, ack.Send("done"))
	})
	address := serve(t, server)
	c, idle := join(t, address), join(t, address)
	for i := range 3 {
		c.send(fmt.Sprintf(`42%d["work"]`, i))
	}
	within(t, "the first event", started)
	time.Sleep(20 * time.Millisecond) // the others wait behind it
	finished := make(chan error, 1)
	go func() { finished <- server.Shutdown(context.Background(), 0) }()
	if code := idle.expectClose(); code != 1012 {
		t.Errorf("the idle one was closed with %d", code)
	}
	response, _ := request(t, "GET", address, "EIO=4&transport=websocket", opening("", ""))
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("a new handshake got %d", response.StatusCode)
	}
	c.send(`429["work"]`) // too late: not handled, not acknowledged
	time.Sleep(20 * time.Millisecond)
	close(release)
	for i := range 3 {
		c.expect(fmt.Sprintf(`43%d["done"]`, i))
	}
	if code := c.expectClose(); code != 1012 {
		t.Errorf("closed with %d", code)
	}
	_, _ = idle.conn.Close(), c.conn.Close()
	must(t, within(t, "Shutdown", finished))
	for range 2 {
		if g := within(t, "an end", ended); g.reason != socketio.ReasonShutdown {
			t.Errorf("reason %q", g.reason)
		}
	}
}

// What a handler began goes on after it returned: the next events are handled meanwhile, and a shutdown waits for it.
func TestShutdownWaitsForWhatContinues(t *testing.T) {
	server := newServer(t, socketio.Options{})
	release := make(chan struct{})
	server.Of("/").Handle("work", func(ctx context.Context, s *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
		done := s.Continue()
		go func() {
			defer done()
			<-release
			must(t, ctx.Err())
			must(t, ack.Send("done"))
		}()
	})
	server.Of("/").Handle("quick", func(_ context.Context, _ *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
		must(t, ack.Send("at once"))
	})
	c := join(t, serve(t, server))
	c.send(`421["work"]`)
	c.send(`422["quick"]`)
	c.expect(`432["at once"]`)
	finished := make(chan error, 1)
	go func() { finished <- server.Shutdown(context.Background(), 0) }()
	time.Sleep(20 * time.Millisecond)
	close(release)
	c.expect(`431["done"]`)
	if code := c.expectClose(); code != 1012 {
		t.Errorf("closed with %d", code)
	}
	_ = c.conn.Close()
	must(t, within(t, "Shutdown", finished))
}

func TestShutdownSpreads(t *testing.T) {
	server := newServer(t, socketio.Options{})
	address := serve(t, server)
	const connections, over = 10, 500 * time.Millisecond
	times := make(chan time.Duration, connections)
	var start time.Time
	for range connections {
		c := join(t, address)
		go func() {
			_ = c.conn.SetReadDeadline(time.Now().Add(patience))
			_, _ = c.reader.Read(make([]byte, 100))
			times <- time.Since(start)
			_ = c.conn.Close()
		}()
	}
	start = time.Now()
	must(t, server.Shutdown(t.Context(), over))
	for i := range connections {
		at := within(t, "an end", times)
		if due := over * time.Duration(i) / connections; at < due-10*time.Millisecond || at > due+200*time.Millisecond {
			t.Errorf("connection %d closed after %v, due after %v", i, at, due)
		}
	}
}

func TestShutdownGivesUp(t *testing.T) {
	server := newServer(t, socketio.Options{})
	server.Of("/").Handle("hang", func(ctx context.Context, _ *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) { <-ctx.Done() })
	c := join(t, serve(t, server))
	c.send(`42["hang"]`)
	eventually(t, "the event", func() bool { return server.Stats().EventsReceived == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := server.Shutdown(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := c.frame(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestCloseServer(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	address := serve(t, server)
	for range 5 {
		join(t, address)
	}
	must(t, server.Close())
	for range 5 {
		if g := within(t, "an end", ended); g.reason != socketio.ReasonShutdown {
			t.Errorf("reason %q", g.reason)
		}
	}
}
