package httpapi_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/wire"
)

type m = map[string]any

func TestUsers(t *testing.T) {
	w := start(t, nil)
	minji, junho := w.join("민지"), w.join("준호")
	if minji.user.Role != "admin" || junho.user.Role != "member" || minji.user.LoginID != "user1" {
		t.Errorf("%+v %+v", minji.user, junho.user)
	}
	w.visitor().do("POST", "/users", m{"loginId": "USER1", "password": password, "name": "또"}).is(t, "409 login_id_taken")

	if got := into[wire.UserAnswer](t, minji.do("GET", "/me", nil)).User; got != minji.user {
		t.Errorf("%+v", got)
	}
	if got := into[wire.UserAnswer](t, minji.do("PATCH", "/me", m{"name": " 새  이름 "})).User; got.Name != "새 이름" {
		t.Errorf("%+v", got)
	}
	minji.do("PATCH", "/me", m{}).is(t, "200")
	if got := into[wire.UserAnswer](t, junho.do("GET", "/users/"+minji.user.ID, nil)).User; got.Name != "새 이름" || got.LoginID != "" {
		t.Errorf("%+v", got)
	}
	if got := into[wire.UserAnswer](t, junho.do("GET", "/users/"+junho.user.ID, nil)).User; got.LoginID != "user2" {
		t.Errorf("%+v", got)
	}
	junho.do("GET", "/users/nobody", nil).is(t, "404 not_found")
	if got := into[wire.UsersAnswer](t, junho.do("GET", "/users?ids="+minji.user.ID+",nobody,"+junho.user.ID, nil)).Users; len(got) != 2 || got[0].LoginID+got[1].LoginID != "" {
		t.Errorf("%+v", got)
	}
	if got := into[wire.UsersAnswer](t, junho.do("GET", "/users?query=이름&limit=5", nil)).Users; len(got) != 1 || got[0].ID != minji.user.ID {
		t.Errorf("%+v", got)
	}
	for _, query := range []string{"", "?ids=a&query=b", "?limit=3"} {
		junho.do("GET", "/users"+query, nil).is(t, "422 invalid")
	}
	for _, search := range []string{"%25", "_", "%22%20OR%201%3D1", "NEAR(", "*", "'%3B--", "%5C"} { // attack 63
		if got := into[wire.UsersAnswer](t, junho.do("GET", "/users?query="+search, nil).is(t, "200")).Users; len(got) != 0 {
			t.Errorf("%s finds %+v", search, got)
		}
	}
}

func TestRooms(t *testing.T) {
	w := start(t, nil)
	jisu, minho := w.join("지수"), w.join("민호")
	a := jisu.do("POST", "/rooms", m{"category": "동네", "name": "산책", "topic": "저녁", "emoji": "🌱"}).is(t, "201")
	made := into[wire.JoinAnswer](t, a)
	if made.Room.OwnerID != jisu.user.ID || made.Membership.Role != "owner" || made.Room.MemberCount != 1 || made.Room.Kind != "public" || made.Room.History != "all" {
		t.Errorf("%+v", made)
	}
	id := made.Room.ID
	jisu.do("POST", "/rooms", m{"category": "동네", "name": "산책"}).is(t, "409 room_name_taken")
	private := into[wire.JoinAnswer](t, jisu.do("POST", "/rooms", m{"name": "산책", "kind": "private"}).is(t, "201"))
	if private.Room.History != "sinceJoin" || private.Membership.VisibleAfter != private.Room.Head {
		t.Errorf("%+v", private)
	}

	if got := into[wire.RoomAnswer](t, minho.do("GET", "/rooms/"+id, nil)); got.Membership != nil || got.Room.Name != "산책" {
		t.Errorf("%+v", got)
	}
	joined := into[wire.JoinAnswer](t, minho.do("PUT", "/rooms/"+id+"/members/me", nil).is(t, "200"))
	if joined.Room.MemberCount != 2 || joined.Membership.UserID != minho.user.ID || joined.Membership.ReadSeq != joined.Room.Head {
		t.Errorf("%+v", joined)
	}
	if again := into[wire.JoinAnswer](t, minho.do("PUT", "/rooms/"+id+"/members/me", nil).is(t, "200")); again != joined {
		t.Errorf("%+v", again)
	}
	members := into[wire.MembersAnswer](t, minho.do("GET", "/rooms/"+id+"/members?limit=9999", nil).is(t, "200")).Members
	if len(members) != 2 || members[0].User.ID != jisu.user.ID || members[0].User.LoginID != "" || members[1].Role != "member" {
		t.Errorf("%+v", members)
	}
	if after := into[wire.MembersAnswer](t, minho.do("GET", "/rooms/"+id+"/members?after="+jisu.user.ID, nil)).Members; len(after) != 1 {
		t.Errorf("%+v", after)
	}
	if got := into[wire.RoomAnswer](t, jisu.do("PATCH", "/rooms/"+id, m{"topic": "", "name": "산책로"}).is(t, "200")).Room; got.Name != "산책로" || got.Topic != "" || got.Emoji != "🌱" {
		t.Errorf("%+v", got)
	}
	mine := into[wire.MyRoomsAnswer](t, minho.do("GET", "/me/rooms", nil).is(t, "200"))
	if len(mine.Rooms) != 1 || mine.Rooms[0].Room.ID != id || mine.Rooms[0].Last == nil {
		t.Errorf("%+v", mine)
	}
	jisu.do("DELETE", "/rooms/"+id+"/members/me", nil).is(t, "204")
	jisu.do("DELETE", "/rooms/"+id+"/members/me", nil).is(t, "204")
	if got := into[wire.RoomAnswer](t, minho.do("GET", "/rooms/"+id, nil)); got.Room.OwnerID != minho.user.ID || got.Membership.Role != "owner" {
		t.Errorf("not succeeded: %+v", got)
	}
	minho.do("DELETE", "/rooms/"+id, nil).is(t, "204")
	for _, p := range []*person{jisu, minho} {
		p.do("GET", "/rooms/"+id, nil).is(t, "404 not_found")
	}

	direct := into[wire.JoinAnswer](t, jisu.do("PUT", "/directs/"+minho.user.ID, nil).is(t, "200"))
	same := into[wire.JoinAnswer](t, minho.do("PUT", "/directs/"+jisu.user.ID, nil).is(t, "200"))
	if direct.Room.ID != same.Room.ID || direct.Room.Peer.UserID != minho.user.ID || same.Room.Peer.UserID != jisu.user.ID {
		t.Errorf("%+v %+v", direct, same)
	}
	minho.do("DELETE", "/rooms/"+direct.Room.ID+"/members/me", nil).is(t, "204")
	if got := into[wire.RoomAnswer](t, jisu.do("GET", "/rooms/"+direct.Room.ID, nil)); !got.Room.Peer.Left {
		t.Errorf("%+v", got)
	}
	jisu.do("PUT", "/directs/"+jisu.user.ID, nil).is(t, "422 invalid")
	jisu.do("PUT", "/directs/nobody", nil).is(t, "404 not_found")
}

func TestCategoriesAreCachedByTag(t *testing.T) {
	w := start(t, nil)
	jisu := w.join("지수")
	room := jisu.room(chat.NewRoom{})
	jisu.room(chat.NewRoom{Kind: chat.Private})
	v := w.visitor()
	a := v.do("GET", "/categories", nil).is(t, "200")
	if got := into[wire.CategoriesAnswer](t, a).Categories; len(got) != 1 || len(got[0].Rooms) != 1 || got[0].Rooms[0].ID != room {
		t.Errorf("%+v", got)
	}
	tag := a.header.Get("ETag")
	if a.header.Get("Cache-Control") != "no-cache" || tag == "" {
		t.Error(a.header)
	}
	for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		v.header = map[string]string{"If-None-Match": match}
		if again := v.do("GET", "/categories", nil); again.status != 304 || again.body != "" || again.header.Get("ETag") != tag {
			t.Errorf("%s: %+v", match, again)
		}
	}
	jisu.room(chat.NewRoom{})
	v.header = map[string]string{"If-None-Match": tag}
	if again := v.do("GET", "/categories", nil).is(t, "200"); again.header.Get("ETag") == tag {
		t.Error("the tag stayed")
	}
}

func TestMessages(t *testing.T) {
	w := start(t, nil)
	jisu, minho := w.join("지수"), w.join("민호")
	room := "/rooms/" + jisu.room(chat.NewRoom{}, minho)
	a := minho.do("POST", room+"/messages", m{"clientId": "one", "text": "  안\u1102\u1167\u11bc\r\n "}).is(t, "201")
	sent := into[wire.MessageAnswer](t, a).Message
	if sent.Text != "  안녕" || sent.SenderID != minho.user.ID || sent.ClientID != "one" || sent.Kind != "message" ||
		!regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(sent.SentAt) {
		t.Errorf("%+v", sent)
	}
	again := minho.do("POST", room+"/messages", m{"clientId": "one", "text": "  안녕"}).is(t, "200")
	if !reflect.DeepEqual(into[wire.MessageAnswer](t, again).Message, sent) {
		t.Error(again.body)
	}
	minho.do("POST", room+"/messages", m{"clientId": "one", "text": "다른"}).is(t, "409 client_id_reused")
	path := fmt.Sprintf("%s/messages/%d", room, sent.Seq)
	edited := into[wire.MessageAnswer](t, minho.do("PATCH", path, m{"text": "고침"}).is(t, "200")).Message
	if edited.Text != "고침" || edited.Seq != sent.Seq || edited.Rev <= sent.Rev || edited.EditedAt == "" {
		t.Errorf("%+v", edited)
	}
	jisu.do("PATCH", path, m{"text": "남의"}).is(t, "403 forbidden")

	for i := range 5 {
		minho.do("POST", room+"/messages", m{"clientId": fmt.Sprint("n", i), "text": fmt.Sprint(i), "replyTo": sent.Seq}).is(t, "201")
	}
	page := func(query string) wire.MessagesAnswer {
		t.Helper()
		return into[wire.MessagesAnswer](t, jisu.do("GET", room+"/messages"+query, nil).is(t, "200"))
	}
	all := page("?limit=1000")
	if n := len(all.Messages); all.HasMore || all.Messages[0].Kind != "system" || all.Messages[n-1].Text != "4" || len(all.Users) != 2 {
		t.Errorf("%+v", all)
	}
	last := all.Messages[len(all.Messages)-1].Seq
	if p := page(fmt.Sprintf("?before=%d&limit=2", last)); len(p.Messages) != 2 || !p.HasMore || p.Messages[1].Text != "3" {
		t.Errorf("%+v", p)
	}
	if p := page(fmt.Sprintf("?after=%d&limit=2", sent.Seq)); len(p.Messages) != 2 || !p.HasMore || p.Messages[0].Text != "0" {
		t.Errorf("%+v", p)
	}
	if p := page(fmt.Sprintf("?around=%d&limit=3", last-1)); len(p.Messages) != 3 || p.Messages[2].Seq != last {
		t.Errorf("%+v", p)
	}
	if deleted := into[wire.MessageAnswer](t, jisu.do("DELETE", path, nil).is(t, "200")).Message; deleted.Kind != "deleted" || deleted.Text != "" {
		t.Errorf("%+v", deleted)
	}
	changes := into[wire.ChangesAnswer](t, jisu.do("GET", fmt.Sprintf("%s/changes?since=%d&epoch=%s&limit=3", room, sent.Rev, w.chat.Epoch()), nil).is(t, "200"))
	if len(changes.Messages) != 3 || !changes.HasMore || changes.Reset || changes.Next != changes.Messages[2].Rev {
		t.Errorf("%+v", changes)
	}
	rest := into[wire.ChangesAnswer](t, jisu.do("GET", fmt.Sprintf("%s/changes?since=%d", room, changes.Next), nil).is(t, "200"))
	if n := len(rest.Messages); rest.HasMore || rest.Next != rest.Head || rest.Messages[n-1].Kind != "deleted" {
		t.Errorf("%+v", rest)
	}
	for _, query := range []string{"?since=0&epoch=other", "?since=99999"} {
		if reset := into[wire.ChangesAnswer](t, jisu.do("GET", room+"/changes"+query, nil).is(t, "200")); !reset.Reset {
			t.Errorf("%s: %+v", query, reset)
		}
	}
}

func TestTokensForPrograms(t *testing.T) {
	w := start(t, nil)
	jisu := w.join("지수")
	program := w.visitor()
	program.header = map[string]string{"Origin": "", "Sec-Fetch-Site": ""}
	a := program.do("POST", "/tokens", m{"loginId": "user1", "password": password}).is(t, "200")
	tokens := into[wire.TokensAnswer](t, a)
	if tokens.ExpiresIn != 900 || len(program.cookies) != 0 {
		t.Errorf("%+v %v", tokens, program.cookies)
	}
	next := into[wire.TokensAnswer](t, program.do("POST", "/tokens", m{"refreshToken": tokens.RefreshToken}).is(t, "200"))
	if next.RefreshToken == tokens.RefreshToken {
		t.Error("not rotated")
	}
	program.header["Authorization"] = "Bearer " + next.AccessToken
	program.header["Origin"] = "https://evil.example" // no browser adds the header by itself
	if got := into[wire.UserAnswer](t, program.do("PATCH", "/me", m{"name": "봇"}).is(t, "200")).User; got.ID != jisu.user.ID {
		t.Errorf("%+v", got)
	}
	sessions := into[wire.SessionsAnswer](t, program.do("GET", "/me/sessions", nil).is(t, "200")).Sessions
	if len(sessions) != 2 || sessions[0].Kind != "program" || !sessions[0].Current || sessions[1].Kind != "browser" || sessions[1].Current {
		t.Errorf("%+v", sessions)
	}
	for _, bad := range []m{{}, {"loginId": "user1"}, {"password": password}, {"loginId": "user1", "refreshToken": "x"}} {
		w.visitor().do("POST", "/tokens", bad).is(t, "422 invalid")
	}
	w.visitor().do("POST", "/tokens", m{"refreshToken": jisu.cookies["maru_refresh"]}).is(t, "401 unauthorized")
	w.visitor().do("POST", "/tokens", m{"refreshToken": "made up"}).is(t, "401 unauthorized")
	program.do("DELETE", "/session", nil).is(t, "204")
	program.do("GET", "/me", nil).is(t, "401 unauthorized")
	jisu.do("GET", "/me", nil).is(t, "200")
}

func TestPasswordAndAccount(t *testing.T) {
	w := start(t, nil)
	w.join("관리")
	jisu := w.join("지수")
	phone := w.visitor()
	phone.do("POST", "/session", m{"loginId": "user2", "password": password}).is(t, "200")
	jisu.do("PUT", "/me/password", m{"current": "not this one", "new": "a new password"}).is(t, "401 bad_credentials")
	if p := jisu.do("PUT", "/me/password", m{"current": password, "new": "short"}).is(t, "422 invalid").problem(t); p.Errors["new"] != "too_short" {
		t.Errorf("%+v", p)
	}
	jisu.do("PUT", "/me/password", m{"current": password, "new": "a new password"}).is(t, "204")
	phone.do("GET", "/me", nil).is(t, "401 unauthorized")
	jisu.do("GET", "/me", nil).is(t, "200")

	room := "/rooms/" + jisu.room(chat.NewRoom{})
	jisu.do("DELETE", "/me", m{"password": password}).is(t, "401 bad_credentials")
	jisu.do("DELETE", "/me", m{"password": "a new password"}).is(t, "204")
	if len(jisu.cookies) != 0 {
		t.Error(jisu.cookies)
	}
	w.visitor().do("POST", "/session", m{"loginId": "user2", "password": "a new password"}).is(t, "401 bad_credentials")
	other := w.join("다른")
	if got := into[wire.UserAnswer](t, other.do("GET", "/users/"+jisu.user.ID, nil)).User; !got.Deleted || got.Name != "" {
		t.Errorf("%+v", got)
	}
	if got := into[wire.RoomAnswer](t, other.do("GET", room, nil)).Room; got.MemberCount != 0 || got.OwnerID != "" {
		t.Errorf("%+v", got)
	}
	reasons := ""
	for range 100 { // the bus delivers on its own time
		reasons = ""
		for _, end := range w.ends() {
			reasons += end.Reason + " "
		}
		if strings.Count(reasons, " ") == 2 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if reasons != "password_changed account_deleted " {
		t.Error(reasons)
	}
}

func TestLimitsAndClosedSignUp(t *testing.T) {
	w := start(t, func(_ *httpapi.Options, o *auth.Options) { o.Limits, o.SignUp = true, auth.SignUpClosed })
	v := w.visitor()
	v.do("POST", "/users", m{"loginId": "minji", "password": password, "name": "민지"}).is(t, "403 forbidden")
	for range 10 {
		v.do("POST", "/session", m{"loginId": "minji", "password": password}).is(t, "401 bad_credentials")
	}
	a := v.do("POST", "/session", m{"loginId": "minji", "password": password}).is(t, "429 rate_limited")
	if p := a.problem(t); p.RetryAfterMs <= 0 || a.header.Get("Retry-After") == "" {
		t.Errorf("%+v %v", p, a.header)
	}
	v.header = map[string]string{"X-Forwarded-For": "198.51.100.9"} // attack 43: nobody believes it
	v.do("POST", "/session", m{"loginId": "minji", "password": password}).is(t, "429 rate_limited")
}
