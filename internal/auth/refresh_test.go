package auth

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/chat"
)

func TestRefreshRotates(t *testing.T) {
	w := newWorld(t, Options{})
	first := w.signUp(t, "minji")
	w.clock.move(10 * time.Minute)
	away := Device{Kind: Browser, UserAgent: "Phone", Address: netip.MustParseAddr("2001:db8:1:2:3::4")}
	second, err := w.Refresh(t.Context(), first.RefreshToken, away)
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.SessionID != first.SessionID || second.User.ID != first.User.ID {
		t.Errorf("%+v after %+v", second, first)
	}
	if _, err := w.Authenticate(t.Context(), second.AccessToken); err != nil {
		t.Error(err)
	}
	s := w.store.sessions[first.SessionID]
	if s.Address != "2001:db8:1:2::/64" || s.UserAgent != "Phone" || !s.LastUsedAt.Equal(w.clock.Now()) {
		t.Errorf("%+v", s)
	}
	if strings.Contains(string(s.RefreshHash)+string(s.PreviousHash), second.RefreshToken[30:50]) {
		t.Error("the token itself is kept")
	}
}

// Two tabs, or a lost answer: the predecessor gets the same successor for RefreshGrace.
func TestPredecessorGetsTheSameSuccessor(t *testing.T) {
	w := newWorld(t, Options{})
	first := w.signUp(t, "minji")
	second := w.refresh(t, first.RefreshToken)
	w.clock.move(RefreshGrace)
	again := w.refresh(t, first.RefreshToken)
	if again.RefreshToken != second.RefreshToken || !again.RefreshExpiresAt.Equal(second.RefreshExpiresAt) {
		t.Error("another successor")
	}
	w.refresh(t, again.RefreshToken)
	if told := w.ended.take(); len(told) != 0 {
		t.Error(told)
	}
}

func TestReuseEndsTheFamily(t *testing.T) {
	for name, use := range map[string]func(w *world, generations []string) string{
		"the predecessor, too late": func(w *world, g []string) string {
			w.clock.move(RefreshGrace + time.Millisecond)
			return g[len(g)-2]
		},
		"the predecessor's predecessor, at once": func(_ *world, g []string) string { return g[len(g)-3] },
		"the first of all":                       func(w *world, g []string) string { w.clock.move(time.Hour); return g[0] },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			g := w.signUp(t, "minji")
			other, err := w.LogIn(t.Context(), "minji", password, home)
			if err != nil {
				t.Fatal(err)
			}
			generations := []string{g.RefreshToken}
			for range 4 {
				g = w.refresh(t, g.RefreshToken)
				generations = append(generations, g.RefreshToken)
			}
			_, err = w.Refresh(t.Context(), use(w, generations), home)
			expectCode(t, err, chat.Unauthorized)
			if told := w.ended.take(); len(told) != 1 || told[string(g.SessionID)] != TokenReused {
				t.Errorf("told %v", told)
			}
			_, err = w.Authenticate(t.Context(), g.AccessToken)
			expectCode(t, err, chat.Unauthorized)
			for _, token := range generations {
				_, err = w.Refresh(t.Context(), token, home)
				expectCode(t, err, chat.Unauthorized)
			}
			if told := w.ended.take(); len(told) != 0 {
				t.Errorf("the end was told again: %v", told)
			}
			w.refresh(t, other.RefreshToken) // another log-in is another family
		})
	}
}

func TestConcurrentRefreshesGetOneSuccessor(t *testing.T) {
	w := newWorld(t, Options{})
	first := w.signUp(t, "minji")
	tokens := make([]string, 16)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			g, err := w.Refresh(t.Context(), first.RefreshToken, home)
			if err != nil {
				t.Error(err)
			}
			tokens[i] = g.RefreshToken
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == first.RefreshToken {
			t.Fatal("several successors")
		}
	}
	if told := w.ended.take(); len(told) != 0 {
		t.Error(told)
	}
}

func TestRefreshAfterTheEnd(t *testing.T) {
	t.Run("log-out", func(t *testing.T) {
		w := newWorld(t, Options{})
		g := w.signUp(t, "minji")
		if err := w.LogOut(t.Context(), g.AccessToken, g.RefreshToken); err != nil {
			t.Fatal(err)
		}
		_, err := w.Refresh(t.Context(), g.RefreshToken, home)
		expectCode(t, err, chat.Unauthorized)
		if told := w.ended.take(); told[string(g.SessionID)] != LoggedOut {
			t.Error(told)
		}
	})
	t.Run("password change", func(t *testing.T) {
		w := newWorld(t, Options{})
		other := w.signUp(t, "minji")
		g, err := w.LogIn(t.Context(), "minji", password, home)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.ChangePassword(t.Context(), g.Identity, password, "another good one", home); err != nil {
			t.Fatal(err)
		}
		_, err = w.Refresh(t.Context(), other.RefreshToken, home)
		expectCode(t, err, chat.Unauthorized)
		w.refresh(t, g.RefreshToken)
		if told := w.ended.take(); len(told) != 1 || told[string(other.SessionID)] != PasswordChanged {
			t.Error(told)
		}
	})
	t.Run("30 days of silence", func(t *testing.T) {
		w := newWorld(t, Options{})
		g := w.signUp(t, "minji")
		w.clock.move(RefreshLife)
		_, err := w.Refresh(t.Context(), g.RefreshToken, home)
		expectCode(t, err, chat.Unauthorized)
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told := w.ended.take(); told[string(g.SessionID)] != Expired {
			t.Error(told)
		}
	})
	t.Run("a year of refreshing", func(t *testing.T) {
		w := newWorld(t, Options{})
		g := w.signUp(t, "minji")
		begun := w.clock.Now()
		for w.clock.Now().Sub(begun) < SessionLife-20*24*time.Hour {
			w.clock.move(20 * 24 * time.Hour)
			g = w.refresh(t, g.RefreshToken)
		}
		if !g.RefreshExpiresAt.Equal(begun.Add(SessionLife)) {
			t.Errorf("expires %v", g.RefreshExpiresAt)
		}
		w.clock.move(begun.Add(SessionLife).Sub(w.clock.Now()))
		_, err := w.Refresh(t.Context(), g.RefreshToken, home)
		expectCode(t, err, chat.Unauthorized)
	})
}

func TestProgramsAndBrowsersDoNotShareTokens(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	program := home
	program.Kind = Program
	_, err := w.Refresh(t.Context(), g.RefreshToken, program)
	expectCode(t, err, chat.Unauthorized)
	w.refresh(t, g.RefreshToken) // it was refused, not ended
}

// A made-up token is refused and ends nothing, however near it comes to a genuine one.
func TestForgedRefreshTokens(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	old := g.RefreshToken
	g = w.refresh(t, old)
	raw, _ := base64.RawURLEncoding.DecodeString(old)
	secretless := append(append([]byte{}, raw[:sessionIDBytes]...), make([]byte, refreshSecretSize+refreshTagSize)...)
	foreign := newWorld(t, Options{})
	foreign.keys, _ = deriveKeys([]byte(strings.Repeat("x", 32)))
	for name, token := range map[string]string{
		"empty":                "",
		"an access token":      g.AccessToken,
		"session id alone":     base64.RawURLEncoding.EncodeToString(raw[:16]),
		"no secret, no tag":    base64.RawURLEncoding.EncodeToString(secretless),
		"newline inside":       old[:40] + "\n" + old[40:],
		"padded":               old + "==",
		"standard alphabet":    base64.RawStdEncoding.EncodeToString(append(raw[:63:63], 0xff)),
		"last bits set":        old[:len(old)-1] + "_",
		"another secret's tag": foreign.keys.encode(firstRefresh()),
		"huge":                 strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Refresh(t.Context(), token, home)
			expectCode(t, err, chat.Unauthorized)
		})
	}
	if told := w.ended.take(); len(told) != 0 {
		t.Errorf("a forged token ended %v", told)
	}
	w.refresh(t, g.RefreshToken)
}

func TestRefreshTokenProperties(t *testing.T) {
	k, _ := deriveKeys([]byte(strings.Repeat("k", 32)))
	rapid.Check(t, func(t *rapid.T) {
		token := firstRefresh()
		for range rapid.IntRange(0, 4).Draw(t, "generation") {
			token = k.successorOf(token)
		}
		encoded := k.encode(token)
		back, ok := k.decode(encoded)
		if !ok || back != token {
			t.Fatal("lost in encoding")
		}
		if next := k.successorOf(token); next != k.successorOf(token) || next == token || next.id != token.id {
			t.Fatal("the successor is not one and another")
		}
		// No other spelling of one byte decodes.
		i := rapid.IntRange(0, len(encoded)-1).Draw(t, "at")
		c := rapid.Byte().Filter(func(b byte) bool { return b != encoded[i] }).Draw(t, "byte")
		if _, ok := k.decode(encoded[:i] + string([]byte{c}) + encoded[i+1:]); ok {
			t.Fatal("a changed token is genuine")
		}
	})
}

func FuzzRefreshToken(f *testing.F) {
	k, _ := deriveKeys([]byte(strings.Repeat("k", 32)))
	f.Add("")
	f.Add(strings.Repeat("A", refreshTokenChars))
	f.Add(k.encode(firstRefresh()))
	f.Fuzz(func(t *testing.T, s string) {
		if token, ok := k.decode(s); ok && k.encode(token) != s {
			t.Fatalf("%q is a second spelling", s)
		}
	})
}
