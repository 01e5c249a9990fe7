package live_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

// TestEveryStreamIsTheHistory has people write, join and leave while connections open and close and announcements are lost,
// several of it at once. Whatever the order: what a connection gets is ascending and without gaps, what is hidden stays
// hidden, and folded it is the history.
func TestEveryStreamIsTheHistory(t *testing.T) {
	t.Parallel()
	var losing atomic.Bool
	n := start(t, func(b chat.Bus) chat.Bus {
		return &lossy{Bus: b, drop: func(chat.Message) bool { return losing.Load() }}
	})
	rapid.Check(t, func(rt *rapid.T) {
		s := newStreet(rt, n)
		defer s.close()
		s.live(rt, &losing)
	})
}

// live has things happen, and checks what everybody saw.
func (s *street) live(rt *rapid.T, losing *atomic.Bool) {
	for range rapid.IntRange(2, 12).Draw(rt, "rounds") {
		losing.Store(rapid.IntRange(0, 2).Draw(rt, "losing") == 0)
		var together sync.WaitGroup
		for range rapid.IntRange(1, 5).Draw(rt, "at once") {
			do := s.draw(rt)
			together.Go(do)
		}
		together.Wait()
	}
	losing.Store(false)
	s.settle(rt)
	s.compare(rt)
}

// street is a few people and rooms.
type street struct {
	n      *node
	nodes  []*node // n among them
	people []person
	rooms  []chat.RoomID

	mu      sync.Mutex
	sent    map[string][]int64 // by person and room
	windows []*window
	count   int
	failed  []string
}

func newStreet(rt *rapid.T, nodes ...*node) *street {
	n := nodes[0]
	s := &street{n: n, nodes: nodes, sent: map[string][]int64{}}
	for range 3 {
		s.people = append(s.people, n.person("이웃"))
	}
	for _, history := range []chat.History{chat.HistoryAll, chat.HistorySinceJoin} {
		s.rooms = append(s.rooms, n.room(s.people[0], chat.NewRoom{History: history}, s.people[1]))
	}
	s.open(s.people[rapid.IntRange(0, 2).Draw(rt, "who is there")], nodes[len(nodes)-1])
	return s
}

func (s *street) close() {
	for _, w := range s.windows {
		w.shut()
	}
}

func (s *street) fail(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = append(s.failed, fmt.Sprintf(format, args...))
}

// expected passes over what may happen where things happen at once.
func (s *street) expected(err error, codes ...chat.Code) {
	if err != nil && !slices.Contains(codes, chat.CodeOf(err)) {
		s.fail("%v", err)
	}
}

// draw draws one thing to be done.
func (s *street) draw(rt *rapid.T) func() {
	who := s.people[rapid.IntRange(0, 2).Draw(rt, "who")]
	room := s.rooms[rapid.IntRange(0, 1).Draw(rt, "room")]
	nth := rapid.IntRange(0, 20).Draw(rt, "which")
	n := s.nodes[rapid.IntRange(0, len(s.nodes)-1).Draw(rt, "node")]
	mine := func() (seq int64, some bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		all := s.sent[string(who.id)+string(room)]
		if len(all) == 0 {
			return 0, false
		}
		return all[nth%len(all)], true
	}
	ctx := n.t.Context()
	switch what := rapid.IntRange(0, 11).Draw(rt, "what"); {
	case what < 4:
		pictures := rapid.SampledFrom([]int{0, 0, 2}).Draw(rt, "pictures")
		return func() {
			d := chat.Draft{ClientID: chat.NewID(), Text: "비밀 아닌 말"}
			for range pictures {
				d.ImageIDs = append(d.ImageIDs, n.picture(who))
			}
			m, _, err := n.Send(ctx, who.id, room, d)
			if s.expected(err, chat.Forbidden); err == nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.sent[string(who.id)+string(room)] = append(s.sent[string(who.id)+string(room)], m.Seq)
			}
		}
	case what < 6:
		return func() {
			if seq, some := mine(); some {
				_, err := n.Edit(ctx, who.id, room, seq, "고친 말 "+chat.NewID(), time.Time{})
				s.expected(err, chat.Forbidden, chat.NotFound)
			}
		}
	case what < 7:
		return func() {
			if seq, some := mine(); some {
				_, err := n.Delete(ctx, who.id, room, seq)
				s.expected(err, chat.Forbidden, chat.NotFound)
			}
		}
	case what < 8:
		return func() { _, err := n.Join(ctx, who.id, room); s.expected(err) }
	case what < 9:
		if who.id == s.people[0].id {
			return func() {} // the room keeps its owner
		}
		return func() { s.expected(n.Leave(ctx, who.id, room)) }
	case what < 10:
		return func() { s.open(who, n) }
	case what < 11:
		return func() { s.shut(nth) }
	default:
		return func() { n.live.Look(ctx) }
	}
}

func (s *street) open(who person, n *node) {
	w := &window{street: s, who: who, client: n.dial(fmt.Sprintf(`{"token":%q}`, who.grant.AccessToken)), rooms: map[string]*stay{}, ended: make(chan struct{})}
	go w.watch()
	s.mu.Lock()
	defer s.mu.Unlock()
	w.name = fmt.Sprint("window ", s.count)
	s.count++
	s.windows = append(s.windows, w)
}

func (s *street) shut(nth int) {
	s.mu.Lock()
	if len(s.windows) == 0 {
		s.mu.Unlock()
		return
	}
	i := nth % len(s.windows)
	w := s.windows[i]
	s.windows = slices.Delete(s.windows, i, i+1)
	s.mu.Unlock()
	w.shut()
}

// settle waits until everybody who is connected has everything.
func (s *street) settle(rt *rapid.T) {
	ctx := s.n.t.Context()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		for _, n := range s.nodes {
			n.live.Look(ctx)
		}
		late := ""
		for _, w := range s.windows {
			mine, _, err := s.n.MyRooms(ctx, w.who.id)
			must(s.n.t, err)
			if behind := w.behind(mine); behind != "" {
				late = w.name + " " + behind
			}
		}
		if late == "" {
			return
		}
		if time.Now().After(deadline) {
			rt.Fatal(late)
		}
	}
}

func (s *street) compare(rt *rapid.T) {
	for _, w := range s.windows {
		w.mu.Lock()
		for id, st := range w.rooms {
			page, err := s.n.History(s.n.t.Context(), w.who.id, chat.RoomID(id), chat.HistoryPage{Limit: chat.MaxPage})
			must(s.n.t, err)
			var want []wire.Message
			for _, m := range page.Messages {
				if m.Rev > st.position {
					want = append(want, present.Message(m))
				}
			}
			got := slices.SortedFunc(maps.Values(st.messages), func(a, b wire.Message) int { return int(a.Seq - b.Seq) })
			if plain(got) != plain(want) {
				s.failed = append(s.failed, fmt.Sprintf("%s from %d\n got %s\nwant %s", w.name, st.position, plain(got), plain(want)))
			}
		}
		w.mu.Unlock()
	}
	if len(s.failed) > 0 {
		rt.Fatal(strings.Join(s.failed, "\n"))
	}
}

func plain(messages []wire.Message) string {
	raw, _ := json.Marshal(messages)
	if len(messages) == 0 {
		return "[]"
	}
	return string(raw)
}

// window is a connection, and what came through it.
type window struct {
	street *street
	name   string
	who    person
	client *client
	ended  chan struct{}

	mu    sync.Mutex
	ready bool
	rooms map[string]*stay
}

// stay is a room from a position on.
type stay struct {
	position, cursor int64
	visibleAfter     int64
	messages         map[int64]wire.Message
}

func (w *window) shut() {
	w.client.close()
	<-w.ended
}

func (w *window) watch() {
	defer close(w.ended)
	for e := range w.client.events {
		w.mu.Lock()
		switch e.name {
		case "ready":
			w.ready = true
			for _, m := range as[wire.Ready](w, e).Rooms {
				w.begin(m.Room, m.Membership)
			}
		case "room:updated":
			if u := as[wire.RoomUpdated](w, e); u.Membership != nil {
				w.begin(u.Room, *u.Membership)
			}
		case "room:removed":
			delete(w.rooms, as[wire.RoomRemoved](w, e).RoomID)
		case "message":
			w.take(as[wire.MessageEvent](w, e))
		}
		w.mu.Unlock()
	}
}

func as[T any](w *window, e event) (v T) {
	if err := json.Unmarshal(e.payload, &v); err != nil {
		w.street.fail("%s: %v", e.payload, err)
	}
	return v
}

func (w *window) begin(room wire.Room, m wire.Membership) {
	w.rooms[room.ID] = &stay{position: room.Head, cursor: room.Head, visibleAfter: m.VisibleAfter, messages: map[int64]wire.Message{}}
}

// take checks a message's place in the stream.
func (w *window) take(e wire.MessageEvent) {
	st := w.rooms[e.Message.RoomID]
	switch {
	case !w.ready:
		w.street.fail("%s got %+v before ready", w.name, e)
		return
	case st == nil:
		w.street.fail("%s got %+v of a room that is not theirs", w.name, e)
		return
	case e.Message.Rev <= st.cursor, e.After > st.cursor:
		w.street.fail("%s is at %d and got %+v", w.name, st.cursor, e)
	}
	st.cursor = e.Message.Rev
	hidden := wire.Message{RoomID: e.Message.RoomID, Seq: e.Message.Seq, Rev: e.Message.Rev, Kind: wire.KindHidden}
	switch {
	case e.Message.Seq > st.visibleAfter:
		st.messages[e.Message.Seq] = e.Message
	case !reflect.DeepEqual(e.Message, hidden) || e.User != nil:
		w.street.fail("%s may see what is beyond %d and got %+v", w.name, st.visibleAfter, e)
	}
}

// behind says what is still to come.
func (w *window) behind(mine []chat.MyRoom) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ready || len(mine) != len(w.rooms) {
		return fmt.Sprintf("has %d rooms of %d", len(w.rooms), len(mine))
	}
	for _, m := range mine {
		if st := w.rooms[string(m.Room.ID)]; st == nil || st.cursor != m.Room.Head {
			return fmt.Sprintf("is at %+v of %d", st, m.Room.Head)
		}
	}
	return ""
}
