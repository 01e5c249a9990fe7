package bustest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// RunNodes checks the bus of two nodes. They are closed by open's cleanup.
func RunNodes(t *testing.T, open func(t *testing.T) (one, other chat.Bus)) {
	t.Run("every event reaches the other node as it is, and its own node once", func(t *testing.T) {
		one, other := open(t)
		other.Watch("room")
		own, theirs := Listen(one), Listen(other)
		for _, event := range everything {
			one.Publish(event)
		}
		for _, heard := range []*Ear{own, theirs} {
			got := heard.Wait(t, len(everything))
			for _, event := range everything { // those of one room and those of none may pass each other
				if joined, ok := event.(chat.MemberJoined); ok {
					joined.Elsewhere = heard == theirs
					event = joined
				}
				if !slices.ContainsFunc(got, func(e chat.Event) bool { return reflect.DeepEqual(e, event) }) {
					t.Errorf("%#v\nis not among %#v", event, got)
				}
			}
			if len(got) != len(everything) {
				t.Errorf("%d events became %d", len(everything), len(got))
			}
		}
	})

	t.Run("what is said of a room reaches who watches it, from the moment that Watch returns", func(t *testing.T) {
		one, other := open(t)
		heard := Listen(other)
		for i := range 200 {
			room := chat.RoomID(fmt.Sprint("room", i))
			one.Publish(said(room, 1)) // nobody watches
			other.Watch(room)
			one.Publish(said(room, 2))
		}
		one.Publish(chat.SessionEnded{}) // the end
		came := map[chat.RoomID]bool{}
		for n := 1; ; n++ {
			switch e := heard.Wait(t, n)[n-1].(type) {
			case chat.SessionEnded:
				if len(came) != 200 {
					t.Fatalf("heard of %d rooms", len(came))
				}
				return
			case chat.MessageChanged:
				if e.Message.Rev == 2 {
					came[e.Message.RoomID] = true
				}
			}
		}
	})

	t.Run("watching is counted, in any order", func(t *testing.T) {
		one, other := open(t)
		heard := Listen(other)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { other.Watch("room", "other room") })
			all.Go(func() { other.Unwatch("room", "other room") })
		}
		all.Wait()
		other.Watch("room")
		one.Publish(said("room", 1), said("other room", 1), said("room", 2))
		got := heard.Wait(t, 2)
		other.Unwatch("room")
		other.Watch("last")
		one.Publish(said("room", 3), said("last", 4))
		got = append(got, heard.Wait(t, 3)[2])
		var revs []int64
		for _, event := range got {
			revs = append(revs, event.(chat.MessageChanged).Message.Rev)
		}
		if !slices.Equal(revs, []int64{1, 2, 4}) {
			t.Fatalf("heard %v", revs)
		}
	})

	t.Run("what one node says of a room stays in order, whatever others say meanwhile", func(t *testing.T) {
		one, other := open(t)
		const each = 2000
		ears := map[chat.Bus]*Ear{}
		for _, b := range []chat.Bus{one, other} {
			b.Watch("a", "b")
			ears[b] = Listen(b)
		}
		var all sync.WaitGroup
		for _, room := range []chat.RoomID{"a", "b"} {
			for n, b := range []chat.Bus{one, other} {
				all.Go(func() {
					for i := range each {
						m := said(room, int64(i))
						m.Message.Text = fmt.Sprint("from ", n)
						b.Publish(m)
					}
				})
			}
		}
		all.Wait()
		for _, ear := range ears {
			next := map[string]int64{}
			for _, event := range ear.Wait(t, 4*each) {
				m := event.(chat.MessageChanged).Message
				line := string(m.RoomID) + m.Text
				if m.Rev != next[line] {
					t.Fatalf("%s: %d came, and %d was due", line, m.Rev, next[line])
				}
				next[line]++
			}
		}
	})
}

func said(room chat.RoomID, rev int64) chat.MessageChanged {
	return chat.MessageChanged{Message: chat.Message{RoomID: room, Seq: rev, Rev: rev, Kind: chat.KindMessage}}
}

var day = time.Date(2026, 3, 1, 12, 0, 0, int(345*time.Millisecond), time.UTC)

// everything is an event of each kind with every field set.
var everything = []chat.Event{
	chat.MessageChanged{
		Message: chat.Message{
			RoomID: "room", Seq: 1, Rev: 3, ClientID: "c~ 1", SenderID: "u", Kind: chat.KindMessage, Text: "안녕 \u2028 <b> \"'\\ 🙂\n",
			Images:  []chat.Image{{ID: "i", OwnerID: "u", CreatedAt: day, Width: 3, Height: 4, ContentType: "image/png", ThumbType: "image/jpeg", Size: 9, Blur: "b", RoomID: "room", Seq: 1}},
			ReplyTo: 7, SentAt: day, EditedAt: day.Add(time.Second),
		},
		User: chat.User{ID: "u", LoginID: "login", Name: "지수", Role: chat.RoleAdmin, Photo: &chat.Image{ID: "p", Photo: true, Width: 256}, CreatedAt: day},
	},
	chat.MessageChanged{Message: chat.Message{RoomID: "room", Seq: 4, Rev: 4, Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventLeft, UserID: "u", ByUserID: "v"}, SentAt: day}},
	chat.MemberJoined{
		Room:       chat.Room{ID: "room", Kind: chat.Direct, Pair: [2]chat.UserID{"u", "v"}, MemberCount: 2, Head: 9, History: chat.HistoryAll, CreatedAt: day},
		Membership: chat.Membership{RoomID: "room", UserID: "u", JoinedAt: day, VisibleAfter: 3, ReadSeq: 4, Role: chat.MemberOwner},
		PeerLeft:   true,
	},
	chat.MemberLeft{RoomID: "room", UserID: "u", Rev: 12},
	chat.RoomUpdated{Room: chat.Room{ID: "room", Kind: chat.Public, Name: "이름", Topic: "t", Emoji: "🙂", CategoryID: "c", OwnerID: "u", CreatedAt: day}, Category: chat.Category{ID: "c", Name: "칸"}},
	chat.RoomUpdated{Room: chat.Room{ID: "room", Kind: chat.Direct, CreatedAt: day}, Left: map[chat.UserID]bool{"u": true, "v": false}},
	chat.RoomDeleted{Room: chat.Room{ID: "room", Kind: chat.Private, Deleted: true, CreatedAt: day}},
	chat.ReadMoved{RoomID: "room", UserID: "u", Seq: 4},
	chat.Typed{RoomID: "room", UserID: "u"},
	chat.UserChanged{User: chat.User{ID: "u", Name: "n", CreatedAt: day, Deleted: true}},
	chat.SessionEnded{SessionID: "s", UserID: "u", Reason: "r"},
}

// Ear keeps what a bus brings.
type Ear struct {
	mu     sync.Mutex
	events []chat.Event
}

// Listen begins to keep it; an EventsMissed is left out, since a bus may say that at any time.
func Listen(b chat.Bus) *Ear {
	e := &Ear{}
	b.Subscribe(func(events []chat.Event) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, event := range events {
			if _, missed := event.(chat.EventsMissed); !missed {
				e.events = append(e.events, event)
			}
		}
	})
	return e
}

// Wait returns what was brought once there are n events.
func (e *Ear) Wait(t *testing.T, n int) []chat.Event {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		e.mu.Lock()
		events := slices.Clone(e.events)
		e.mu.Unlock()
		if len(events) >= n {
			return events
		}
	}
	t.Fatalf("waited for %d events", n)
	return nil
}
