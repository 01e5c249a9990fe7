package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

// TestAuthorisationMatrix tries every route of the OpenAPI document as everybody. A route without a row fails.
func TestAuthorisationMatrix(t *testing.T) {
	const (
		no   = "401 unauthorized"
		hid  = "404 not_found"
		deny = "403 forbidden"
	)
	// Routes without a room: visitor, and anybody with a session. {…} are filled in below.
	simple := map[string]struct{ body, visitor, anybody string }{
		"POST /users":              {`{"loginId":"{new}","password":"12345678","name":"새"}`, "201", "201"},
		"POST /session":            {`{"loginId":"nobody","password":"12345678"}`, "401 bad_credentials", "401 bad_credentials"},
		"POST /session/refresh":    {"", no, "200"},
		"DELETE /session":          {"", "204", "204"},
		"POST /tokens":             {`{"loginId":"nobody","password":"12345678"}`, "401 bad_credentials", "401 bad_credentials"},
		"GET /me":                  {"", no, "200"},
		"PATCH /me":                {`{"name":"이름"}`, no, "200"},
		"PUT /me/password":         {`{"current":"a wrong one","new":"12345678"}`, no, "401 bad_credentials"},
		"DELETE /me":               {`{"password":"a wrong one"}`, no, "401 bad_credentials"},
		"GET /me/sessions":         {"", no, "200"},
		"DELETE /me/sessions/{id}": {"", no, hid}, // the session of somebody else
		"GET /me/rooms":            {"", no, "200"},
		"GET /users":               {"", no, "200"},
		"GET /users/{id}":          {"", no, "200"},
		"GET /categories":          {"", "200", "200"},
		"POST /rooms":              {`{"category":"동네","name":"{new}"}`, no, "201"},
		"PUT /directs/{userId}":    {"", no, "200"},
		"POST /images":             {"not a form", no, "400 invalid"},
	}
	// Routes of a room. In a public one: visitor, stranger, member, owner, admin who is no member, ex-member. In a private
	// one: visitor, stranger, owner, admin, ex-member. In a direct one of two others: visitor, stranger, admin; and one of
	// the two.
	type row struct {
		body    string
		public  [6]string
		private [5]string
		direct  [4]string
	}
	rooms := map[string]row{
		"GET /rooms/{id}": {
			"",
			[6]string{no, "200", "200", "200", "200", "200"},
			[5]string{no, hid, "200", "200", hid},
			[4]string{no, hid, hid, "200"},
		},
		"PATCH /rooms/{id}": {
			`{"topic":"새"}`,
			[6]string{no, deny, deny, "200", "200", deny},
			[5]string{no, hid, "200", "200", hid},
			[4]string{no, hid, hid, deny},
		},
		"DELETE /rooms/{id}": {
			"",
			[6]string{no, deny, deny, "204", "204", deny},
			[5]string{no, hid, "204", "204", hid},
			[4]string{no, hid, hid, deny},
		},
		"PUT /rooms/{id}/members/me": {
			"",
			[6]string{no, "200", "200", "200", "200", "200"},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
		"DELETE /rooms/{id}/members/me": {
			"",
			[6]string{no, "204", "204", "204", "204", "204"},
			[5]string{no, hid, "204", "204", hid},
			[4]string{no, hid, hid, "204"},
		},
		"GET /rooms/{id}/members": {
			"",
			[6]string{no, deny, "200", "200", deny, deny},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
		"GET /rooms/{id}/messages": {
			"",
			[6]string{no, deny, "200", "200", deny, deny},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
		"GET /rooms/{id}/images": {
			"",
			[6]string{no, deny, "200", "200", deny, deny},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
		"GET /rooms/{id}/changes": {
			"",
			[6]string{no, deny, "200", "200", deny, deny},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
		"POST /rooms/{id}/messages": {
			`{"clientId":"{new}","text":"안녕"}`,
			[6]string{no, deny, "201", "201", deny, deny},
			[5]string{no, hid, "201", deny, hid},
			[4]string{no, hid, hid, "201"},
		},
		// The message is the member's in a public room, the owner's in a private one, the one's in a direct one.
		"PATCH /rooms/{id}/messages/{seq}": {
			`{"text":"고침"}`,
			[6]string{no, deny, "200", deny, deny, deny},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
		"DELETE /rooms/{id}/messages/{seq}": {
			"",
			[6]string{no, deny, "200", "200", "200", deny},
			[5]string{no, hid, "200", deny, hid},
			[4]string{no, hid, hid, "200"},
		},
	}

	w := start(t, nil)
	admin := w.join("관리") // the first account
	people := map[string]*person{
		"visitor": w.visitor(), "admin": admin, "stranger": w.join("서연"), "member": w.join("민호"), "owner": w.join("지수"), "ex": w.join("떠난"),
	}
	owner, member, ex := people["owner"], people["member"], people["ex"]

	var document struct {
		Paths map[string]map[string]any
	}
	must(t, json.Unmarshal([]byte(w.visitor().do("GET", "/openapi.json", nil).is(t, "200").body), &document))
	n := 0
	for path, methods := range document.Paths {
		for method := range methods {
			n++
			name := strings.ToUpper(method) + " " + path
			_, isSimple := simple[name]
			if _, isRoom := rooms[name]; isSimple == isRoom {
				t.Errorf("%s has no row, or two", name)
			}
		}
	}
	if n != len(simple)+len(rooms) {
		t.Errorf("%d routes, %d rows", n, len(simple)+len(rooms))
	}

	fresh := 0
	try := func(as, name, body, room string, seq int64, want string) {
		t.Helper()
		fresh++
		method, path, _ := strings.Cut(name, " ")
		path = strings.NewReplacer("{seq}", fmt.Sprint(seq), "{userId}", admin.user.ID).Replace(path)
		switch {
		case strings.HasPrefix(path, "/rooms/"):
			path = strings.Replace(path, "{id}", room, 1)
		case strings.HasPrefix(path, "/me/sessions/"):
			path = strings.Replace(path, "{id}", "AAAAAAAAAAAAAAAAAAAAAA", 1)
		default:
			path = strings.Replace(path, "{id}", owner.user.ID, 1)
		}
		if name == "GET /users" {
			path += "?query=지수"
		}
		body = strings.ReplaceAll(body, "{new}", fmt.Sprintf("new%d", fresh))
		var sent any
		if body != "" {
			sent = body
		}
		// Each in a tab of its own, so that logging out there changes nothing here.
		if got := people[as].clone().do(method, path, sent).code(); got != want {
			t.Errorf("%s by %s in %q: %s, want %s", name, as, room, got, want)
		}
	}
	for name, r := range simple {
		try("visitor", name, r.body, "", 0, r.visitor)
		for _, as := range []string{"stranger", "member", "owner", "ex"} {
			if name == "POST /users" || name == "DELETE /session" || name == "POST /session/refresh" {
				people[as] = w.join("새") // these end the session that they are called with, or replace its tokens
			}
			try(as, name, r.body, "", 0, r.anybody)
		}
		people["stranger"], people["member"], people["owner"], people["ex"] = w.join("서연"), member, owner, ex
	}
	direct, err := w.chat.OpenDirect(t.Context(), chat.UserID(owner.user.ID), chat.UserID(member.user.ID))
	must(t, err)
	for name, r := range rooms {
		for i, as := range []string{"visitor", "stranger", "member", "owner", "admin", "ex"} {
			room := owner.room(chat.NewRoom{}, member, ex)
			seq := member.say(room, "말").Seq
			must(t, w.chat.Leave(t.Context(), chat.UserID(ex.user.ID), chat.RoomID(room)))
			try(as, name, r.body, room, seq, r.public[i])
		}
		for i, as := range []string{"visitor", "stranger", "owner", "admin", "ex"} {
			room := owner.room(chat.NewRoom{Kind: chat.Private})
			seq := owner.say(room, "말").Seq
			try(as, name, r.body, room, seq, r.private[i])
		}
		for i, as := range []string{"visitor", "stranger", "admin", "owner"} {
			room := string(direct.Room.ID)
			if _, err := w.chat.OpenDirect(t.Context(), chat.UserID(owner.user.ID), chat.UserID(member.user.ID)); err != nil {
				t.Fatal(err)
			}
			seq := owner.say(room, "둘이").Seq
			try(as, name, r.body, room, seq, r.direct[i])
		}
		// And in a room that is not there.
		for _, as := range []string{"visitor", "stranger", "admin"} {
			want := hid
			if as == "visitor" {
				want = no
			}
			try(as, name, r.body, "aaaaaaaaaaaaaaaa", 1, want)
		}
	}
}
