package live_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// network is what lies between nodes in tests: what a node publishes reaches the others late, in another order than what
// others publish, and only what they watch; some of it is lost.
type network struct {
	losing atomic.Bool // half of everything
	slow   atomic.Bool

	mu    sync.Mutex
	doors []*door
}

// door is a node's bus, and its link.
type door struct {
	*bus.Memory
	net  *network
	name string

	hearing  sync.Mutex
	mu       sync.Mutex
	watched  map[chat.RoomID]int
	hears    map[string]func([]byte)
	arriving sync.WaitGroup
	lines    map[*door]chan func() // what is on its way to each other door, in order
	closed   chan struct{}
}

var errNobody = errors.New("nobody there")

func (n *network) door(t *testing.T, name string) *door {
	d := &door{
		Memory: bus.NewMemory(), net: n, name: name,
		watched: map[chat.RoomID]int{}, hears: map[string]func([]byte){}, lines: map[*door]chan func(){}, closed: make(chan struct{}),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, other := range n.doors {
		n.line(d, other)
		n.line(other, d)
	}
	n.doors = append(n.doors, d)
	t.Cleanup(func() {
		close(d.closed)
		d.arriving.Wait()
		d.Close()
	})
	return d
}

// line carries things from one door to another, one after the other.
func (n *network) line(from, to *door) {
	line := make(chan func(), 10_000)
	from.mu.Lock()
	from.lines[to] = line
	from.mu.Unlock()
	from.arriving.Go(func() {
		for {
			select {
			case arrive := <-line:
				if n.slow.Load() && rand.IntN(4) == 0 {
					time.Sleep(rand.N(8 * time.Millisecond))
				}
				arrive()
			case <-from.closed:
				return
			}
		}
	})
}

func (d *door) Publish(events ...chat.Event) {
	d.Memory.Publish(events...)
	d.mu.Lock()
	defer d.mu.Unlock()
	for to, line := range d.lines {
		for _, event := range events {
			if d.net.losing.Load() && rand.IntN(2) == 0 {
				continue
			}
			if joined, ok := event.(chat.MemberJoined); ok {
				joined.Elsewhere = true
				event = joined
			}
			line <- func() {
				if to.wants(event) {
					to.Memory.Publish(event)
				}
			}
		}
	}
}

func (d *door) wants(event chat.Event) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := event.(type) {
	case chat.MessageChanged:
		return d.watched[e.Message.RoomID] > 0
	case chat.ReadMoved:
		return d.watched[e.RoomID] > 0
	case chat.Typed:
		return d.watched[e.RoomID] > 0
	}
	return true
}

func (d *door) Watch(rooms ...chat.RoomID)   { d.count(1, rooms) }
func (d *door) Unwatch(rooms ...chat.RoomID) { d.count(-1, rooms) }

func (d *door) count(by int, rooms []chat.RoomID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range rooms {
		if d.watched[id] += by; d.watched[id] == 0 {
			delete(d.watched, id)
		}
	}
}

func (d *door) watching() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.watched)
}

func (d *door) Node() string { return d.name }

func (d *door) Send(node, kind string, payload []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := node == ""
	for to, line := range d.lines {
		if node == "" || node == to.name {
			found = true
			line <- func() {
				to.mu.Lock()
				fn := to.hears[kind]
				to.mu.Unlock()
				if fn != nil {
					to.hearing.Lock() // one at a time
					defer to.hearing.Unlock()
					fn(payload)
				}
			}
		}
	}
	if !found {
		return errNobody
	}
	return nil
}

func (d *door) Receive(kind string, fn func([]byte)) (cancel func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hears[kind] = fn
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.hears, kind)
	}, nil
}

// cluster starts nodes on one database.
func cluster(t *testing.T, names ...string) (*network, []*node, []*door) {
	t.Helper()
	net, h := &network{}, openHouse(t)
	var nodes []*node
	var doors []*door
	for _, name := range names {
		d := net.door(t, name)
		doors = append(doors, d)
		nodes = append(nodes, h.join(d, d))
	}
	return net, nodes, doors
}

// TestEveryStreamIsTheHistoryOnEveryNode is TestEveryStreamIsTheHistory for people on several nodes, between which things are
// late, pass each other and get lost.
func TestEveryStreamIsTheHistoryOnEveryNode(t *testing.T) {
	t.Parallel()
	net, nodes, _ := cluster(t, "one", "two", "three")
	net.slow.Store(true)
	rapid.Check(t, func(rt *rapid.T) {
		s := newStreet(rt, nodes...)
		defer s.close()
		s.live(rt, &net.losing)
	})
}

func TestOrderIsRestoredWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	net, nodes, _ := cluster(t, "one", "two")
	one, two := nodes[0], nodes[1]
	jisu, minho := one.person("지수"), one.person("민호")
	room := one.room(jisu, chat.NewRoom{}, minho)
	a, _ := one.connect(jisu)
	b, ready := two.connect(minho)
	net.slow.Store(true)
	var all sync.WaitGroup
	const each = 100
	for i, n := range nodes {
		all.Go(func() {
			for k := range each {
				n.say([]person{jisu, minho}[i], room, fmt.Sprint(i, " ", k))
			}
		})
	}
	all.Wait()
	cursor := ready.Rooms[0].Room.Head
	for range 2 * each {
		x, y := expect[wire.MessageEvent](a, "message"), expect[wire.MessageEvent](b, "message")
		if x.Message.Rev != cursor+1 || y.Message.Rev != cursor+1 || x.After != cursor || y.After != cursor {
			t.Fatalf("at %d came %+v and %+v", cursor, x, y)
		}
		cursor++
	}
}

// Whatever is told of a leaving and of a coming back, and in whatever order, or not at all: who is a member gets what is said,
// and who is not does not.
func TestLeavingAndComingBackElsewhere(t *testing.T) {
	t.Parallel()
	net, nodes, doors := cluster(t, "one", "two")
	one, two := nodes[0], nodes[1]
	jisu, minho := one.person("지수"), one.person("민호")
	room := one.room(jisu, chat.NewRoom{History: chat.HistorySinceJoin}, minho)
	b, _ := two.connect(minho)
	for _, losing := range []bool{false, true} {
		net.losing.Store(losing)
		for range 10 {
			must(t, one.Leave(t.Context(), minho.id, room))
			secret := one.say(jisu, room, "비밀")
			_, err := one.Join(t.Context(), minho.id, room)
			must(t, err)
			said := one.say(jisu, room, "민호야")
			two.live.Look(t.Context())
			for at := int64(0); at < said.Seq; { // by the message, or by a position beyond it
				e := <-b.events
				switch e.name {
				case "message":
					var got wire.MessageEvent
					must(t, json.Unmarshal(e.payload, &got))
					if got.Message.Text == "비밀" || got.Message.Seq == secret.Seq {
						t.Fatalf("got %+v", got)
					}
					at = got.Message.Rev
				case "room:updated":
					var got wire.RoomUpdated
					must(t, json.Unmarshal(e.payload, &got))
					if got.Membership != nil {
						at = got.Room.Head
					}
				case "":
					t.Fatal("closed")
				}
			}
		}
		must(t, one.Leave(t.Context(), minho.id, room))
		one.say(jisu, room, "비밀")
		two.live.Look(t.Context())
		for doors[1].watching() > 0 { // nobody on that node is in a room any more
			time.Sleep(time.Millisecond)
		}
		_, err := one.Join(t.Context(), minho.id, room)
		must(t, err)
		two.live.Look(t.Context())
		within(t, "the room is watched again", func() bool { return doors[1].watching() == 1 })
	}
}

func TestSessionsEndEverywhere(t *testing.T) {
	t.Parallel()
	net, nodes, _ := cluster(t, "one", "two")
	one, two := nodes[0], nodes[1]
	for _, losing := range []bool{false, true} {
		jisu := one.person("지수")
		c, _ := two.connect(jisu)
		net.losing.Store(losing)
		must(t, one.auth.EndSession(t.Context(), jisu.id, jisu.grant.SessionID, auth.LoggedOut))
		two.live.Look(t.Context())
		expect[wire.SessionEnded](c, "session:ended")
		<-c.closed
	}
}

func TestPresenceAcrossNodes(t *testing.T) {
	t.Parallel()
	net, nodes, _ := cluster(t, "one", "two")
	one, two := nodes[0], nodes[1]
	jisu, minho := one.person("지수"), one.person("민호")
	direct, err := one.OpenDirect(t.Context(), jisu.id, minho.id)
	must(t, err)
	online := func(n *node) bool {
		members, err := n.Members(t.Context(), jisu.id, direct.Room.ID, "", 10)
		must(t, err)
		for _, m := range members {
			if m.User.ID == minho.id {
				return m.Online
			}
		}
		return false
	}
	a, _ := one.connect(jisu)
	b, _ := two.connect(minho)
	if e := expect[wire.Presence](a, "presence"); e.UserID != string(minho.id) || !e.Online {
		t.Fatalf("got %+v", e)
	}
	if e := expect[wire.Presence](b, "presence"); e.UserID != string(jisu.id) || !e.Online {
		t.Fatalf("got %+v", e)
	}
	again, _ := one.connect(minho) // who is there already does not come
	time.Sleep(600 * time.Millisecond)
	a.quiet("presence")
	again.close()
	b.close()
	if e := expect[wire.Presence](a, "presence"); e.UserID != string(minho.id) || e.Online {
		t.Fatalf("got %+v", e)
	}
	if online(one) || online(two) {
		t.Fatal("still there")
	}
	// A node that comes later learns of everybody, and one that vanishes takes its people along.
	b, _ = two.connect(minho)
	expect[wire.Presence](a, "presence")
	d := net.door(t, "three")
	three := (&house{t: t, store: one.store, blobs: one.blobs, log: one.log}).join(d, d)
	within(t, "the new node knows", func() bool { return online(three) })
	net.mu.Lock()
	vanished := net.doors[1]
	net.mu.Unlock()
	vanished.mu.Lock()
	clear(vanished.lines)
	vanished.mu.Unlock()
	if e := expect[wire.Presence](a, "presence"); e.UserID != string(minho.id) || e.Online {
		t.Fatalf("got %+v", e)
	}
	b.close()
}

func within(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not yet: %s", what)
		}
	}
}
