package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// TestBadInput tries every call that takes a body or a query with what no client should send. Each gets its documented
// answer, nothing changes, and nothing of it is in the log.
func TestBadInput(t *testing.T) {
	const secret = "gehe1m" // stands in everything below that must not be logged
	w := start(t, nil)
	w.join("관리") // an admin, who would know of private rooms
	jisu, minho := w.join("지수"), w.join("민호")
	id := jisu.room(chat.NewRoom{}, minho)
	foreign := minho.room(chat.NewRoom{Kind: chat.Private})
	said := jisu.say(id, "처음")
	room, message := "/rooms/"+id, fmt.Sprintf("/rooms/%s/messages/%d", id, said.Seq)
	everything := func() string {
		var all strings.Builder
		for _, path := range []string{"/me", "/me/rooms", "/me/sessions", "/categories", room, room + "/members", room + "/messages", room + "/changes"} {
			all.WriteString(jisu.do("GET", path, nil).is(t, "200").body)
		}
		all.WriteString(minho.do("GET", "/me/rooms", nil).body)
		return all.String()
	}
	before := everything()

	long := func(n int) string { return strings.Repeat("가", n) }
	quoted := func(s string) string { return `"` + s + `"` }
	type try struct{ method, path, body, want, field string }
	var tries []try
	// What is wrong with the JSON itself, for every body there is.
	for _, c := range []struct{ method, path, good string }{
		{"POST", "/users", `{"loginId":"gehe1m","password":"12345678","name":"a"}`},
		{"POST", "/session", `{"loginId":"gehe1m","password":"12345678"}`},
		{"POST", "/tokens", `{"loginId":"gehe1m","password":"12345678"}`},
		{"PATCH", "/me", `{"name":"gehe1m"}`},
		{"PUT", "/me/password", `{"current":"gehe1m","new":"12345678"}`},
		{"DELETE", "/me", `{"password":"gehe1m"}`},
		{"POST", "/rooms", `{"category":"동네","name":"gehe1m"}`},
		{"PATCH", room, `{"name":"gehe1m"}`},
		{"POST", room + "/messages", `{"clientId":"c","text":"gehe1m"}`},
		{"PATCH", message, `{"text":"gehe1m"}`},
	} {
		open := strings.TrimSuffix(c.good, "}")
		for _, bad := range []struct{ body, want, field string }{
			{open, "400 invalid", ""},
			{c.good + c.good, "400 invalid", ""},
			{"[" + c.good + "]", "400 invalid", ""},
			{`"gehe1m"`, "400 invalid", ""},
			{`null`, "400 invalid", ""},
			{strings.Replace(c.good, "gehe1m", `gehe1m\u0000`, 1), "400 invalid", ""},
			{strings.Replace(c.good, "gehe1m", "gehe1m\x00", 1), "400 invalid", ""},
			{strings.Replace(c.good, "gehe1m", `gehe1m\ud800`, 1), "400 invalid", ""},
			{strings.Replace(c.good, "gehe1m", `\udc00gehe1m`, 1), "400 invalid", ""},
			{strings.Replace(c.good, "gehe1m", "gehe1m\xff", 1), "400 invalid", ""},
			{strings.Replace(c.good, ":", `:"gehe1m",`+strings.SplitN(c.good[1:], ":", 2)[0]+":", 1), "400 invalid", ""}, // twice the same key
			{open + `,"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}", "400 invalid", ""},
			{open + `,"gehe1m":1}`, "422 invalid", "gehe1m"},
			{open + `,"senderId":"` + minho.user.ID + `","role":"admin","seq":1}`, "422 invalid", "role"},
			{strings.Replace(c.good, `"gehe1m"`, `{"$gt":"gehe1m"}`, 1), "422 invalid", "*"},
			{strings.Replace(c.good, `"gehe1m"`, `["gehe1m"]`, 1), "422 invalid", "*"},
			{strings.Replace(c.good, `"gehe1m"`, `17`, 1), "422 invalid", "*"},
			{strings.Replace(c.good, `"gehe1m"`, `null`, 1), "422 invalid", "*"},
			{strings.Replace(c.good, `"gehe1m"`, `true`, 1), "422 invalid", "*"},
			{open + `,"x":"` + strings.Repeat("gehe1m", 20_000) + `"}`, "413 payload_too_large", ""},
			{"", "400 invalid", ""},
		} {
			tries = append(tries, try{c.method, c.path, bad.body, bad.want, bad.field})
		}
	}
	// What is wrong with a value.
	signUp := func(loginID, password, name string) string {
		return fmt.Sprintf(`{"loginId":%s,"password":%s,"name":%s}`, quoted(loginID), quoted(password), quoted(name))
	}
	send := func(rest string) string { return `{"clientId":"gehe1m",` + rest + `}` }
	tries = append(tries, []try{
		{"POST", "/users", `{}`, "422 invalid", "name"},
		{"POST", "/users", signUp("ab", "12345678", "a"), "422 invalid", "loginId"},
		{"POST", "/users", signUp("gehe1m!", "12345678", "a"), "422 invalid", "loginId"},
		{"POST", "/users", signUp("gehe1m", "1234567", "a"), "422 invalid", "password"},
		{"POST", "/users", signUp("gehe1m", strings.Repeat("gehe1m", 200), "a"), "422 invalid", "password"},
		{"POST", "/users", signUp("gehe1m", "12345678", ""), "422 invalid", "name"},
		{"POST", "/users", signUp("gehe1m", "12345678", "   "), "422 invalid", "name"},
		{"POST", "/users", signUp("gehe1m", "12345678", long(21)), "422 invalid", "name"},
		{"POST", "/users", signUp("gehe1m", "12345678", `gehe1m\u202egpj.exe`), "422 invalid", "name"},
		{"POST", "/users", signUp("gehe1m", "12345678", `gehe1m\u200b`), "422 invalid", "name"},
		{"POST", "/users", signUp("gehe1m", "12345678", `\u3164`), "422 invalid", "name"},
		{"POST", "/users", signUp("gehe1m", "12345678", `a\nb`), "422 invalid", "name"},
		{"PATCH", "/me", `{"name":"\u2066gehe1m"}`, "422 invalid", "name"},
		{"PATCH", "/me", `{"name":""}`, "422 invalid", "name"},
		{"PATCH", "/me", `{"photoImageId":""}`, "422 invalid", "photoImageId"},
		{"PATCH", "/me", `{"photoImageId":17}`, "422 invalid", "photoImageId"},
		{"POST", "/rooms", `{"category":"동네"}`, "422 invalid", "name"},
		{"POST", "/rooms", `{"name":"gehe1m"}`, "422 invalid", "category"},
		{"POST", "/rooms", `{"category":"` + long(21) + `","name":"a"}`, "422 invalid", "category"},
		{"POST", "/rooms", `{"category":"동네","name":"` + long(41) + `"}`, "422 invalid", "name"},
		{"POST", "/rooms", `{"category":"동네","name":"gehe1m\u202e"}`, "422 invalid", "name"},
		{"POST", "/rooms", `{"category":"동네","name":"a","topic":"` + long(201) + `"}`, "422 invalid", "topic"},
		{"POST", "/rooms", `{"category":"동네","name":"a","emoji":"gehe1m"}`, "422 invalid", "emoji"},
		{"POST", "/rooms", `{"category":"동네","name":"a","kind":"direct"}`, "422 invalid", "kind"},
		{"POST", "/rooms", `{"category":"동네","name":"a","history":"gehe1m"}`, "422 invalid", "history"},
		{"POST", "/rooms", `{"category":"동네","name":"a","kind":"private"}`, "422 invalid", "category"},
		{"PATCH", room, `{"name":" "}`, "422 invalid", "name"},
		{"PATCH", room, `{"kind":"private"}`, "422 invalid", "kind"},
		{"PATCH", room, `{"topic":"\u202egehe1m"}`, "422 invalid", "topic"},
		{"POST", room + "/messages", `{"text":"gehe1m"}`, "422 invalid", "clientId"},
		{"POST", room + "/messages", `{"clientId":"","text":"gehe1m"}`, "422 invalid", "clientId"},
		{"POST", room + "/messages", `{"clientId":"` + strings.Repeat("x", 65) + `","text":"gehe1m"}`, "422 invalid", "clientId"},
		{"POST", room + "/messages", `{"clientId":"gehe1m 한","text":"a"}`, "422 invalid", "clientId"},
		{"POST", room + "/messages", send(`"text":"` + long(4001) + `"`), "422 invalid", "text"},
		{"POST", room + "/messages", send(`"text":"  \n\t "`), "422 invalid", "text"},
		{"POST", room + "/messages", send(`"text":"\u200b\u2060\ufeff"`), "422 invalid", "text"},
		{"POST", room + "/messages", send(`"text":"\u001b[31mgehe1m"`), "422 invalid", "text"},
		{"POST", room + "/messages", send(`"text":"a","replyTo":99999`), "422 invalid", "replyTo"},
		{"POST", room + "/messages", send(`"text":"a","replyTo":-1`), "422 invalid", "replyTo"},
		{"POST", room + "/messages", send(`"text":"a","replyTo":"1"`), "422 invalid", "replyTo"},
		{"POST", room + "/messages", send(`"text":"a","replyTo":1.5`), "422 invalid", "replyTo"},
		{"POST", room + "/messages", send(`"text":"a","replyTo":1e999`), "422 invalid", "replyTo"},
		{"POST", room + "/messages", send(`"text":"a","imageIds":["gehe1m"]`), "422 invalid", "imageIds"},
		{"POST", room + "/messages", send(`"text":"a","imageIds":[null]`), "422 invalid", "imageIds"},
		{"POST", room + "/messages", send(`"text":"a","roomId":"` + foreign + `"`), "422 invalid", "roomId"},
		{"POST", "/rooms/" + foreign + "/messages", send(`"text":"a"`), "404 not_found", ""},
		{"POST", "/rooms/gehe1m/messages", send(`"text":"a"`), "404 not_found", ""},
		{"POST", "/rooms/%00gehe1m/messages", send(`"text":"a"`), "404 not_found", ""},
		{"POST", "/rooms/%ff/messages", send(`"text":"a"`), "404 not_found", ""},
		{"POST", "/rooms/" + strings.Repeat("x", 5000) + "/messages", send(`"text":"a"`), "404 not_found", ""},
		{"PATCH", message, `{"text":"` + long(4001) + `"}`, "422 invalid", "text"},
		{"PATCH", message, `{"text":""}`, "422 invalid", "text"},
		{"PATCH", room + "/messages/99999", `{"text":"gehe1m"}`, "404 not_found", ""},
		{"PATCH", room + "/messages/0", `{"text":"gehe1m"}`, "422 invalid", "seq"},
		{"PATCH", room + "/messages/-1", `{"text":"gehe1m"}`, "422 invalid", "seq"},
		{"PATCH", room + "/messages/one", `{"text":"gehe1m"}`, "422 invalid", "seq"},
		{"PATCH", room + "/messages/9223372036854775808", `{"text":"gehe1m"}`, "422 invalid", "seq"},
		{"PATCH", room + "/messages/9223372036854775807", `{"text":"gehe1m"}`, "404 not_found", ""},
		{"DELETE", room + "/messages/1", "", "403 forbidden", ""}, // a system message
		{"GET", room + "/messages?limit=-1", "", "422 invalid", "limit"},
		{"GET", room + "/messages?limit=gehe1m", "", "422 invalid", "limit"},
		{"GET", room + "/messages?before=-1", "", "422 invalid", "before"},
		{"GET", room + "/messages?before=1&after=1", "", "422 invalid", "before"},
		{"GET", room + "/messages?before=1&before=2", "", "422 invalid", "before"},
		{"GET", room + "/messages?gehe1m=1", "", "422 invalid", "gehe1m"},
		{"GET", room + "/messages?after=9223372036854775808", "", "422 invalid", "after"},
		{"GET", room + "/changes?since=-1", "", "422 invalid", "since"},
		{"GET", room + "/changes?since=x", "", "422 invalid", "since"},
		{"GET", room + "/changes?epoch=%00", "", "422 invalid", "epoch"},
		{"GET", "/users?query=", "", "422 invalid", "query"},
		{"GET", "/users?query=%ff", "", "422 invalid", "query"},
		{"GET", "/users?query=%E2%80%AEgehe1m", "", "422 invalid", "query"},
		{"GET", "/users?query=" + strings.Repeat("gehe1m", 10), "", "422 invalid", "query"},
		{"PUT", "/directs/gehe1m", "", "404 not_found", ""},
		{"GET", "/gehe1m", "", "404 not_found", ""},
		{"POST", "/me", "", "404 not_found", ""},
	}...)
	for _, try := range tries {
		tab := jisu.clone()
		if try.path == "/users" || try.path == "/session" || try.path == "/tokens" {
			tab = w.visitor()
			if try.method == "GET" {
				tab = jisu.clone()
			}
		}
		var body any
		if try.method != "GET" && (try.body != "" || try.want == "400 invalid") {
			body = try.body
		}
		a := tab.do(try.method, try.path, body)
		name := fmt.Sprintf("%s %.60s %.80s", try.method, try.path, try.body)
		if got := a.code(); got != try.want {
			t.Errorf("%s: %s, want %s", name, got, try.want)
			continue
		}
		p := a.problem(t)
		if p.Status != a.status || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") || p.Title == "" {
			t.Errorf("%s: %+v", name, p)
		}
		if try.field != "" && (len(p.Errors) == 0 || (try.field != "*" && p.Errors[try.field] == "")) {
			t.Errorf("%s: errors %v, want %s", name, p.Errors, try.field)
		}
		if (try.want == "422 invalid") != (len(p.Errors) > 0) {
			t.Errorf("%s: %v", name, p.Errors)
		}
		if strings.Contains(p.Detail, secret) {
			t.Errorf("%s: quoted in %q", name, p.Detail)
		}
	}
	if after := everything(); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	for line := range strings.Lines(w.log.String()) {
		if i := strings.Index(line, secret); i >= 0 && !strings.Contains(line[:i], `"path":`) {
			t.Errorf("logged: %s", line)
		}
	}
}

// TestLimitsAreExact sends what is just allowed.
func TestLimitsAreExact(t *testing.T) {
	w := start(t, nil)
	p := w.join(strings.Repeat("가", 20))
	room := "/rooms/" + p.room(chat.NewRoom{})
	for i, text := range []string{
		strings.Repeat("가", 4000), strings.Repeat("🌱", 4000), "a" + strings.Repeat("\u0301", 30), "\u202e오른쪽에서", "<script>alert(1)</script>",
	} {
		a := p.do("POST", room+"/messages", m{"clientId": strings.Repeat("~", 63) + fmt.Sprint(i), "text": text}).is(t, "201")
		if got := into[wire.MessageAnswer](t, a).Message.Text; len([]rune(got)) < len([]rune(text))-1 {
			t.Errorf("%d became %d", len(text), len(got))
		}
	}
}

func TestBodiesAreNotReadBeyondTheLimit(t *testing.T) {
	w := start(t, nil)
	p := w.join("지수")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	must(t, err)
	defer func() { _ = conn.Close() }()
	must(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = fmt.Fprintf(conn, "PATCH /api/v1/me HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: maru_access=%s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 4000000000\r\n\r\n{", strings.TrimPrefix(w.url, "http://"), w.url, p.cookies["maru_access"])
	must(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "413") {
		t.Errorf("%q %v", line, err)
	}

	// Without a declared length the reading stops where the limit is.
	var read atomic.Int64 // the transport may still be writing when the answer is there
	endless := readerFunc(func(b []byte) (int, error) {
		for i := range b {
			b[i] = ' '
		}
		read.Add(int64(len(b)))
		return len(b), nil
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, w.url+"/api/v1/me", endless)
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", w.url)
	r.AddCookie(&http.Cookie{Name: "maru_access", Value: p.cookies["maru_access"]})
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge || read.Load() > 16<<20 {
		t.Errorf("%s after %d bytes", response.Status, read.Load())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestListsAreClamped(t *testing.T) {
	w := start(t, nil)
	p := w.join("지수")
	id := p.room(chat.NewRoom{})
	for range 205 {
		p.say(id, "말")
	}
	for path, want := range map[string]int{"/messages?limit=1000": 200, "/messages": 50, "/messages?limit=0": 50, "/changes?since=0&limit=1000": 200, "/changes": 200} {
		var got struct {
			Messages []wire.Message
			HasMore  bool
		}
		must(t, json.Unmarshal([]byte(p.do("GET", "/rooms/"+id+path, nil).is(t, "200").body), &got))
		if len(got.Messages) != want || !got.HasMore {
			t.Errorf("%s: %d, %v", path, len(got.Messages), got.HasMore)
		}
	}
	if page, _ := p.page("/rooms/" + id); len(page.Messages.Messages) != 30 || !page.Messages.HasMore {
		t.Errorf("%d in the page", len(page.Messages.Messages))
	}
}
