package auth

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

func proxies(prefixes ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range prefixes {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func TestClientAddress(t *testing.T) {
	behind := Front{Proxies: proxies("10.0.0.0/8", "::1/128")}
	for name, test := range map[string]struct {
		front     Front
		peer      string
		forwarded []string
		want      string
	}{
		"nobody is believed":         {Front{}, "198.51.100.1:99", []string{"1.1.1.1"}, "198.51.100.1"},
		"a stranger is not believed": {behind, "198.51.100.1:99", []string{"1.1.1.1"}, "198.51.100.1"},
		"a proxy is":                 {behind, "10.1.2.3:99", []string{"1.1.1.1"}, "1.1.1.1"},
		"what stands left is not":    {behind, "10.1.2.3:99", []string{"6.6.6.6, 1.1.1.1, 10.9.9.9"}, "1.1.1.1"},
		"over several headers":       {behind, "10.1.2.3:99", []string{"6.6.6.6", "1.1.1.1", "10.9.9.9"}, "1.1.1.1"},
		"with a port":                {behind, "10.1.2.3:99", []string{"1.1.1.1:5555"}, "1.1.1.1"},
		"IPv6":                       {behind, "[::1]:99", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"IPv4 in IPv6":               {behind, "[::ffff:10.0.0.1]:99", []string{"::ffff:1.1.1.1"}, "1.1.1.1"},
		"garbage":                    {behind, "10.1.2.3:99", []string{"1.1.1.1, <script>"}, "10.1.2.3"},
		"nothing":                    {behind, "10.1.2.3:99", nil, "10.1.2.3"},
		"proxies alone":              {behind, "10.1.2.3:99", []string{"10.3.3.3"}, "10.3.3.3"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = test.peer
			for _, v := range test.forwarded {
				r.Header.Add("X-Forwarded-For", v)
			}
			if got := test.front.Address(r); got.String() != test.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestOwnOrigin(t *testing.T) {
	for name, test := range map[string]struct {
		front  Front
		peer   string
		secure bool
		header map[string]string
		want   string
	}{
		"plain":                      {Front{}, "", false, nil, "http://chat.example:8080"},
		"TLS":                        {Front{}, "", true, nil, "https://chat.example:8080"},
		"public URL":                 {Front{PublicURL: mustURL("https://Maru.Example:443/")}, "", false, nil, "https://maru.example"},
		"proxy":                      {Front{Proxies: proxies("10.0.0.0/8")}, "10.0.0.1:1", false, map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "maru.example"}, "https://maru.example"},
		"stranger as proxy":          {Front{Proxies: proxies("10.0.0.0/8")}, "11.0.0.1:1", false, map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "maru.example"}, "http://chat.example:8080"},
		"what the client wrote":      {Front{Proxies: proxies("10.0.0.0/8")}, "10.0.0.1:1", false, map[string]string{"X-Forwarded-Host": "evil.example, maru.example"}, "http://maru.example"},
		"an unknown proto is no TLS": {Front{Proxies: proxies("10.0.0.0/8")}, "10.0.0.1:1", false, map[string]string{"X-Forwarded-Proto": "wss"}, "http://chat.example:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = "chat.example:8080"
			if test.peer != "" {
				r.RemoteAddr = test.peer
			}
			if test.secure {
				r.TLS = &tls.ConnectionState{}
			}
			for k, v := range test.header {
				r.Header.Set(k, v)
			}
			if got := test.front.Origin(r); got != test.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// The contract's Origin rules, for what HTTP and Socket.IO ask.
func TestOriginRules(t *testing.T) {
	front := Front{PublicURL: mustURL("https://app.example.com")}
	const own = "https://app.example.com"
	type carries string
	const nothing, cookie, refresh, bearer, both, foreignCookie carries = "nothing", "cookie", "refresh", "bearer", "both", "foreign cookie"
	type asks string
	const unsafe, logIn, upgrade, poll, post asks = "unsafe", "log-in", "upgrade", "poll", "post"
	for _, test := range []struct {
		ask    asks
		with   carries
		origin string
		site   string
		ok     bool
	}{
		{unsafe, cookie, own, "", true},
		{unsafe, cookie, own, "same-origin", true},
		{unsafe, cookie, own + ":443", "", true},
		{unsafe, cookie, "", "", false},
		{unsafe, cookie, "", "same-origin", false},
		{unsafe, cookie, "null", "", false},
		{unsafe, cookie, "https://evil.com", "", false},
		{unsafe, cookie, "http://app.example.com", "", false},
		{unsafe, cookie, "https://app.example.com:8443", "", false},
		{unsafe, cookie, "https://app.example.com.evil.com", "", false},
		{unsafe, cookie, "https://evilapp.example.com", "", false},
		{unsafe, cookie, "https://app.example.com@evil.com", "", false},
		{unsafe, cookie, "https://app.example.com/", "", false},
		{unsafe, cookie, "https://app.example.com/x", "", false},
		{unsafe, cookie, "//app.example.com", "", false},
		{unsafe, cookie, own + " https://evil.com", "", false},
		{unsafe, cookie, own, "cross-site", false},
		{unsafe, cookie, own, "same-site", false},
		{unsafe, refresh, "", "", false},
		{unsafe, refresh, own, "", true},
		{unsafe, nothing, "", "", true},
		{unsafe, nothing, "https://evil.com", "cross-site", true},
		{unsafe, foreignCookie, "", "", true},
		{unsafe, bearer, "", "", true},
		{unsafe, bearer, "https://evil.com", "", true},
		{unsafe, both, "https://evil.com", "", true}, // a foreign page cannot add the header, and the cookie is ignored
		{logIn, nothing, "", "", true},
		{logIn, nothing, own, "same-origin", true},
		{logIn, nothing, "https://evil.com", "", false},
		{logIn, nothing, "null", "", false},
		{logIn, nothing, "", "cross-site", false},
		{logIn, cookie, "", "", false},
		{upgrade, cookie, own, "", true},
		{upgrade, cookie, "", "", false},
		{upgrade, cookie, "https://evil.com", "", false},
		{upgrade, cookie, "null", "", false},
		{upgrade, cookie, "http://app.example.com", "", false},
		{upgrade, nothing, "https://evil.com", "", true},
		{upgrade, bearer, "", "", true},
		{post, cookie, "", "", false},
		{post, cookie, own, "", true},
		{poll, cookie, "", "", true},
		{poll, cookie, "", "same-origin", true},
		{poll, cookie, own, "", true},
		{poll, cookie, "https://evil.com", "", false},
		{poll, cookie, "", "cross-site", false},
		{poll, nothing, "https://evil.com", "cross-site", true},
	} {
		method := http.MethodGet
		if test.ask == unsafe || test.ask == logIn || test.ask == post {
			method = http.MethodPost
		}
		r := httptest.NewRequest(method, "/", nil)
		if test.ask == upgrade {
			r.Header.Set("Upgrade", "websocket")
		}
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		switch test.with {
		case cookie, both:
			r.Header.Set("Cookie", "__Host-maru_access=a")
		case refresh:
			r.Header.Set("Cookie", "__Host-maru_refresh=a")
		case foreignCookie: // without the prefix, a neighbouring subdomain may have set it
			r.Header.Set("Cookie", "maru_access=a; other=b")
		}
		if test.with == bearer || test.with == both {
			r.Header.Set("Authorization", "Bearer a")
		}
		var err error
		switch test.ask {
		case unsafe, logIn:
			err = front.CheckUnsafe(r, test.ask == logIn)
		default:
			err = front.CheckHandshake(r)
		}
		if (err == nil) != test.ok || (err != nil && chat.CodeOf(err) != chat.Forbidden) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header["Origin"] = []string{own, "https://evil.com"}
	r.Header.Set("Cookie", "__Host-maru_access=a")
	expectCode(t, front.CheckUnsafe(r, false), chat.Forbidden)
}

func TestTokensOfARequest(t *testing.T) {
	plain, tlsFront := Front{}, Front{PublicURL: mustURL("https://x.example")}
	for name, test := range map[string]struct {
		front  Front
		header http.Header
		want   Tokens
	}{
		"none":              {plain, http.Header{}, Tokens{}},
		"cookies":           {plain, http.Header{"Cookie": {"maru_access=a; maru_refresh=r"}}, Tokens{Access: "a", Refresh: "r"}},
		"cookies under TLS": {tlsFront, http.Header{"Cookie": {"maru_access=tossed; __Host-maru_access=a; __Host-maru_refresh=r"}}, Tokens{Access: "a", Refresh: "r"}},
		"tossed alone":      {tlsFront, http.Header{"Cookie": {"maru_access=tossed; maru_refresh=tossed"}}, Tokens{}},
		"bearer":            {plain, http.Header{"Authorization": {"bearer  t"}, "Cookie": {"maru_access=a"}}, Tokens{Access: "t", Bearer: true}},
		"basic":             {plain, http.Header{"Authorization": {"Basic eDp5"}}, Tokens{}},
		"an empty bearer":   {plain, http.Header{"Authorization": {"Bearer "}, "Cookie": {"maru_access=a"}}, Tokens{Bearer: true}},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = test.header
		if got := test.front.Tokens(r); got != test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAddressKeys(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := AddressKey(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if got := AddressKey(netip.Addr{}); got != "unknown" {
		t.Error(got)
	}
}
