package live_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

func TestReady(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{}, minho)
	said := n.say(jisu, room, "안녕")
	_, ready := n.connect(minho)
	if ready.User.Name != "민호" || ready.User.LoginID == "" || ready.Epoch != n.Epoch() || len(ready.Rooms) != 1 {
		t.Fatalf("%+v", ready)
	}
	mine := ready.Rooms[0]
	if mine.Room.Head != said.Rev || mine.Unread != 1 || mine.Last.Text != "안녕" || ready.Users[0].Name != "지수" {
		t.Fatalf("%+v", mine)
	}
	if ready.Users[0].LoginID != "" {
		t.Fatal("a login id is shown to others")
	}
}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu := n.person("지수")
	for name, payload := range map[string]string{
		"nobody": "", "no token": "{}", "not a token": `{"token":"x"}`, "a number": `{"token":1}`,
		"a refresh token": fmt.Sprintf(`{"token":%q}`, jisu.grant.RefreshToken),
	} {
		c := n.dial(payload)
		refusal := expect[struct{ Message string }](c, "connect_error")
		if refusal.Message != "unauthorized" {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
	must(t, n.auth.EndSession(t.Context(), jisu.id, jisu.grant.SessionID, auth.LoggedOut))
	c := n.dial(fmt.Sprintf(`{"token":%q}`, jisu.grant.AccessToken))
	if expect[struct{ Message string }](c, "connect_error").Message != "unauthorized" {
		t.Error("an ended session connects")
	}
}

// Where the database does not answer nobody is refused: a refusal would keep clients from coming back by themselves.
func TestWhoCannotBeAskedAboutIsClosed(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu := n.person("지수")
	must(t, n.store.Close())
	c := n.dial(fmt.Sprintf(`{"token":%q}`, jisu.grant.AccessToken))
	<-c.closed
	for e := range c.events {
		t.Errorf("got %s", e.name)
	}
}

func TestTwoPeopleTalk(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{}, minho)
	a, ready := n.connect(jisu)
	b, _ := n.connect(minho)
	cursor := ready.Rooms[0].Room.Head

	sent := a.call("message:send", wire.SendEvent{RoomID: string(room), SendMessage: wire.SendMessage{ClientID: "1", Text: "안녕하세요"}})
	if !sent.OK || sent.Message.Seq != cursor+1 || sent.Message.ClientID != "1" {
		t.Fatalf("%+v", sent)
	}
	for _, c := range []*client{a, b} {
		e := expect[wire.MessageEvent](c, "message")
		if e.Message.Text != "안녕하세요" || e.Message.ClientID != "1" || e.After != cursor || e.User.Name != "지수" {
			t.Fatalf("%+v", e)
		}
	}
	edited := a.call("message:edit", wire.EditEvent{RoomID: string(room), Seq: sent.Message.Seq, Text: "반가워요"})
	if e := expect[wire.MessageEvent](b, "message"); !edited.OK || e.Message.Text != "반가워요" || e.After != cursor+1 || e.Message.Seq != cursor+1 || e.Message.Rev != cursor+2 {
		t.Fatalf("%+v %+v", edited, e)
	}
	read := b.call("room:read", wire.ReadEvent{RoomID: string(room), Seq: sent.Message.Seq})
	if mark := expect[wire.ReadMark](a, "room:read"); !read.OK || read.ReadSeq != sent.Message.Seq || read.Unread != 0 || mark.UserID != string(minho.id) {
		t.Fatalf("%+v %+v", read, mark)
	}
	b.write(fmt.Sprintf(`42["room:typing",{"roomId":%q}]`, room))
	if typing := expect[wire.Typing](a, "room:typing"); typing.UserID != string(minho.id) {
		t.Fatalf("%+v", typing)
	}
	deleted := a.call("message:delete", wire.MessageRef{RoomID: string(room), Seq: sent.Message.Seq})
	if e := expect[wire.MessageEvent](b, "message"); !deleted.OK || e.Message.Kind != wire.KindDeleted || e.Message.Text != "" {
		t.Fatalf("%+v", e)
	}
	b.quiet("room:typing") // nobody is told of their own typing
}

func TestJoiningAndLeavingOnEveryConnection(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{})
	phone, _ := n.connect(minho)
	desk, _ := n.connect(minho)

	joined := phone.call("room:join", wire.RoomRef{RoomID: string(room)})
	if !joined.OK {
		t.Fatalf("%+v", joined)
	}
	said := n.say(jisu, room, "어서 와요")
	for _, c := range []*client{phone, desk} {
		first := <-c.events
		var updated wire.RoomUpdated
		must(t, json.Unmarshal(first.payload, &updated))
		if first.name != "room:updated" || updated.Membership == nil || updated.Room.Head != joined.Room.Head {
			t.Fatalf("first came %s %s", first.name, first.payload)
		}
		if e := expect[wire.MessageEvent](c, "message"); e.Message.Seq != said.Seq || e.After != updated.Room.Head {
			t.Fatalf("%+v", e)
		}
	}
	if left := desk.call("room:leave", wire.RoomRef{RoomID: string(room)}); !left.OK {
		t.Fatalf("%+v", left)
	}
	for _, c := range []*client{phone, desk} {
		if gone := expect[wire.RoomRemoved](c, "room:removed"); gone.RoomID != string(room) || gone.Reason != "left" {
			t.Fatalf("%+v", gone)
		}
	}
	n.say(jisu, room, "이제 우리끼리")
	phone.quiet("message")
	desk.quiet("message")
}

func TestADirectRoomOpensForBoth(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	a, _ := n.connect(jisu)
	b, _ := n.connect(minho)
	opened, err := n.OpenDirect(t.Context(), jisu.id, minho.id)
	must(t, err)
	for c, peer := range map[*client]person{a: minho, b: jisu} {
		if e := expect[wire.RoomUpdated](c, "room:updated"); e.Membership == nil || e.Room.Peer.UserID != string(peer.id) {
			t.Fatalf("%+v", e)
		}
	}
	must(t, n.Leave(t.Context(), minho.id, opened.Room.ID))
	expect[wire.RoomRemoved](b, "room:removed")
	if e := expect[wire.RoomUpdated](a, "room:updated"); !e.Room.Peer.Left || e.Membership != nil {
		t.Fatalf("%+v", e)
	}
	said := n.say(jisu, opened.Room.ID, "돌아와요")
	back := expect[wire.RoomUpdated](b, "room:updated")
	message := expect[wire.MessageEvent](b, "message")
	if back.Membership == nil || back.Room.Head != said.Rev-1 || message.After != back.Room.Head || message.Message.Text != "돌아와요" {
		t.Fatalf("%+v %+v", back, message)
	}
}

func TestWhatMayNotBeSeenIsHidden(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{History: chat.HistorySinceJoin})
	secret := n.say(jisu, room, "민호가 오기 전의 비밀")
	_, err := n.Join(t.Context(), minho.id, room)
	must(t, err)
	a, _ := n.connect(jisu)
	b, _ := n.connect(minho)
	_, err = n.Edit(t.Context(), jisu.id, room, secret.Seq, "고친 비밀", time.Time{})
	must(t, err)
	if e := expect[wire.MessageEvent](a, "message"); e.Message.Text != "고친 비밀" {
		t.Fatalf("%+v", e)
	}
	e := expect[wire.MessageEvent](b, "message")
	if !reflect.DeepEqual(e.Message, wire.Message{RoomID: string(room), Seq: secret.Seq, Rev: e.Message.Rev, Kind: wire.KindHidden}) || e.User != nil {
		t.Fatalf("%+v", e)
	}
}

func TestSessionsThatEnd(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	ended, _ := n.connect(jisu)
	stays, _ := n.connect(minho)
	must(t, n.auth.EndSession(t.Context(), jisu.id, jisu.grant.SessionID, auth.Revoked))
	if e := expect[wire.SessionEnded](ended, "session:ended"); e.Reason != "revoked" {
		t.Fatalf("%+v", e)
	}
	select {
	case <-ended.closed:
	case <-time.After(5 * time.Second):
		t.Fatal("still connected")
	}
	if a := stays.call("room:join", wire.RoomRef{RoomID: "none"}); a.Error.Code != "not_found" {
		t.Fatalf("%+v", a)
	}
	n.room(minho, chat.NewRoom{})
	expect[wire.RoomUpdated](stays, "room:updated")
	must(t, n.DeleteAccount(t.Context(), minho.id))
	if e := expect[wire.SessionEnded](stays, "session:ended"); e.Reason != "account_deleted" {
		t.Fatalf("%+v", e)
	}
}

func TestADeletedRoomIsGoneForEveryone(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{}, minho)
	b, _ := n.connect(minho)
	must(t, n.DeleteRoom(t.Context(), jisu.id, room))
	if e := expect[wire.RoomRemoved](b, "room:removed"); e.Reason != "deleted" {
		t.Fatalf("%+v", e)
	}
	if e := expect[wire.LobbyEvent](b, "lobby"); e.RemovedRoomID != string(room) {
		t.Fatalf("%+v", e)
	}
}

func TestPresence(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho, stranger := n.person("지수"), n.person("민호"), n.person("서연")
	room := n.room(jisu, chat.NewRoom{}, minho)
	a, _ := n.connect(jisu)
	s, _ := n.connect(stranger)
	b, _ := n.connect(minho)
	if e := expect[wire.Presence](a, "presence"); e.UserID != string(minho.id) || !e.Online {
		t.Fatalf("%+v", e)
	}
	b.close()
	reload, _ := n.connect(minho) // a reload is no leaving
	a.quiet("presence")
	reload.close()
	if e := expect[wire.Presence](a, "presence"); e.UserID != string(minho.id) || e.Online {
		t.Fatalf("%+v", e)
	}
	s.quiet("presence")

	// Who joins is introduced: they came before they shared the room.
	if joined := s.call("room:join", wire.RoomRef{RoomID: string(room)}); !joined.OK {
		t.Fatalf("%+v", joined)
	}
	if e := expect[wire.Presence](a, "presence"); e.UserID != string(stranger.id) || !e.Online {
		t.Fatalf("%+v", e)
	}
}

func TestTheLobbyIsToldOfNewRooms(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	b, _ := n.connect(minho)
	room := n.room(jisu, chat.NewRoom{})
	e := expect[wire.LobbyEvent](b, "lobby")
	if e.Room == nil || e.Room.ID != string(room) || e.Category.Name != "방" {
		t.Fatalf("%+v", e)
	}
	n.room(jisu, chat.NewRoom{Kind: chat.Private})
	time.Sleep(1100 * time.Millisecond)
	b.quiet("lobby")
}

// TestNobodyMissesAnything has clients come and go while others write, edit and delete: each one's stream, from the
// positions in ready, must be without a hole, and folded onto the history as of ready it must be the history.
func TestNobodyMissesAnything(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	people := []person{n.person("지수"), n.person("민호"), n.person("서연"), n.person("하린")}
	room := n.room(people[0], chat.NewRoom{}, people[1:]...)

	var writers sync.WaitGroup
	stop := make(chan struct{})
	for i, p := range people {
		writers.Go(func() {
			for j := 0; ; j++ {
				select {
				case <-stop:
					return
				default:
				}
				m, _, err := n.Send(t.Context(), p.id, room, chat.Draft{ClientID: fmt.Sprintf("%d-%d", i, j), Text: "말"})
				if err != nil {
					t.Error(err)
					return
				}
				switch j % 5 {
				case 1:
					_, err = n.Edit(t.Context(), p.id, room, m.Seq, "고침", time.Time{})
				case 3:
					_, err = n.Delete(t.Context(), p.id, room, m.Seq)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var readers sync.WaitGroup
	for range 6 {
		for _, p := range people {
			readers.Go(func() {
				c, ready := n.connect(p)
				cursor := ready.Rooms[0].Room.Head
				seen := map[int64]wire.Message{}
				for range 30 {
					e := expect[wire.MessageEvent](c, "message")
					if e.After != cursor || e.Message.Rev <= cursor {
						t.Errorf("rev %d after %d at cursor %d", e.Message.Rev, e.After, cursor)
						return
					}
					cursor = e.Message.Rev
					seen[e.Message.Seq] = e.Message
				}
				// What the stream said of each message must be what the changes say, unless it changed since.
				var page wire.ChangesAnswer
				must(t, json.Unmarshal(c.ask("room:changes", fmt.Sprintf(`{"roomId":%q,"since":%d}`, room, ready.Rooms[0].Room.Head)), &page))
				for _, m := range page.Messages {
					if m.Rev <= cursor && !reflect.DeepEqual(seen[m.Seq], m) {
						t.Errorf("the stream said %+v, the changes say %+v", seen[m.Seq], m)
					}
				}
				c.close()
			})
		}
	}
	readers.Wait()
	close(stop)
	writers.Wait()
}

// lossy drops announcements of messages.
type lossy struct {
	chat.Bus
	mu   sync.Mutex
	drop func(m chat.Message) bool
}

func (b *lossy) Publish(events ...chat.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var kept []chat.Event
	for _, e := range events {
		if m, ok := e.(chat.MessageChanged); ok && b.drop(m.Message) {
			continue
		}
		kept = append(kept, e)
	}
	b.Bus.Publish(kept...)
}

func TestWhatNobodyAnnouncedIsFound(t *testing.T) {
	t.Parallel()
	n := start(t, func(b chat.Bus) chat.Bus {
		return &lossy{Bus: b, drop: func(m chat.Message) bool { return strings.HasPrefix(m.Text, "잃은") }}
	})
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{}, minho)
	b, ready := n.connect(minho)
	cursor := ready.Rooms[0].Room.Head

	n.say(jisu, room, "잃은 말 1")
	n.say(jisu, room, "잃은 말 2")
	n.say(jisu, room, "온 말")
	n.say(jisu, room, "잃은 마지막 말") // and then the room stays silent
	for _, want := range []string{"잃은 말 1", "잃은 말 2", "온 말", "잃은 마지막 말"} {
		e := expect[wire.MessageEvent](b, "message")
		if e.Message.Text != want || e.After != cursor || e.User == nil || e.User.Name != "지수" {
			t.Fatalf("got %+v at %d, want %s", e, cursor, want)
		}
		cursor = e.Message.Rev
	}
}

// holding is a bus that keeps what is published to itself for a while.
type holding struct {
	chat.Bus
	mu   sync.Mutex
	held []chat.Event
	on   bool
}

func (b *holding) Publish(events ...chat.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.on {
		b.held = append(b.held, events...)
		return
	}
	b.Bus.Publish(events...)
}

func (b *holding) hold(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.on = on; !on {
		b.Bus.Publish(b.held...)
		b.held = nil
	}
}

func TestWhoJoinsWhileTheStreamRunsAhead(t *testing.T) {
	t.Parallel()
	var bus *holding
	n := start(t, func(b chat.Bus) chat.Bus { bus = &holding{Bus: b}; return bus })
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{})
	a, _ := n.connect(jisu)
	b, _ := n.connect(minho)

	bus.hold(true)
	_, err := n.Join(t.Context(), minho.id, room)
	must(t, err)
	n.say(jisu, room, "민호가 온 뒤의 말")
	n.live.LookAtHeads(t.Context()) // it finds both changes before anybody hears of the joining
	for range 2 {
		expect[wire.MessageEvent](a, "message")
	}
	bus.hold(false)
	joined := expect[wire.RoomUpdated](b, "room:updated")
	first := expect[wire.MessageEvent](b, "message")
	if first.Message.Text != "민호가 온 뒤의 말" || first.After != joined.Room.Head {
		t.Fatalf("joined at %d and got %+v", joined.Room.Head, first)
	}
	a.quiet("message") // nobody gets anything twice
	b.quiet("message")
}
