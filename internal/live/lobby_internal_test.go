package live

import (
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

// What changes while the list is first read is told, once, and the rest of the list is not.
func TestLobbyIsLearntQuietly(t *testing.T) {
	room := func(id, name string) chat.Room {
		return chat.Room{ID: chat.RoomID(id), Kind: chat.Public, Name: name, CategoryID: "c"}
	}
	var b lobby
	b.update(chat.RoomUpdated{Room: room("new", "now"), Category: chat.Category{ID: "c"}})
	b.remove("gone")
	b.learn(chat.Lobby{
		Categories: []chat.Category{{ID: "c"}},
		Rooms:      []chat.Room{room("old", "old"), room("new", "before"), room("gone", "gone")},
	})
	told := map[string]string{}
	for _, e := range b.take() {
		if e.Room != nil {
			told[e.Room.ID] = e.Room.Name
		} else {
			told[e.RemovedRoomID] = ""
		}
	}
	if len(told) != 2 || told["new"] != "now" || told["gone"] != "" {
		t.Errorf("told %v", told)
	}
	b.replace(chat.Lobby{Categories: []chat.Category{{ID: "c"}}, Rooms: []chat.Room{room("new", "now")}})
	if e := b.take(); len(e) != 1 || e[0].RemovedRoomID != "old" {
		t.Errorf("then told %+v", e)
	}
}
