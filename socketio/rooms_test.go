package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// party is a namespace with some clients, each with its server's half.
type party struct {
	t       testing.TB
	n       *socketio.Namespace
	clients []*client
	sockets []*socketio.Socket
	said    int
}

func newParty(t testing.TB, server *socketio.Server, size int) *party {
	t.Helper()
	p := &party{t: t, n: server.Of("/")}
	connected := sockets(server)
	address := serve(t, server)
	for range size {
		p.clients = append(p.clients, join(t, address))
		p.sockets = append(p.sockets, within(t, "a socket", connected))
	}
	return p
}

// hear has something said to a target, and requires that exactly those hear it,
// once each.
func (p *party) hear(target socketio.Target, want ...int) {
	p.t.Helper()
	p.said++
	sent, err := target.Emit("said", p.said)
	if err != nil || sent != len(want) || target.Count() != len(want) {
		p.t.Errorf("sent to %d, %v, of %d, want %d", sent, err, target.Count(), len(want))
	}
	if list := slices.Collect(target.Sockets()); len(list) != len(want) {
		p.t.Errorf("%d sockets, want %d", len(list), len(want))
	}
	if _, err := p.n.Emit("mark", p.said); err != nil {
		p.t.Error(err)
	}
	for i, c := range p.clients {
		if slices.Contains(want, i) {
			c.expect(fmt.Sprintf(`42["said",%d]`, p.said))
		}
		c.expect(fmt.Sprintf(`42["mark",%d]`, p.said))
	}
}

func TestRooms(t *testing.T) {
	p := newParty(t, newServer(t, socketio.Options{}), 4)
	a, b, c, d := p.sockets[0], p.sockets[1], p.sockets[2], p.sockets[3]
	must(t, a.Join("x", "y", "x"))
	must(t, a.Join("x"))
	must(t, b.Join("y"))
	must(t, c.Join("z", "muted"))
	if rooms := a.Rooms(); !slices.Equal(rooms, []string{"x", "y"}) {
		t.Errorf("a is in %v", rooms)
	}
	if p.n.RoomCount() != 4 || p.n.Count() != 4 {
		t.Errorf("%d rooms, %d sockets", p.n.RoomCount(), p.n.Count())
	}
	p.hear(p.n.To("x"), 0)
	p.hear(p.n.To("x", "y", "z"), 0, 1, 2)
	p.hear(p.n.To("x").To("y", "x"), 0, 1)
	p.hear(p.n.To("nobody's"))
	p.hear(p.n.Everyone(), 0, 1, 2, 3)
	p.hear(p.n.Except("y"), 2, 3)
	p.hear(p.n.Except("nobody's"), 0, 1, 2, 3)
	p.hear(p.n.Except("x").Except("muted"), 1, 3)
	p.hear(p.n.To("y").Except("x"), 1)
	p.hear(p.n.To("y").Except("y"))
	p.hear(p.n.To("x", "y", "z").Except("muted").But(b), 0)
	p.hear(p.n.Everyone().But(a, d), 1, 2)
	p.hear(a.To("y"), 1)
	p.hear(a.Others(), 1, 2, 3)
	p.hear(p.n.To())
	p.hear(a.To())
	p.hear(d.To("x", "z"), 0, 2)

	// A target is a value: what is derived from it does not change it.
	y := p.n.To("y")
	_, _, _ = y.To("z"), y.Except("x"), y.But(b)
	p.hear(y, 0, 1)

	a.Leave("x", "nobody's")
	a.Leave("x")
	p.hear(p.n.To("x"))
	p.hear(p.n.To("y"), 0, 1)
	p.n.To("y").Join("w", "v")
	p.hear(p.n.To("w"), 0, 1)
	p.n.To("w").Except("z").But(a).Leave("w", "y")
	p.hear(p.n.To("w", "y"), 0)
	a.Leave(a.Rooms()...)
	b.Leave(b.Rooms()...)
	c.Leave("z", "muted", "")
	if p.n.RoomCount() != 0 {
		t.Errorf("%d rooms without anybody", p.n.RoomCount())
	}
	must(t, a.Join("")) // a name like any other, and not that of everyone
	p.hear(p.n.To(""), 0)
	p.hear(p.n.To("").Except(""))
}

// Rooms end with those who are in them, however they go.
func TestRoomsOfThoseWhoGo(t *testing.T) {
	server := newServer(t, socketio.Options{})
	ended := watch(server)
	p := newParty(t, server, 4)
	for i, s := range p.sockets {
		must(t, s.Join("all", fmt.Sprint(i)))
	}
	must(t, p.clients[0].conn.Close())
	p.clients[1].send("41")
	p.n.To("2").Close("enough")
	p.n.To("3").Disconnect()
	for range p.sockets {
		within(t, "an end", ended)
	}
	if p.n.RoomCount() != 0 || p.n.Count() != 0 || p.n.To("all").Count() != 0 {
		t.Errorf("%d rooms, %d sockets", p.n.RoomCount(), p.n.Count())
	}
	for i, s := range p.sockets {
		if err := s.Join("late"); !errors.Is(err, socketio.ErrNotConnected) {
			t.Errorf("socket %d joins: %v", i, err)
		}
		s.Leave("all")
		if len(s.Rooms()) != 0 {
			t.Errorf("socket %d is in %v", i, s.Rooms())
		}
	}
	if p.n.RoomCount() != 0 {
		t.Errorf("%d rooms after failed joins", p.n.RoomCount())
	}
}

func TestJoinInMiddleware(t *testing.T) {
	server := newServer(t, socketio.Options{})
	server.Of("/").Use(func(_ context.Context, s *socketio.Socket) error {
		if err := s.Join("early"); !errors.Is(err, socketio.ErrNotConnected) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	server.Of("/").OnConnect(func(_ context.Context, s *socketio.Socket) { must(t, s.Join("in time")) })
	join(t, serve(t, server))
	n := server.Of("/")
	eventually(t, "it has joined", func() bool { return n.To("in time").Count() == 1 })
	if n.RoomCount() != 1 {
		t.Errorf("%d rooms", n.RoomCount())
	}
}

func TestBroadcastsOfAnotherNamespace(t *testing.T) {
	server := newServer(t, socketio.Options{})
	p := newParty(t, server, 2)
	must(t, p.sockets[0].Join("x"))
	frame, err := socketio.EncodeEvent("/other", "x")
	must(t, err)
	if sent := p.n.To("x").Broadcast(frame) + p.n.Broadcast(frame) + p.n.To("x").BroadcastVolatile(frame); sent != 0 {
		t.Errorf("%d took it", sent)
	}
	if sent, err := server.Of("/other").To("x").Emit("x"); sent != 0 || err != nil {
		t.Errorf("%d in the other one's room, %v", sent, err)
	}
	if _, err := p.n.To("x").Emit("connect"); !errors.Is(err, socketio.ErrReserved) {
		t.Errorf("got %v", err)
	}
	p.hear(p.n.To("x"), 0)
}

// Who lags behind misses what is volatile, and nobody else does.
func TestBroadcastVolatile(t *testing.T) {
	server := newServer(t, socketio.Options{VolatileQueue: 1000})
	connected := sockets(server)
	address := serve(t, server)
	quick := join(t, address)
	within(t, "a socket", connected)
	lags := pollIn(t, address) // does not ask
	behind := within(t, "a socket", connected)
	must(t, behind.Emit("x", string(make([]byte, 500))))
	must(t, behind.Emit("y", string(make([]byte, 500))))
	typing, err := socketio.EncodeEvent("/", "typing")
	must(t, err)
	n := server.Of("/")
	if sent := n.Everyone().BroadcastVolatile(typing); sent != 1 || server.Stats().VolatileDropped != 1 {
		t.Errorf("%d took it, %d dropped", sent, server.Stats().VolatileDropped)
	}
	quick.expect(`42["typing"]`)
	lags.collect(2)
	eventually(t, "the queue is empty", func() bool { return behind.Queued() == 0 })
	if sent := n.Everyone().BroadcastVolatile(typing); sent != 2 {
		t.Errorf("%d took it", sent)
	}
	quick.expect(`42["typing"]`)
	lags.expect(`42["typing"]`)
}

// One answers, one does not, one leaves, one has too many questions open: each
// has its reply.
func TestBroadcastWithAck(t *testing.T) {
	server := newServer(t, socketio.Options{AckTimeout: 500 * time.Millisecond, MaxPendingAcks: 1})
	p := newParty(t, server, 5)
	answers, _, leaves, _, asked := p.clients[0], p.clients[1], p.clients[2], p.clients[3], p.clients[4]
	for _, s := range p.sockets[:3] {
		must(t, s.Join("asked"))
	}
	must(t, p.sockets[4].Join("asked"))
	long, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	first := make(chan error, 1)
	go func() {
		_, err := p.sockets[4].EmitWithAck(long, "first")
		first <- err
	}()
	asked.expect(`421["first"]`)

	replies := make(chan []socketio.Reply, 1)
	go func() {
		r, err := p.n.To("asked").EmitWithAck(t.Context(), "ask", 7)
		must(t, err)
		replies <- r
	}()
	for _, c := range []*client{answers, p.clients[1], leaves} {
		c.expect(`422["ask",7]`)
	}
	answers.send(`432["yes"]`)
	leaves.send("41")
	got := make(map[*socketio.Socket]socketio.Reply)
	for _, r := range within(t, "the replies", replies) {
		got[r.Socket] = r
	}
	for i, want := range map[int]error{0: nil, 1: socketio.ErrAckTimeout, 2: socketio.ErrNotConnected, 4: socketio.ErrPendingAcks} {
		if r, ok := got[p.sockets[i]]; !ok || !errors.Is(r.Err, want) || want == nil && (r.Err != nil || string(r.Args[0]) != `"yes"`) {
			t.Errorf("reply %d: %v, %v", i, r, ok)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d replies", len(got))
	}
	asked.send(`431[]`)
	must(t, within(t, "the first answer", first))

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := p.n.To("asked").EmitWithAck(cancelled, "ask")
	if err != nil || len(r) != 3 || !errors.Is(r[0].Err, context.Canceled) {
		t.Errorf("got %v, %v", r, err)
	}
	if r, err := p.n.To("nobody's").EmitWithAck(t.Context(), "ask"); err != nil || len(r) != 0 {
		t.Errorf("got %v, %v", r, err)
	}
	if _, err := p.n.Everyone().EmitWithAck(t.Context(), "ask", func() {}); err == nil {
		t.Error("a function was encoded")
	}
}

// Answers that came in time are not lost to somebody who never answered,
// whoever was asked first.
func TestAnswersBesideSilence(t *testing.T) {
	server := newServer(t, socketio.Options{})
	p := newParty(t, server, 8)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	replies := make(chan []socketio.Reply, 1)
	go func() {
		r, err := p.n.Everyone().EmitWithAck(ctx, "ask")
		must(t, err)
		replies <- r
	}()
	for i, c := range p.clients {
		c.expect(`421["ask"]`)
		if i > 0 {
			c.send(`431["yes"]`)
			c.send(`42["after"]`)
		}
	}
	eventually(t, "the answers are there", func() bool { return server.Stats().EventsReceived == uint64(len(p.clients)-1) })
	cancel()
	answered := 0
	for _, r := range within(t, "the replies", replies) {
		if r.Err == nil {
			answered++
		}
	}
	if answered != len(p.clients)-1 {
		t.Errorf("%d of %d answers", answered, len(p.clients)-1)
	}
}

// A socket that ended gets nothing any more, and its successor on the same
// connection nothing that was meant for it, however long its handlers take to
// end.
func TestSuccessorOfASocket(t *testing.T) {
	for name, end := range map[string]func(c *client, s *socketio.Socket){
		"the server disconnects": func(c *client, s *socketio.Socket) { s.Disconnect(); c.expect("41") },
		"the client disconnects": func(c *client, _ *socketio.Socket) { c.send("41") },
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, socketio.Options{})
			n := server.Of("/")
			started, release := make(chan struct{}), make(chan struct{})
			n.Handle("slow", func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) {
				close(started)
				<-release
			})
			connected := sockets(server)
			c := join(t, serve(t, server))
			s := within(t, "a socket", connected)
			must(t, s.Join("room"))
			c.send(`42["slow"]`)
			within(t, "the handler", started)
			end(c, s)
			c.send("40")
			c.expectPrefix(`40{"sid":"`)
			successor := within(t, "its successor", connected)
			if sent, err := n.To("room").Emit("for the room"); sent != 0 || err != nil {
				t.Errorf("%d in the room, %v", sent, err)
			}
			if sent, err := n.Emit("for all"); sent != 1 || err != nil {
				t.Errorf("%d in all, %v", sent, err)
			}
			if got := slices.Collect(n.Sockets()); n.Count() != 1 || len(got) != 1 || got[0] != successor {
				t.Errorf("%d sockets, %v", n.Count(), got)
			}
			must(t, successor.Emit("last"))
			c.expect(`42["for all"]`)
			c.expect(`42["last"]`)
			close(release)
			eventually(t, "the first one is gone", func() bool { return len(server.Stats().Disconnects) == 1 })
			if sent, err := n.Everyone().Emit("for all"); sent != 1 || err != nil {
				t.Errorf("%d in all afterwards, %v", sent, err)
			}
		})
	}
}
