package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/wire"
)

func TestEveryAnswerHasItsSecurityHeaders(t *testing.T) {
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	socket := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, public := range []string{"http://maru.example:8080", "https://maru.example"} {
		w := start(t, func(o *httpapi.Options, a *auth.Options) {
			under(public)(o, a)
			o.Socket = socket
		})
		for path, status := range map[string]int{
			"/": 200, "/rooms/x": 200, "/assets/app-1a2b.js": 200, "/assets/none.js": 404, "/favicon.svg": 200, "/healthz": 200, "/readyz": 200,
			"/api/v1/categories": 200, "/api/v1/me": 401, "/api/v1/nothing": 404, "/api/docs": 200, "/api/docs/page.css": 200, "/api/v1/openapi.json": 200,
			"/images/x": 404, "/socket.io/": 418, "/metrics": 200, "//evil.example/": 307,
		} {
			a := w.visitor().fetch("GET", path, nil)
			if a.status != status && (status != 307 || a.status < 300 || a.status >= 400) {
				t.Errorf("%s: %d", path, a.status)
			}
			for name, value := range want {
				if a.header.Get(name) != value {
					t.Errorf("%s: %s: %q", path, name, a.header.Get(name))
				}
			}
			policy := a.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'self';", "script-src 'self';", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types maru", "connect-src 'self' ws" + strings.TrimPrefix(public, "http") + ";"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s: no %q in %q", path, part, policy)
				}
			}
			if (a.header.Get("Cross-Origin-Opener-Policy") == "same-origin") != strings.HasPrefix(public, "https") {
				t.Errorf("%s: %q", path, a.header.Get("Cross-Origin-Opener-Policy"))
			}
			if strings.Contains(policy, "unsafe") || (a.header.Get("Strict-Transport-Security") != "") != strings.HasPrefix(public, "https") {
				t.Errorf("%s: %v", path, a.header)
			}
			if a.header.Get("X-Request-Id") == "" || a.header.Get("Server") != "" {
				t.Errorf("%s: %v", path, a.header)
			}
			if strings.HasPrefix(path, "/api/v1/me") && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached", path)
			}
		}
		for _, method := range []string{"TRACE", "TRACK"} {
			if a := w.visitor().fetch(method, "/", nil); a.status != 405 || a.body != "" {
				t.Errorf("%s: %+v", method, a)
			}
		}
	}
}

func TestHostsCannotWriteThePolicy(t *testing.T) {
	w := start(t, nil)
	v := w.visitor()
	for _, host := range []string{"evil.example'; script-src *", "a,b", "x;y"} {
		v.header = map[string]string{"Host": host}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/healthz", nil)
		must(t, err)
		r.Host = host
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			continue // our own client refuses
		}
		_ = response.Body.Close()
		if policy := response.Header.Get("Content-Security-Policy"); strings.Contains(policy, "evil") || strings.Contains(policy, "*") {
			t.Error(policy)
		}
	}
}

func TestHealth(t *testing.T) {
	state := httpapi.Readiness{Ready: true, Parts: map[string]string{"database": "ok", "bus": "ok"}}
	w := start(t, func(o *httpapi.Options, _ *auth.Options) {
		o.Ready = func(context.Context) httpapi.Readiness { return state }
	})
	v := w.visitor()
	v.fetch("GET", "/healthz", nil).is(t, "200")
	if a := v.fetch("GET", "/readyz", nil).is(t, "200"); a.body != `{"status":"ok","parts":{"bus":"ok","database":"ok"}}` {
		t.Error(a.body)
	}
	state.Parts = map[string]string{"database": "ok", "bus": "not connected"}
	if a := v.fetch("GET", "/readyz", nil).is(t, "200"); !strings.Contains(a.body, `"degraded"`) {
		t.Error(a.body)
	}
	state = httpapi.Readiness{Parts: map[string]string{"node": "draining"}}
	if a := v.fetch("GET", "/readyz", nil).is(t, "503"); !strings.Contains(a.body, `"unavailable"`) {
		t.Error(a.body)
	}
	v.fetch("GET", "/healthz", nil).is(t, "200")
}

func TestPanicsStayInside(t *testing.T) {
	w := start(t, func(o *httpapi.Options, _ *auth.Options) {
		o.Ready = func(context.Context) httpapi.Readiness { panic(errors.New("secret 10.0.0.7 /var/lib")) }
	})
	v := w.visitor()
	a := v.fetch("GET", "/readyz", nil).is(t, "500 internal")
	if p := a.problem(t); p.RequestID == "" || strings.Contains(a.body, "secret") || p.Errors != nil {
		t.Errorf("%s", a.body)
	}
	if log := w.log.String(); !strings.Contains(log, "secret") || !strings.Contains(log, a.header.Get("X-Request-Id")) {
		t.Error("the log does not tell")
	}
	v.fetch("GET", "/healthz", nil).is(t, "200")
}

// TestLog looks for what must not be there (attacks 51 and 62).
func TestLog(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	p.header = map[string]string{"User-Agent": "evil\x1b[31m\t{\"level\":\"ERROR\"}" + strings.Repeat("A", 5000)}
	if strings.ContainsAny(p.header["User-Agent"], "\x1b") {
		p.header["User-Agent"] = strings.ReplaceAll(p.header["User-Agent"], "\x1b", "") // our own client refuses it
	}
	p.do("GET", "/me?token=verysecret", nil).is(t, "422 invalid")
	p.fetch("GET", "/rooms/a%0d%0aSet-Cookie:%20x%1b%5b31m/"+strings.Repeat("b", 3000)+"?token=verysecret", nil)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	must(t, err)
	defer func() { _ = conn.Close() }()
	must(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nUser-Agent: caf\xe9 \u2028 \xff\r\n\r\n")
	must(t, err)
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Error(err)
	}
	n := 0
	for line := range strings.Lines(w.log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		if entry["msg"] == "request" {
			n++
		}
		if len(line) > 8<<10 {
			t.Errorf("%d bytes: %.200s", len(line), line)
		}
		for _, bad := range []string{"verysecret", password, p.cookies["maru_access"], p.cookies["maru_refresh"], "\u2028", "\x1b"} {
			if strings.Contains(line, bad) {
				t.Errorf("%q in %s", bad, line)
			}
		}
	}
	if n < 4 || !strings.Contains(w.log.String(), `"user_id":"`+p.user.ID) || !strings.Contains(w.log.String(), `"code":"invalid"`) {
		t.Errorf("%d lines: %s", n, w.log.String())
	}
}

func TestServerBounds(t *testing.T) {
	s := httpapi.Server(":0", nil)
	if s.ReadHeaderTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes > 16<<10 || s.WriteTimeout != 0 {
		t.Errorf("%+v", s)
	}
	w := start(t, nil)
	v := w.visitor()
	v.header = map[string]string{"X-Large": strings.Repeat("x", 64<<10)} // attack 19
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/healthz", nil)
	must(t, err)
	r.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	response, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Error(response.Status)
	}
}

// A socket's request on a connection that served another request before is not cut off by that one's bounds.
func TestSocketsAreNotBounded(t *testing.T) {
	w := start(t, func(o *httpapi.Options, _ *auth.Options) {
		o.Socket = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if _, ok := w.(http.Hijacker); !ok {
				t.Error("a WebSocket could not be upgraded")
			}
			_, _ = w.Write([]byte("open"))
		})
	})
	v := w.visitor()
	v.fetch("GET", "/healthz", nil).is(t, "200")
	if a := v.fetch("GET", "/socket.io/?EIO=4", nil).is(t, "200"); a.body != "open" {
		t.Error(a.body)
	}
}

func TestDocumentation(t *testing.T) {
	w := start(t, nil)
	v := w.visitor()
	document := v.do("GET", "/openapi.json", nil).is(t, "200").body
	var spec struct {
		OpenAPI    string
		Paths      map[string]map[string]map[string]any
		Components struct{ Schemas map[string]map[string]any }
	}
	must(t, json.Unmarshal([]byte(document), &spec))
	if !strings.HasPrefix(spec.OpenAPI, "3.1") || spec.Components.Schemas["Problem"] == nil || strings.Contains(document, "$schema") || strings.Count(document, `"null"`) != 1 {
		t.Error(document[:300])
	}
	if photo := fmt.Sprint(spec.Components.Schemas["UpdateMe"]); !strings.Contains(photo, "type:[string null]") {
		t.Error("null removes a photo:", photo)
	}
	if got := fmt.Sprint(spec.Components.Schemas["SendMessage"]["required"]); got != "[clientId]" {
		t.Error(got)
	}
	page := v.fetch("GET", "/api/docs", nil).is(t, "200").body
	for path, methods := range spec.Paths {
		for _, op := range methods {
			if !strings.Contains(page, `id="`+fmt.Sprint(op["operationId"])+`"`) || !strings.Contains(page, path) {
				t.Errorf("%s is not in the documentation", path)
			}
		}
	}
	for name := range spec.Components.Schemas {
		if !strings.Contains(page, `id="`+name+`"`) {
			t.Errorf("%s is not in the documentation", name)
		}
	}
	for _, foreign := range []string{"<script", "style=", "http://", "https://", "<style"} {
		if strings.Contains(page, foreign) {
			t.Errorf("%s in the documentation", foreign)
		}
	}
	v.cookies["maru_theme"] = "dark"
	if dark := v.fetch("GET", "/api/docs", nil).body; !strings.Contains(dark, `<html data-theme="dark" lang="en">`) {
		t.Error("the theme is not kept")
	}
	for _, path := range []string{"/api/v1/docs", "/api/v1/schemas/User", "/api/v1/openapi.yaml", "/api/v1/openapi-3.0.json", "/api", "/api/", "/api/v2/me"} {
		if a := v.fetch("GET", path, nil); a.code() != "404 not_found" && a.status != 301 && a.status != 307 {
			t.Errorf("%s: %s", path, a.code())
		}
	}
}

// Whatever fails, who asks is told a code and no more.
func TestStoreFailures(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	id := p.room(chat.NewRoom{})
	w.breakStore()
	for _, path := range []string{"/api/v1/me", "/api/v1/categories", "/api/v1/rooms/" + id} {
		a := p.fetch("GET", path, nil)
		if a.status != 503 && a.status != 500 {
			t.Errorf("%s: %s", path, a.code())
		}
		problem := into[wire.Problem](t, a)
		if strings.Contains(strings.ToLower(a.body), "sql") || problem.RequestID == "" {
			t.Error(a.body)
		}
	}
	a := p.fetch("GET", "/rooms/"+id, nil)
	if a.status < 500 || strings.Contains(a.body, "maru-page") || strings.Contains(strings.ToLower(a.body), "sql") || len(a.header.Values("Set-Cookie")) != 0 {
		t.Errorf("%+v", a)
	}
}
