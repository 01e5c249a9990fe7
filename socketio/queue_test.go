package socketio_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// The promise that chats build on: what one connection sends is handled in the
// order it was sent.
func TestEventsAreHandledInOrder(t *testing.T) {
	server := newServer(t, socketio.Options{EventQueue: 3})
	const events, clients = 1000, 4
	var mu sync.Mutex
	next := make(map[*socketio.Socket]int)
	done := make(chan struct{}, clients)
	server.Of("/").Handle("n", func(_ context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		mu.Lock()
		defer mu.Unlock()
		if got := string(args[0]); got != fmt.Sprint(next[s]) {
			t.Errorf("event %s, want %d", got, next[s])
		}
		if ack.Wanted() {
			t.Error("an acknowledgement that nobody asked for")
		}
		must(t, ack.Send("to nobody"))
		if next[s]++; next[s] == events {
			done <- struct{}{}
		}
	})
	address := serve(t, server)
	for range clients {
		c := join(t, address)
		go func() {
			for i := range events {
				c.send(fmt.Sprintf(`42["n",%d]`, i))
			}
		}()
	}
	for range clients {
		within(t, "a client's events", done)
	}
}

// What one goroutine sends arrives in order, whoever else sends.
func TestSendsKeepTheirOrder(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected := sockets(server)
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	const senders, events = 4, 500
	for sender := range senders {
		go func() {
			for i := range events {
				must(t, s.Emit("n", sender, i))
			}
		}()
	}
	var next [senders]int
	for range senders * events {
		var packet []any
		must(t, json.Unmarshal([]byte(strings.TrimPrefix(c.next(), "42")), &packet))
		sender, n := int(packet[1].(float64)), int(packet[2].(float64))
		if n != next[sender] {
			t.Fatalf("event %d of sender %d, want %d", n, sender, next[sender])
		}
		next[sender]++
	}
}

// A reader that stops is closed at its bound; its neighbour misses nothing,
// and the frames in its queue are the neighbour's own.
func TestSlowConsumer(t *testing.T) {
	server := newServer(t, socketio.Options{SendQueue: 256 << 10})
	ended := watch(server)
	connected := sockets(server)
	address := serve(t, server)
	stalled := join(t, address)
	slow := within(t, "a socket", connected)
	quick := join(t, address)
	steady := within(t, "a socket", connected)

	const size = 8 << 10
	payload := strings.Repeat("x", size)
	received := make(chan int, 1)
	go func() {
		n := 0
		for quick.next() != `42["last"]` {
			n++
		}
		received <- n
	}()
	before := heap()
	total := 0
	for ; slow.Connected(); total++ {
		frame, err := socketio.EncodeEvent("/", "x", payload)
		must(t, err)
		if queued := slow.Queued(); queued > 256<<10 {
			t.Fatalf("%d bytes are queued", queued)
		}
		server.Of("/").Broadcast(frame)
		eventually(t, "the quick reader keeps up", func() bool { return steady.Queued() < 128<<10 })
		if total > 100_000 {
			t.Fatal("the stalled reader is never closed")
		}
	}
	if g := within(t, "the end", ended); g.reason != socketio.ReasonSlowConsumer || g.id != slow.ID() {
		t.Errorf("got %v", g)
	}
	if err := slow.Emit("x"); !errors.Is(err, socketio.ErrNotConnected) {
		t.Errorf("sending to it: %v", err)
	}
	last, err := socketio.EncodeEvent("/", "last")
	must(t, err)
	if sent := server.Of("/").Broadcast(last); sent != 1 {
		t.Errorf("%d received the last frame", sent)
	}
	if n := within(t, "the quick reader", received); n != total {
		t.Errorf("the quick one has %d of %d", n, total)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("%d KiB remain", grown>>10)
	}
	_ = stalled.conn.Close()
}

// A write that makes no progress ends the connection even if little waits.
func TestWriteTimeout(t *testing.T) {
	server := newServer(t, socketio.Options{WriteTimeout: 100 * time.Millisecond, SendQueue: 64 << 20})
	ended := watch(server)
	connected := sockets(server)
	join(t, serve(t, server))
	s := within(t, "a socket", connected)
	must(t, s.Emit("x", strings.Repeat("x", 12<<20)))
	if g := within(t, "the end", ended); g.reason != socketio.ReasonSlowConsumer {
		t.Errorf("reason %q", g.reason)
	}
}

// A write's deadline is its own: what is sent long after it arrives.
func TestWriteTimeoutIsForEachWrite(t *testing.T) {
	server := newServer(t, socketio.Options{WriteTimeout: 20 * time.Millisecond})
	c := join(t, serve(t, server))
	for i := range 3 {
		time.Sleep(40 * time.Millisecond)
		sent, err := server.Of("/").Emit("n", i)
		if sent != 1 || err != nil {
			t.Fatalf("sent to %d, %v", sent, err)
		}
		c.expect(fmt.Sprintf(`42["n",%d]`, i))
	}
}

// narrow has the system keep little of what is sent to a connection.
func narrow(conn net.Conn) {
	if outer, ok := conn.(*tls.Conn); ok {
		conn = outer.NetConn()
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
}

// However many readers stall, those beside them get everything, in order, and
// only those who stall are closed.
func TestStalledReadersHoldNobodyUp(t *testing.T) {
	const stalled, size, count = 50, 10_000, 200
	server := newServer(t, socketio.Options{SendQueue: 4 * size, WriteTimeout: time.Minute})
	ended := watch(server)
	address := serve(t, server)
	for range stalled {
		narrow(join(t, address).conn)
	}
	reader := join(t, address)
	n := server.Of("/")
	eventually(t, "everyone is there", func() bool { return n.Count() == stalled+1 })
	text := strings.Repeat("x", size)
	for i := range 50 * count { // what the kernel takes for a stalled reader comes first
		if i >= count && n.Count() == 1 {
			break
		}
		_, err := n.Emit("n", i, text)
		must(t, err)
		reader.expect(fmt.Sprintf(`42["n",%d,"%s"]`, i, text))
	}
	for range stalled {
		if g := within(t, "an end", ended); g.reason != socketio.ReasonSlowConsumer {
			t.Errorf("reason %q", g.reason)
		}
	}
	if n.Count() != 1 {
		t.Errorf("%d are left", n.Count())
	}
}

func TestVolatileFramesAreDroppedFirst(t *testing.T) {
	server := newServer(t, socketio.Options{SendQueue: 16 << 20, VolatileQueue: 1 << 20})
	connected := sockets(server)
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	volatile, err := socketio.EncodeEvent("/", "typing")
	must(t, err)
	if sent, err := s.SendVolatile(volatile); !sent || err != nil {
		t.Errorf("with an empty queue: %v, %v", sent, err)
	}
	big, err := socketio.EncodeEvent("/", "message", strings.Repeat("x", 100_000))
	must(t, err)
	for s.Queued() < 10<<20 { // more than the kernel may still take meanwhile
		must(t, s.Send(big))
	}
	if stats := server.Stats(); stats.Queued < 2<<20 || stats.LongestQueue < 2<<20 || stats.Polling != 0 {
		t.Errorf("%+v", stats)
	}
	if sent, err := s.SendVolatile(volatile); sent || err != nil {
		t.Errorf("with a full queue: %v, %v", sent, err)
	}
	must(t, s.Emit("last"))
	typing := 0
	for packet := c.next(); packet != `42["last"]`; packet = c.next() {
		if packet == `42["typing"]` {
			typing++
		}
	}
	if typing != 1 || server.Stats().VolatileDropped != 1 {
		t.Errorf("%d arrived, %d dropped", typing, server.Stats().VolatileDropped)
	}
	s.Close("")
	c.expectClose()
	if sent, err := s.SendVolatile(volatile); sent || !errors.Is(err, socketio.ErrNotConnected) {
		t.Errorf("after the end: %v, %v", sent, err)
	}
}

// A flood of WebSocket pings by a client that does not read its pongs is
// bounded like everything else.
func TestPingFlood(t *testing.T) {
	server := newServer(t, socketio.Options{SendQueue: 64 << 10, WriteTimeout: time.Second})
	ended := watch(server)
	c := join(t, serve(t, server))
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		ping := []byte{0x89, 0xfd}
		ping = append(ping, make([]byte, 4+125)...)
		flood := strings.Repeat(string(ping), 500)
		for {
			_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
			if _, err := c.conn.Write([]byte(flood)); err != nil {
				return
			}
		}
	}()
	if g := within(t, "the end", ended); g.reason != socketio.ReasonSlowConsumer {
		t.Errorf("reason %q", g.reason)
	}
	within(t, "the flood's end", stop)
}

func TestFramesBelongToANamespace(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected := sockets(server)
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	frame, err := socketio.EncodeEvent("/other", "x")
	must(t, err)
	if err := s.Send(frame); !errors.Is(err, socketio.ErrNamespace) {
		t.Errorf("got %v", err)
	}
	if _, err := s.SendVolatile(frame); !errors.Is(err, socketio.ErrNamespace) {
		t.Errorf("got %v", err)
	}
	for range server.Of("/").Sockets() {
		must(t, s.Emit("one"))
	}
	c.expect(`42["one"]`)
}

func TestWhatCannotBeEncoded(t *testing.T) {
	for _, event := range []string{"connect", "disconnect", "error"} {
		if _, err := socketio.EncodeEvent("/", event); !errors.Is(err, socketio.ErrReserved) {
			t.Errorf("%s: %v", event, err)
		}
	}
	for _, arg := range []any{func() {}, json.RawMessage(`{`), json.RawMessage("\"\xff\"")} {
		if frame, err := socketio.EncodeEvent("/", "x", arg); err == nil {
			t.Errorf("%v became %d bytes", arg, frame.Size())
		}
	}
}
