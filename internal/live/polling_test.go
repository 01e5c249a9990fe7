package live_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/auth"
)

// ask makes a request of polling and returns its status and body. Headers are pairs of name and value.
func (n *node) ask(method, query, body string, headers ...string) (int, string) {
	n.t.Helper()
	base, _, _ := strings.Cut(strings.Replace(n.url, "ws", "http", 1), "?")
	r, err := http.NewRequestWithContext(n.t.Context(), method, base+"?EIO=4&transport=polling"+query, strings.NewReader(body))
	must(n.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	must(n.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	must(n.t, err)
	return response.StatusCode, string(answer)
}

func cookies(grant auth.Grant) string {
	return auth.AccessCookie + "=" + grant.AccessToken + "; " + auth.RefreshCookie + "=" + grant.RefreshToken
}

// open begins to poll and returns the connection's id.
func (n *node) open(headers ...string) string {
	n.t.Helper()
	status, body := n.ask(http.MethodGet, "", "", headers...)
	var open struct{ SID string }
	if status != http.StatusOK || json.Unmarshal([]byte(strings.TrimPrefix(body, "0")), &open) != nil {
		n.t.Fatalf("%d %s", status, body)
	}
	return "&sid=" + open.SID
}

// TestPollingWithCookies polls as a browser does, and as foreign pages and other people would.
func TestPollingWithCookies(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	own := strings.TrimSuffix(strings.Replace(n.url, "ws", "http", 1), "/socket.io/?EIO=4&transport=websocket")
	mine := []string{"Cookie", cookies(jisu.grant)}
	with := func(headers ...string) []string { return append(headers, mine...) }

	for _, refused := range [][]string{
		with("Origin", "https://evil.example"), with("Origin", "null"), with("Sec-Fetch-Site", "cross-site"), with("Sec-Fetch-Site", "same-site"),
	} {
		if status, body := n.ask(http.MethodGet, "", "", refused...); status != http.StatusForbidden {
			t.Errorf("opening with %q: %d %s", refused[:2], status, body)
		}
	}
	session := n.open(with("Sec-Fetch-Site", "same-origin")...)
	for _, refused := range [][]string{mine, with("Origin", "https://evil.example"), with("Origin", "null")} {
		if status, body := n.ask(http.MethodPost, session, "40", refused...); status != http.StatusForbidden {
			t.Errorf("posting with %q: %d %s", refused[:2], status, body)
		}
	}
	// Whoever knows the id is not yet its client.
	for name, other := range map[string][]string{
		"nobody": {"Origin", own}, "somebody else": {"Origin", own, "Cookie", cookies(minho.grant)},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if status, body := n.ask(method, session, "40", other...); status != http.StatusBadRequest || !strings.Contains(body, `"code":1`) {
				t.Errorf("%s as %s: %d %s", method, name, status, body)
			}
		}
	}

	if status, body := n.ask(http.MethodPost, session, "40", with("Origin", own)...); status != http.StatusOK || body != "ok" {
		t.Fatalf("connecting: %d %s", status, body)
	}
	var heard string
	for !strings.Contains(heard, `42["ready",`) {
		status, body := n.ask(http.MethodGet, session, "", mine...)
		if status != http.StatusOK {
			t.Fatalf("polling: %d %s", status, body)
		}
		heard += body
	}
	if !strings.HasPrefix(heard, "40{") || !strings.Contains(heard, string(jisu.id)) {
		t.Errorf("heard %s", heard)
	}

	// A session that ends, ends polling too, and says why.
	must(t, n.auth.EndSession(t.Context(), jisu.id, jisu.grant.SessionID, auth.LoggedOut))
	for heard = ""; !strings.Contains(heard, "session:ended"); {
		status, body := n.ask(http.MethodGet, session, "", mine...)
		if status != http.StatusOK {
			t.Fatalf("after the end: %d %s", status, body)
		}
		heard += body
	}
	if status, body := n.ask(http.MethodGet, session, "", mine...); status != http.StatusOK || body != "1" {
		t.Errorf("the last poll: %d %s", status, body)
	}
}

// TestPollingWithAToken polls as a program does: no cookies, so that no Origin is asked for.
func TestPollingWithAToken(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu := n.person("지수")
	session := n.open("Origin", "https://elsewhere.example")
	if status, body := n.ask(http.MethodPost, session, `40{"token":"`+jisu.grant.AccessToken+`"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if _, body := n.ask(http.MethodGet, session, ""); !strings.HasPrefix(body, "40{") {
		t.Errorf("heard %s", body)
	}
	if status, _ := n.ask(http.MethodPost, session, strings.Repeat("x", 70_000)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	if status, body := n.ask(http.MethodGet, session, ""); status != http.StatusBadRequest {
		t.Errorf("after that: %d %s", status, body)
	}
}
