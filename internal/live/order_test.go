package live_test

import (
	"fmt"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// Nobody has to wait for an acknowledgement to keep the order: what one connection sends is numbered as it came, in every
// room, also where several messages share a commit, and what follows them is handled after them.
func TestSendsOfOneConnectionKeepTheirOrder(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	rooms := []chat.RoomID{n.room(jisu, chat.NewRoom{Name: "하나"}, minho), n.room(jisu, chat.NewRoom{Name: "둘"}, minho)}
	sender, _ := n.connect(jisu)
	reader, ready := n.connect(minho)
	const sends = 200
	for i := range sends {
		sender.write(fmt.Sprintf(`42["message:send",{"roomId":%q,"clientId":"m%d","text":"%d"}]`, rooms[i%2], i, i))
	}
	left := sender.call("room:leave", wire.RoomRef{RoomID: string(rooms[1])})
	if !left.OK {
		t.Fatalf("%+v", left.Error)
	}
	heads := map[string]int64{}
	for _, mine := range ready.Rooms {
		heads[mine.Room.ID] = mine.Room.Head
	}
	next := map[string]int{string(rooms[0]): 0, string(rooms[1]): 1}
	for range sends {
		e := expect[wire.MessageEvent](reader, "message")
		room := e.Message.RoomID
		if e.Message.Text != fmt.Sprint(next[room]) || e.After != heads[room] || e.Message.Rev != heads[room]+1 {
			t.Fatalf("%+v came where %d was due, after %d", e.Message, next[room], heads[room])
		}
		next[room] += 2
		heads[room]++
	}
	if e := expect[wire.MessageEvent](reader, "message"); e.Message.Event == nil || e.Message.RoomID != string(rooms[1]) {
		t.Fatalf("%+v came where the leaving was due", e.Message)
	}
}
