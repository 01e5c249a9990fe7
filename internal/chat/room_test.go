package chat_test

import (
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

func TestCreateRoom(t *testing.T) {
	h := open(t)
	jisu, minho := h.user("지수"), h.user("민호")
	room, m, err := h.CreateRoom(t.Context(), jisu, chat.NewRoom{Category: " 스터디 ", Name: "알고리즘  스터디", Emoji: "📚", Topic: "매주 일요일"})
	must(t, err)
	if room.Name != "알고리즘 스터디" || room.Kind != chat.Public || room.History != chat.HistoryAll || room.OwnerID != jisu ||
		room.MemberCount != 1 || room.Head != 1 || m.Role != chat.MemberOwner || m.ReadSeq != 1 || m.VisibleAfter != 0 {
		t.Fatalf("%+v %+v", room, m)
	}

	t.Run("a name is taken within its category, whatever its case", func(t *testing.T) {
		h.room(jisu, chat.NewRoom{Name: "Go", Category: "개발"})
		_, _, err := h.CreateRoom(t.Context(), minho, chat.NewRoom{Name: "GO", Category: "개발"})
		refused(t, err, chat.RoomNameTaken)
		h.room(minho, chat.NewRoom{Name: "go", Category: "취미"})
		h.room(jisu, chat.NewRoom{Name: "비밀", Kind: chat.Private})
		h.room(minho, chat.NewRoom{Name: "비밀", Kind: chat.Private})
	})

	t.Run("bad fields", func(t *testing.T) {
		for name, c := range map[string]struct {
			room         chat.NewRoom
			field, wrong string
		}{
			"no name":         {chat.NewRoom{Category: "a"}, "name", chat.FieldRequired},
			"a long name":     {chat.NewRoom{Category: "a", Name: strings.Repeat("가", 41)}, "name", chat.FieldTooLong},
			"an override":     {chat.NewRoom{Category: "a", Name: "\u202egpj.exe"}, "name", chat.FieldMalformed},
			"two lines":       {chat.NewRoom{Category: "a", Name: "a\nb"}, "name", chat.FieldMalformed},
			"NUL":             {chat.NewRoom{Category: "a", Name: "a\x00"}, "name", chat.FieldMalformed},
			"zero width":      {chat.NewRoom{Category: "a", Name: "a\u200bb"}, "name", chat.FieldMalformed},
			"no category":     {chat.NewRoom{Name: "a"}, "category", chat.FieldRequired},
			"a long category": {chat.NewRoom{Category: strings.Repeat("a", 21), Name: "a"}, "category", chat.FieldTooLong},
			"a long topic":    {chat.NewRoom{Category: "a", Name: "a", Topic: strings.Repeat("가", 201)}, "topic", chat.FieldTooLong},
			"a word as emoji": {chat.NewRoom{Category: "a", Name: "a", Emoji: "abc"}, "emoji", chat.FieldMalformed},
			"an unknown kind": {chat.NewRoom{Category: "a", Name: "a", Kind: "direct"}, "kind", chat.FieldUnknown},
			"another history": {chat.NewRoom{Category: "a", Name: "a", History: "none"}, "history", chat.FieldUnknown},
		} {
			_, _, err := h.CreateRoom(t.Context(), jisu, c.room)
			if fieldOf(err, c.field) != c.wrong {
				t.Errorf("%s: %v, want %s: %s", name, err, c.field, c.wrong)
			}
		}
	})
}

func TestWhoMayKnowAndManage(t *testing.T) {
	h := open(t)
	admin, owner, member, stranger := h.user("관리"), h.user("지수"), h.user("민호"), h.user("서연")
	public := h.room(owner, chat.NewRoom{}, member)
	private := h.room(owner, chat.NewRoom{Kind: chat.Private})
	direct, err := h.OpenDirect(t.Context(), owner, member)
	must(t, err)

	name := func() *string { s := chat.NewID(); return &s }
	for _, c := range []struct {
		who             string
		by              chat.UserID
		room            chat.RoomID
		see, read, edit chat.Code
	}{
		{"owner/public", owner, public, "", "", ""},
		{"member/public", member, public, "", "", chat.Forbidden},
		{"stranger/public", stranger, public, "", chat.Forbidden, chat.Forbidden},
		{"admin/public", admin, public, "", chat.Forbidden, ""},
		{"owner/private", owner, private, "", "", ""},
		{"stranger/private", stranger, private, chat.NotFound, chat.NotFound, chat.NotFound},
		{"admin/private", admin, private, "", chat.Forbidden, ""},
		{"one/direct", owner, direct.Room.ID, "", "", chat.Forbidden},
		{"stranger/direct", stranger, direct.Room.ID, chat.NotFound, chat.NotFound, chat.NotFound},
		{"admin/direct", admin, direct.Room.ID, chat.NotFound, chat.NotFound, chat.NotFound},
		{"nothing", owner, "nothing", chat.NotFound, chat.NotFound, chat.NotFound},
	} {
		_, err := h.Room(t.Context(), c.by, c.room)
		if chat.CodeOf(err) != c.see {
			t.Errorf("%s sees: %v, want %q", c.who, err, c.see)
		}
		_, err = h.History(t.Context(), c.by, c.room, chat.HistoryPage{})
		if chat.CodeOf(err) != c.read {
			t.Errorf("%s reads: %v, want %q", c.who, err, c.read)
		}
		_, err = h.Changes(t.Context(), c.by, c.room, 0, "", 0)
		if chat.CodeOf(err) != c.read {
			t.Errorf("%s catches up: %v, want %q", c.who, err, c.read)
		}
		_, err = h.Members(t.Context(), c.by, c.room, "", 0)
		if chat.CodeOf(err) != c.read {
			t.Errorf("%s sees members: %v, want %q", c.who, err, c.read)
		}
		_, _, err = h.Read(t.Context(), c.by, c.room, 1)
		if chat.CodeOf(err) != c.read {
			t.Errorf("%s marks as read: %v, want %q", c.who, err, c.read)
		}
		_, _, err = h.Send(t.Context(), c.by, c.room, chat.Draft{ClientID: chat.NewID(), Text: "안녕"})
		if chat.CodeOf(err) != c.read {
			t.Errorf("%s sends: %v, want %q", c.who, err, c.read)
		}
		if err := h.Type(t.Context(), c.by, c.room); chat.CodeOf(err) != c.read {
			t.Errorf("%s types: %v, want %q", c.who, err, c.read)
		}
		_, err = h.UpdateRoom(t.Context(), c.by, c.room, chat.RoomChange{Name: name()})
		if chat.CodeOf(err) != c.edit {
			t.Errorf("%s renames: %v, want %q", c.who, err, c.edit)
		}
	}
	_, err = h.Join(t.Context(), stranger, private)
	refused(t, err, chat.NotFound)
	_, err = h.Join(t.Context(), admin, private)
	refused(t, err, chat.Forbidden)
	_, err = h.Join(t.Context(), stranger, direct.Room.ID)
	refused(t, err, chat.NotFound)
}

func TestDeleteRoom(t *testing.T) {
	h := open(t)
	_, owner, member := h.user("관리"), h.user("지수"), h.user("민호")
	id := h.room(owner, chat.NewRoom{Name: "곧 사라짐"}, member)
	refused(t, h.DeleteRoom(t.Context(), member, id), chat.Forbidden)
	h.take()
	must(t, h.DeleteRoom(t.Context(), owner, id))
	if e, ok := h.take()[0].(chat.RoomDeleted); !ok || e.Room.ID != id {
		t.Fatal("not published")
	}
	refused(t, h.DeleteRoom(t.Context(), owner, id), chat.NotFound)
	_, err := h.History(t.Context(), member, id, chat.HistoryPage{})
	refused(t, err, chat.NotFound)
	if rooms, _, err := h.MyRooms(t.Context(), member); err != nil || len(rooms) != 0 {
		t.Fatalf("still in the list: %v %v", rooms, err)
	}
	h.room(owner, chat.NewRoom{Name: "곧 사라짐"}) // the name is free again
}

func TestUpdateRoomTellsEverybody(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	id := h.room(jisu, chat.NewRoom{Topic: "옛 주제", Emoji: "📚"})
	h.take()
	name, nothing := "새 이름", ""
	seen, err := h.UpdateRoom(t.Context(), jisu, id, chat.RoomChange{Name: &name, Emoji: &nothing})
	must(t, err)
	if seen.Room.Name != "새 이름" || seen.Room.Topic != "옛 주제" || seen.Room.Emoji != "" {
		t.Fatalf("%+v", seen.Room)
	}
	events := h.take()
	if e, ok := events[0].(chat.RoomUpdated); !ok || e.Room.Name != name || e.Category.Name != "스터디" {
		t.Fatalf("published %+v", events)
	}
	_, err = h.UpdateRoom(t.Context(), jisu, id, chat.RoomChange{Name: &name})
	must(t, err)
	if len(h.take()) != 0 {
		t.Fatal("nothing changed, and it was told")
	}
}
