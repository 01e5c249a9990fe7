package live_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/forward/forwardtest"
	"github.com/maru-chat/maru/internal/live"
)

// TestPollingOnAnyNode polls as a browser does, at two nodes in turn. Whose request it is, the node decides that has the connection.
func TestPollingOnAnyNode(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	hub := forwardtest.NewHub()
	var nodes []*node
	for _, name := range []string{"one", "two"} {
		link := hub.Link(name, 1<<20)
		carrier, err := forward.New(forward.Options{Link: link, Beat: 50 * time.Millisecond, MaxBody: live.MaxPayload + 1})
		must(t, err)
		silent := bus.NewMemory()
		t.Cleanup(silent.Close)
		l, err := live.New(live.Options{
			Chat: n.Chat, Bus: silent, Link: link, Auth: n.auth, Presence: live.NewPresence(n.clock), Clock: n.clock, NoRateLimits: true,
			Forward: carrier.Forward,
		})
		must(t, err)
		must(t, carrier.Serve(l))
		server := httptest.NewServer(l)
		nodes = append(nodes, &node{house: n.house, live: l, url: server.URL + "/socket.io/"})
		t.Cleanup(func() {
			l.Close()
			carrier.Close()
			server.Close()
			link.Close()
		})
	}
	one, two := nodes[0], nodes[1]
	own := strings.TrimSuffix(two.url, "/socket.io/") // of the node that the browser has come to
	mine := []string{"Cookie", cookies(jisu.grant)}
	with := func(headers ...string) []string { return append(headers, mine...) }

	session := one.open(mine...)
	if !strings.HasSuffix(session, ".one") {
		t.Errorf("the connection is called %s", session)
	}
	if status, body := two.ask(http.MethodPost, session, "40", with("Origin", own)...); status != http.StatusOK || body != "ok" {
		t.Fatalf("connecting: %d %s", status, body)
	}
	var heard string
	for turn := 0; !strings.Contains(heard, `42["ready",`); turn++ {
		status, body := nodes[turn%2].ask(http.MethodGet, session, "", mine...)
		if status != http.StatusOK {
			t.Fatalf("polling: %d %s", status, body)
		}
		heard += body
	}
	for name, other := range map[string][]string{
		"nobody": {"Origin", own}, "somebody else": {"Origin", own, "Cookie", cookies(minho.grant)},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if status, body := two.ask(method, session, "40", other...); status != http.StatusBadRequest || !strings.Contains(body, `"code":1`) {
				t.Errorf("%s as %s: %d %s", method, name, status, body)
			}
		}
	}
	for _, refused := range [][]string{mine, with("Origin", "https://evil.example"), with("Origin", "null")} {
		if status, body := two.ask(http.MethodPost, session, "40", refused...); status != http.StatusForbidden {
			t.Errorf("posting with %q: %d %s", refused[:2], status, body)
		}
	}
	if status, body := two.ask(http.MethodGet, session, "", with("Sec-Fetch-Site", "cross-site")...); status != http.StatusForbidden {
		t.Errorf("polling from a foreign page: %d %s", status, body)
	}
	// The limit is the owner's, beyond what is carried too.
	for _, size := range []int{live.MaxPayload + 1, 2 * live.MaxPayload} {
		session := one.open(mine...)
		if status, _ := two.ask(http.MethodPost, session, strings.Repeat("x", size), with("Origin", own)...); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d bytes: %d", size, status)
		}
		if status, body := two.ask(http.MethodGet, session, "", mine...); status != http.StatusBadRequest {
			t.Errorf("after that: %d %s", status, body)
		}
	}
}
