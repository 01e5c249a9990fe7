package socketio_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

const app, evil = "https://app.example.com", "https://app.example.com.evil.example"

// What a browser is told, and with that, whether a page gets to see the answer.
func TestCORS(t *testing.T) {
	const methods, mayHeaders, age = "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"
	const origin, credentials = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"
	some := &socketio.CORS{Origins: []string{app, "http://localhost:5173"}, Credentials: true, Headers: []string{"Authorization", "X-Y"}, MaxAge: 90*time.Second + 1}
	plain := &socketio.CORS{Origins: []string{app}}
	all := &socketio.CORS{Origins: []string{"*"}}
	for _, c := range []struct {
		name   string
		cors   *socketio.CORS
		origin string
		get    map[string]string // of an answer; those that are not named must be missing
		before map[string]string // of a preflight, beyond those
	}{
		{"nobody", nil, app, nil, nil},
		{
			"allowed", some, app,
			map[string]string{origin: app, credentials: "true", "Vary": "Origin"},
			map[string]string{methods: "GET, POST", mayHeaders: "Authorization, X-Y", age: "90"},
		},
		{
			"allowed too", some, "http://localhost:5173",
			map[string]string{origin: "http://localhost:5173", credentials: "true", "Vary": "Origin"},
			map[string]string{methods: "GET, POST", mayHeaders: "Authorization, X-Y", age: "90"},
		},
		{"not allowed", some, evil, map[string]string{"Vary": "Origin"}, nil},
		{"another scheme", some, "http://app.example.com", map[string]string{"Vary": "Origin"}, nil},
		{"null", some, "null", map[string]string{"Vary": "Origin"}, nil},
		{"none", some, "", map[string]string{"Vary": "Origin"}, nil},
		{"plain", plain, app, map[string]string{origin: app, "Vary": "Origin"}, map[string]string{methods: "GET, POST"}},
		{"everyone", all, evil, map[string]string{origin: "*"}, map[string]string{methods: "GET, POST"}},
		{"everyone without an origin", all, "", map[string]string{origin: "*"}, map[string]string{methods: "GET, POST"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pollWith(t, serve(t, newServer(t, socketio.Options{CORS: c.cors})), http.Header{"Origin": {c.origin}})
			check := func(what string, a answer, wants ...map[string]string) {
				t.Helper()
				for _, name := range []string{origin, credentials, methods, mayHeaders, age, "Vary"} {
					want := ""
					for _, w := range wants {
						want += w[name]
					}
					if got := a.header.Get(name); got != want {
						t.Errorf("%s: %s is %q, want %q", what, name, got, want)
					}
				}
			}
			check("a GET", func() answer { p.send("40"); return p.get() }(), c.get)
			check("a POST", p.post("3"), c.get)
			stranger := *p
			stranger.open.ID = "unknown"
			check("a refusal", stranger.get(), c.get)

			asks := *p
			asks.header = http.Header{"Origin": {c.origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"x-other"}}
			a := asks.request(t.Context(), http.MethodOptions, nil)
			check("a preflight", a, c.get, c.before)
			want := http.StatusNoContent
			if c.cors == nil {
				want = http.StatusBadRequest
			}
			if a.status != want {
				t.Errorf("a preflight got %d %s", a.status, a.body)
			}
			if a := p.request(t.Context(), http.MethodOptions, nil); a.status != http.StatusBadRequest {
				t.Errorf("OPTIONS that is no preflight got %d", a.status)
			}
		})
	}
}

// A preflight decides nothing, and costs nothing: no session, and no question
// to the application, whose cookies it does not carry.
func TestPreflightIsNoRequest(t *testing.T) {
	server := newServer(t, socketio.Options{
		CORS: &socketio.CORS{Origins: []string{app}},
		AllowRequest: func(r *http.Request) error {
			t.Errorf("%s was asked about", r.Method)
			return nil
		},
	})
	response, body := request(t, "OPTIONS", serve(t, server), "EIO=4&transport=polling", map[string]string{
		"Origin": app, "Access-Control-Request-Method": "GET",
	})
	if response.StatusCode != http.StatusNoContent || body != "" || server.Stats().ConnectionsOpened+server.Stats().ConnectionsRefused != 0 {
		t.Errorf("got %d %s, stats %+v", response.StatusCode, body, server.Stats())
	}
}

func TestCORSOptionsAreChecked(t *testing.T) {
	for _, cors := range []*socketio.CORS{
		{}, {Credentials: true}, {Origins: []string{app, "*"}, Credentials: true}, {Origins: []string{app}, MaxAge: -1},
	} {
		if _, err := socketio.NewServer(socketio.Options{CORS: cors}); err == nil {
			t.Errorf("%+v was taken", cors)
		}
	}
}
