package live_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// TestAuthorisationMatrix tries every event as everybody. A visitor cannot connect at all (TestWhoMayConnect).
func TestAuthorisationMatrix(t *testing.T) {
	t.Parallel()
	const ok = "ok"
	type row struct {
		// payload is made anew for each try: %s is the room, %d a message of the member's.
		payload string
		// In a public room, in the order: stranger, member, owner, admin who is no member.
		public [4]string
		// In a private room: stranger, owner, admin. And in a direct room of others: stranger, admin.
		private [3]string
		direct  [2]string
	}
	matrix := map[string]row{
		"message:send": {
			`{"roomId":%s,"clientId":"%d","text":"안녕"}`,
			[4]string{"forbidden", ok, ok, "forbidden"},
			[3]string{"not_found", ok, "forbidden"},
			[2]string{"not_found", "not_found"},
		},
		"message:edit": {
			`{"roomId":%s,"seq":%d,"text":"고침"}`,
			[4]string{"forbidden", ok, "forbidden", "forbidden"},
			[3]string{"not_found", "not_found", "forbidden"},
			[2]string{"not_found", "not_found"},
		},
		"message:delete": {
			`{"roomId":%s,"seq":%d}`,
			[4]string{"forbidden", ok, ok, ok},
			[3]string{"not_found", "not_found", "forbidden"},
			[2]string{"not_found", "not_found"},
		},
		"room:join": {
			`{"roomId":%s}`,
			[4]string{ok, ok, ok, ok},
			[3]string{"not_found", ok, "forbidden"},
			[2]string{"not_found", "not_found"},
		},
		"room:leave": {
			`{"roomId":%s}`,
			[4]string{ok, ok, ok, ok},
			[3]string{"not_found", ok, ok},
			[2]string{"not_found", "not_found"},
		},
		"room:changes": {
			`{"roomId":%s,"since":0}`,
			[4]string{"forbidden", ok, ok, "forbidden"},
			[3]string{"not_found", ok, "forbidden"},
			[2]string{"not_found", "not_found"},
		},
		"room:read": {
			`{"roomId":%s,"seq":1}`,
			[4]string{"forbidden", ok, ok, "forbidden"},
			[3]string{"not_found", ok, "forbidden"},
			[2]string{"not_found", "not_found"},
		},
		"room:typing": {
			`{"roomId":%s}`,
			[4]string{"forbidden", ok, ok, "forbidden"},
			[3]string{"not_found", ok, "forbidden"},
			[2]string{"not_found", "not_found"},
		},
	}
	if have, want := slices.Sorted(maps.Keys(matrix)), slices.Sorted(maps.Keys(wire.ClientEvents)); !slices.Equal(have, want) {
		t.Fatalf("rows for %v, events %v", have, want)
	}

	n := start(t, nil)
	admin, owner, member, stranger := n.person("관리"), n.person("지수"), n.person("민호"), n.person("서연")
	clients := map[string]*client{}
	for name, p := range map[string]person{"admin": admin, "owner": owner, "member": member, "stranger": stranger} {
		clients[name], _ = n.connect(p)
	}
	try := func(event, who string, room chat.RoomID, seq int64, r row, want string) {
		t.Helper()
		payload := strings.Replace(r.payload, "%s", fmt.Sprintf("%q", room), 1)
		if strings.Contains(payload, "%d") {
			payload = fmt.Sprintf(payload, seq)
		}
		var a answer
		must(t, json.Unmarshal(clients[who].ask(event, payload), &a))
		got := ok
		if !a.OK {
			got = a.Error.Code
		}
		if got != want {
			t.Errorf("%s by %s: %s, want %s", event, who, got, want)
		}
	}
	direct, err := n.OpenDirect(t.Context(), owner.id, member.id)
	must(t, err)
	for event, r := range matrix {
		for i, who := range []string{"stranger", "member", "owner", "admin"} {
			room := n.room(owner, chat.NewRoom{}, member)
			try(event, who, room, n.say(member, room, "말").Seq, r, r.public[i])
		}
		for i, who := range []string{"stranger", "owner", "admin"} {
			room := n.room(owner, chat.NewRoom{Kind: chat.Private})
			try(event, who, room, 2, r, r.private[i])
		}
		for i, who := range []string{"stranger", "admin"} {
			try(event, who, direct.Room.ID, 1, r, r.direct[i])
		}
	}
}

// TestBadInput tries every event with what no client should send: each gets its code, and nothing changes.
func TestBadInput(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu := n.person("지수")
	room := n.room(jisu, chat.NewRoom{})
	c, _ := n.connect(jisu)
	id := fmt.Sprintf("%q", room)

	for _, try := range []struct {
		event, payload, field string
	}{
		{"message:send", `{"roomId":` + id + `,"text":"a"}`, "clientId"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1"}`, "text"},
		{"message:send", `{"clientId":"1","text":"a"}`, "roomId"},
		{"message:send", `{"roomId":` + id + `,"clientId":1,"text":"a"}`, "clientId"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":{"$gt":""}}`, "text"},
		{"message:send", `{"roomId":[` + id + `],"clientId":"1","text":"a"}`, "roomId"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":null}`, "text"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"   "}`, "text"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"` + strings.Repeat("가", 4001) + `"}`, "text"},
		{"message:send", `{"roomId":` + id + `,"clientId":"` + strings.Repeat("x", 65) + `","text":"a"}`, "clientId"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a","senderId":"x"}`, "senderId"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a","seq":7}`, "seq"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a","replyTo":1.5}`, "replyTo"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a","replyTo":77}`, "replyTo"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a","imageIds":["x"]}`, "imageIds"},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a\u0000b"}`, ""},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"\ud800"}`, ""},
		{"message:send", `{"roomId":` + id + `,"clientId":"1","text":"a","text":"b"}`, ""},
		{"message:send", `[]`, ""},
		{"message:send", `"text"`, ""},
		{"message:send", `null`, ""},
		{"message:edit", `{"roomId":` + id + `,"text":"a"}`, "seq"},
		{"message:edit", `{"roomId":` + id + `,"seq":"1","text":"a"}`, "seq"},
		{"message:edit", `{"roomId":` + id + `,"seq":0,"text":"a"}`, "seq"},
		{"message:edit", `{"roomId":` + id + `,"seq":1e400,"text":"a"}`, "seq"},
		{"message:delete", `{"roomId":` + id + `}`, "seq"},
		{"message:delete", `{"roomId":` + id + `,"seq":-1}`, "seq"},
		{"room:join", `{}`, "roomId"},
		{"room:leave", `{"roomId":7}`, "roomId"},
		{"room:changes", `{"roomId":` + id + `}`, "since"},
		{"room:changes", `{"roomId":` + id + `,"since":-1}`, "since"},
		{"room:changes", `{"roomId":` + id + `,"since":9223372036854775808}`, "since"},
		{"room:changes", `{"roomId":` + id + `,"since":0,"limit":-1}`, "limit"},
		{"room:read", `{"roomId":` + id + `}`, "seq"},
		{"room:read", `{"roomId":` + id + `,"seq":-5}`, "seq"},
		{"room:typing", `{"roomId":false}`, "roomId"},
		{"no:such:event", `{}`, ""},
	} {
		var a answer
		must(t, json.Unmarshal(c.ask(try.event, try.payload), &a))
		if a.OK || a.Error.Code != "invalid" || (try.field != "" && a.Error.Errors[try.field] == "") {
			t.Errorf("%s %.80s: %+v", try.event, try.payload, a.Error)
		}
	}
	if page, err := n.History(t.Context(), jisu.id, room, chat.HistoryPage{}); err != nil || len(page.Messages) != 1 {
		t.Fatalf("something came through: %+v %v", page, err)
	}
	if log := n.log.String(); strings.Contains(log, "가가") || strings.Contains(log, "$gt") || strings.Contains(log, jisu.grant.AccessToken) {
		t.Fatal("the log holds content")
	}

	// Whatever came, the connection goes on.
	if a := c.call("message:send", wire.SendEvent{RoomID: string(room), SendMessage: wire.SendMessage{ClientID: "1", Text: "멀쩡해요"}}); !a.OK {
		t.Fatalf("%+v", a)
	}
}
