package httpapi_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/wire"
)

func under(public string) func(*httpapi.Options, *auth.Options) {
	return func(o *httpapi.Options, _ *auth.Options) {
		u, err := url.Parse(public)
		if err != nil {
			panic(err)
		}
		o.PublicURL = u
	}
}

func TestCookies(t *testing.T) {
	signUp := m{"loginId": "minji", "password": password, "name": "민지"}
	plain := start(t, nil).visitor().do("POST", "/users", signUp).is(t, "201").header.Values("Set-Cookie")
	secureWorld := start(t, under("https://maru.example")).visitor()
	secureWorld.header = map[string]string{"Origin": "https://maru.example"}
	secure := secureWorld.do("POST", "/users", signUp).is(t, "201").header.Values("Set-Cookie")
	if len(plain) != 2 || len(secure) != 2 {
		t.Fatal(plain, secure)
	}
	for i, want := range []struct{ name, age string }{{"maru_access", "Max-Age=900"}, {"maru_refresh", "Max-Age=259"}} {
		for _, c := range []struct{ line, prefix string }{{plain[i], ""}, {secure[i], "__Host-"}} {
			if !strings.HasPrefix(c.line, c.prefix+want.name+"=") || len(c.line) > 4096 {
				t.Error(c.line)
			}
			for _, attribute := range []string{"; Path=/", "; HttpOnly", "; SameSite=Lax", want.age} {
				if !strings.Contains(c.line, attribute) {
					t.Errorf("no %s: %s", attribute, c.line)
				}
			}
			if strings.Contains(c.line, "; Secure") != (c.prefix != "") || strings.Contains(c.line, "Domain") {
				t.Error(c.line)
			}
		}
	}
	// Under TLS a cookie that a neighbouring subdomain may have planted is nobody's.
	tossed := &person{world: secureWorld.world, cookies: map[string]string{"maru_access": secureWorld.cookies["__Host-maru_access"]}}
	tossed.do("GET", "/me", nil).is(t, "401 unauthorized")
	secureWorld.do("GET", "/me", nil).is(t, "200")

	out := secureWorld.do("DELETE", "/session", nil).is(t, "204").header.Values("Set-Cookie")
	if len(out) != 2 || !strings.HasPrefix(out[0], "__Host-maru_access=;") || !strings.Contains(out[0], "Max-Age=0") || !strings.Contains(out[0], "; Secure") {
		t.Error(out)
	}
}

func TestLogInReplacesTheBrowsersSession(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	before := p.clone()
	p.do("POST", "/session", m{"loginId": "user1", "password": "not this one"}).is(t, "401 bad_credentials")
	before.do("GET", "/me", nil).is(t, "200") // a failed try changes nothing
	p.do("POST", "/session", m{"loginId": "user1", "password": password}).is(t, "200")
	before.do("GET", "/me", nil).is(t, "401 unauthorized")
	if sessions := into[wire.SessionsAnswer](t, p.do("GET", "/me/sessions", nil)).Sessions; len(sessions) != 1 {
		t.Errorf("%+v", sessions)
	}
}

func TestEndingSessions(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	stranger := w.join("남")
	phone := w.visitor()
	phone.header = map[string]string{"User-Agent": "Phone/1"}
	phone.do("POST", "/session", m{"loginId": "user1", "password": password}).is(t, "200")
	sessions := into[wire.SessionsAnswer](t, p.do("GET", "/me/sessions", nil)).Sessions
	var mine, other string
	for _, s := range sessions {
		if s.Current {
			mine = s.ID
		} else {
			other = s.ID
			if s.UserAgent != "Phone/1" || s.Address != "127.0.0.1" || s.Kind != "browser" {
				t.Errorf("%+v", s)
			}
		}
	}
	stranger.do("DELETE", "/me/sessions/"+other, nil).is(t, "404 not_found")
	phone.do("GET", "/me", nil).is(t, "200")
	p.do("DELETE", "/me/sessions/"+other, nil).is(t, "204")
	p.do("DELETE", "/me/sessions/"+other, nil).is(t, "404 not_found")
	phone.do("GET", "/me", nil).is(t, "401 unauthorized")
	phone.do("POST", "/session/refresh", nil).is(t, "401 unauthorized")
	p.do("DELETE", "/me/sessions/"+mine, nil).is(t, "204")
	if len(p.cookies) != 0 {
		t.Error(p.cookies)
	}
}

func TestRefresh(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	stolen := p.clone()
	w.clock.move(16 * time.Minute)
	p.do("GET", "/me", nil).is(t, "401 unauthorized")
	p.do("POST", "/session/refresh", nil).is(t, "200")
	p.do("GET", "/me", nil).is(t, "200")

	// Two tabs with the same cookies, at once: the same successor for both.
	tabs := make([]*person, 8)
	var wg sync.WaitGroup
	for i := range tabs {
		tabs[i] = p.clone()
		wg.Go(func() { tabs[i].do("POST", "/session/refresh", nil).is(t, "200") })
	}
	wg.Wait()
	for _, tab := range tabs {
		if tab.cookies["maru_refresh"] != tabs[0].cookies["maru_refresh"] {
			t.Fatal("tabs have different sessions")
		}
	}
	tabs[0].do("POST", "/session/refresh", nil).is(t, "200")

	// A token of two generations ago was stolen: the whole family ends, and the browser forgets it.
	stolen.do("POST", "/session/refresh", nil).is(t, "401 unauthorized")
	if len(stolen.cookies) != 0 {
		t.Error(stolen.cookies)
	}
	tabs[0].do("GET", "/me", nil).is(t, "401 unauthorized")
	tabs[0].do("POST", "/session/refresh", nil).is(t, "401 unauthorized")
	w.visitor().do("POST", "/session/refresh", nil).is(t, "401 unauthorized")
}

// The rules themselves are tested in auth; this is where they hold (attacks 21 and 50).
func TestOriginRules(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	type headers = map[string]string
	for _, test := range []struct {
		who          *person
		method, path string
		header       headers
		want         string
	}{
		{p, "PATCH", "/me", headers{}, "200"},
		{p, "PATCH", "/me", headers{"Origin": ""}, "403 forbidden"},
		{p, "PATCH", "/me", headers{"Origin": "null"}, "403 forbidden"},
		{p, "PATCH", "/me", headers{"Origin": "https://evil.example"}, "403 forbidden"},
		{p, "PATCH", "/me", headers{"Origin": strings.Replace(w.url, "http:", "https:", 1)}, "403 forbidden"},
		{p, "PATCH", "/me", headers{"Origin": w.url + ".evil.example"}, "403 forbidden"},
		{p, "PATCH", "/me", headers{"Sec-Fetch-Site": "cross-site"}, "403 forbidden"},
		{p, "PUT", "/rooms/x/members/me", headers{"Origin": "https://evil.example"}, "403 forbidden"},
		{p, "DELETE", "/session", headers{"Origin": "https://evil.example"}, "403 forbidden"},
		{p, "POST", "/session", headers{"Origin": ""}, "403 forbidden"},
		{p, "POST", "/tokens", headers{"Origin": "https://evil.example"}, "403 forbidden"},
		{p, "GET", "/me", headers{"Origin": "https://evil.example"}, "200"}, // without CORS headers nobody there can read it
		{w.visitor(), "POST", "/session", headers{"Origin": "https://evil.example"}, "403 forbidden"},
		{w.visitor(), "POST", "/session", headers{"Origin": "", "Sec-Fetch-Site": "cross-site"}, "403 forbidden"},
		{w.visitor(), "POST", "/users", headers{"Origin": "null"}, "403 forbidden"},
		{w.visitor(), "POST", "/session", headers{"Origin": "", "Sec-Fetch-Site": ""}, "422 invalid"},
		{w.visitor(), "POST", "/tokens", headers{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, "422 invalid"},
		{p, "PATCH", "/me", headers{"Content-Type": "text/plain"}, "400 invalid"},
		{p, "PATCH", "/me", headers{"Content-Type": "application/x-www-form-urlencoded"}, "400 invalid"},
		{p, "PATCH", "/me", headers{"Content-Type": "application/json; charset=euc-kr"}, "400 invalid"},
		{p, "PATCH", "/me", headers{"Content-Type": ""}, "400 invalid"},
		{p, "PATCH", "/me", headers{"Content-Type": "application/json; charset=UTF-8"}, "200"},
	} {
		tab := test.who.clone()
		tab.header = test.header
		a := tab.do(test.method, test.path, "{}")
		if got := a.code(); got != test.want {
			t.Errorf("%s %s %v: %s, want %s", test.method, test.path, test.header, got, test.want)
		}
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s was sent", name)
			}
		}
	}
}

func TestBehindAProxy(t *testing.T) {
	w := start(t, func(o *httpapi.Options, _ *auth.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	p := w.visitor()
	p.header = map[string]string{
		"X-Forwarded-For": "6.6.6.6, 2001:db8:1:2:3:4:5:6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "maru.example",
		"Origin": "https://maru.example",
	}
	a := p.do("POST", "/users", m{"loginId": "minji", "password": password, "name": "민지"}).is(t, "201")
	if !strings.HasPrefix(a.header.Get("Set-Cookie"), "__Host-maru_access=") || a.header.Get("Strict-Transport-Security") == "" {
		t.Error(a.header)
	}
	if !strings.Contains(a.header.Get("Content-Security-Policy"), " wss://maru.example;") {
		t.Error(a.header.Get("Content-Security-Policy"))
	}
	sessions := into[wire.SessionsAnswer](t, p.do("GET", "/me/sessions", nil)).Sessions
	if fmt.Sprint(sessions[0].Address) != "2001:db8:1:2::/64" {
		t.Errorf("%+v", sessions)
	}
}
