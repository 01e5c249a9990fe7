package auth

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

func TestPasswordsByLengthAndForm(t *testing.T) {
	w := newWorld(t, Options{})
	for i, test := range []struct{ name, password, wrong string }{
		{"empty", "", "required"},
		{"7 bytes", "1234567", "too_short"},
		{"8 bytes", "12345678", ""},
		{"8 bytes of 3 letters, 7 once composed", "e\u0301e\u0301e\u0301", "too_short"},
		{"64 bytes", strings.Repeat("a", 64), ""},
		{"1,024 bytes", strings.Repeat("a", 1024), ""},
		{"1,025 bytes", strings.Repeat("a", 1025), "too_long"},
		{"a megabyte", strings.Repeat("a", 1<<20), "too_long"},
		{"NUL", "1234\x005678", "malformed"},
		{"invalid UTF-8", "12345678\xff", "malformed"},
		{"spaces around", "  spaces  ", ""},
		{"control characters", "tab\tand\nline", ""},
		{"emoji", "🔒🔒", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			loginID := fmt.Sprintf("user%d", i)
			_, err := w.SignUp(t.Context(), loginID, test.password, "민지", home)
			if test.wrong != "" {
				e, ok := asChatError(err)
				if !ok || e.Code != chat.Invalid || e.Fields["password"] != test.wrong {
					t.Fatalf("%v", err)
				}
				_, err = w.LogIn(t.Context(), loginID, test.password, home)
				expectCode(t, err, chat.BadCredentials)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.LogIn(t.Context(), loginID, test.password, home); err != nil {
				t.Error(err)
			}
			for _, near := range []string{strings.TrimSpace(test.password), test.password[:len(test.password)-1], test.password + "x", strings.ToUpper(test.password)} {
				if near != test.password {
					_, err = w.LogIn(t.Context(), loginID, near, home)
					expectCode(t, err, chat.BadCredentials)
				}
			}
		})
	}
}

func TestPasswordComposedAndDecomposedAreOne(t *testing.T) {
	w := newWorld(t, Options{})
	if _, err := w.SignUp(t.Context(), "minji", "cafe\u0301 배터리 \u1112\u1161\u11ab", "민지", home); err != nil {
		t.Fatal(err)
	}
	if _, err := w.LogIn(t.Context(), "minji", "caf\u00e9 배터리 \ud55c", home); err != nil {
		t.Error(err)
	}
}

func TestLoginIDs(t *testing.T) {
	w := newWorld(t, Options{})
	for loginID, wrong := range map[string]string{
		"": "required", "ab": "too_short", "abc": "", "a.b_c-9": "", strings.Repeat("x", 32): "", strings.Repeat("y", 33): "too_long",
		"a b c": "malformed", "민지민지": "malformed", "ab\x00": "malformed", "abc\u202e": "malformed", "ａｂｃ": "malformed",
		"a@b.c": "malformed", "K\u212alvin": "malformed", "' or 1=1": "malformed",
	} {
		_, err := w.SignUp(t.Context(), loginID, password, "민지", home)
		if wrong == "" {
			if err != nil {
				t.Errorf("%q: %v", loginID, err)
			}
			continue
		}
		if e, ok := asChatError(err); !ok || e.Fields["loginId"] != wrong {
			t.Errorf("%q: %v", loginID, err)
		}
	}
	_, err := w.SignUp(t.Context(), "ABC", password, "민지", home)
	expectCode(t, err, chat.LoginIDTaken)
	if g, err := w.LogIn(t.Context(), "aBc", password, home); err != nil || g.User.LoginID != "abc" {
		t.Errorf("%+v, %v", g, err)
	}
	_, err = w.SignUp(t.Context(), "x", "short", "", home)
	if e, ok := asChatError(err); !ok || len(e.Fields) != 3 {
		t.Errorf("not every field is named: %v", err)
	}
}

func TestSignUpClosed(t *testing.T) {
	w := newWorld(t, Options{SignUp: SignUpClosed})
	_, err := w.SignUp(t.Context(), "minji", password, "민지", home)
	expectCode(t, err, chat.Forbidden)
}

// Unknown account, wrong password, deleted account and impossible login id: the same answer after the same work. Clocks
// are too noisy to compare, so the hashes are counted.
func TestRefusedLogInsLookAndCostTheSame(t *testing.T) {
	w := newWorld(t, Options{})
	w.signUp(t, "minji")
	gone := w.signUp(t, "gone")
	if err := w.DeleteAccount(t.Context(), gone.Identity, password, home); err != nil {
		t.Fatal(err)
	}
	for _, loginID := range []string{"minji", "nobody", "gone", "no body", "", strings.Repeat("x", 500)} {
		before := w.hasher.made.Load()
		_, err := w.LogIn(t.Context(), loginID, "wrong password", home)
		if got := err.Error(); got != errBadCredentials().Error() {
			t.Errorf("%q: %v", loginID, got)
		}
		if n := w.hasher.made.Load() - before; n != 1 {
			t.Errorf("%q: %d hashes", loginID, n)
		}
	}
	if d := w.hasher.dummy; d.cost != w.hasher.cost || len(d.salt) != saltBytes || len(d.key) != keyBytes {
		t.Error("nobody's hash costs something else")
	}
}

func TestEveryLogInIsItsOwnSession(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.signUp(t, "minji")
	b, err := w.LogIn(t.Context(), "minji", password, home)
	if err != nil || a.SessionID == b.SessionID || a.RefreshToken == b.RefreshToken {
		t.Fatalf("%v", err)
	}
	if a.User.Role != chat.RoleAdmin {
		t.Error("the stored user is not the one returned")
	}
	all, err := w.Sessions(t.Context(), a.User.ID)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if err := w.EndSession(t.Context(), "someone else", a.SessionID, Revoked); chat.CodeOf(err) != chat.NotFound {
		t.Error(err)
	}
	if err := w.EndSession(t.Context(), a.User.ID, a.SessionID, Revoked); err != nil {
		t.Error(err)
	}
	if told := w.ended.take(); len(told) != 1 || told[string(a.SessionID)] != Revoked {
		t.Error(told)
	}
	_, err = w.Authenticate(t.Context(), a.AccessToken)
	expectCode(t, err, chat.Unauthorized)
	_, err = w.Session(t.Context(), a.SessionID)
	expectCode(t, err, chat.Unauthorized)
	if id, err := w.Session(t.Context(), b.SessionID); err != nil || id.User.ID != b.User.ID {
		t.Error(err)
	}
}

func TestLogOut(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	for _, tokens := range [][2]string{{"", ""}, {"x", "y"}, {"", g.AccessToken}} {
		if err := w.LogOut(t.Context(), tokens[0], tokens[1]); err != nil {
			t.Error(err)
		}
	}
	if told := w.ended.take(); len(told) != 0 {
		t.Fatal(told)
	}
	w.clock.move(AccessLife + time.Second) // the refresh token alone still names the session
	if err := w.LogOut(t.Context(), g.AccessToken, g.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if told := w.ended.take(); told[string(g.SessionID)] != LoggedOut {
		t.Fatal(told)
	}
	if err := w.LogOut(t.Context(), g.AccessToken, g.RefreshToken); err != nil {
		t.Error(err)
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	expectCode(t, w.ChangePassword(t.Context(), g.Identity, "wrong password", "a new password", home), chat.BadCredentials)
	expectCode(t, w.ChangePassword(t.Context(), g.Identity, password, "short", home), chat.Invalid)
	if _, err := w.LogIn(t.Context(), "minji", password, home); err != nil {
		t.Error("a refused change changed it")
	}
	if err := w.ChangePassword(t.Context(), g.Identity, password, "a new password", home); err != nil {
		t.Fatal(err)
	}
	_, err := w.LogIn(t.Context(), "minji", password, home)
	expectCode(t, err, chat.BadCredentials)
	if _, err := w.LogIn(t.Context(), "minji", "a new password", home); err != nil {
		t.Error(err)
	}
}

// Who logs in with the old password while it is being changed must not stay.
func TestPasswordChangeOvertakesLogIn(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	w.store.beforeInsert = func() {
		w.store.beforeInsert = nil
		if err := w.ChangePassword(t.Context(), g.Identity, password, "a new password", home); err != nil {
			t.Error(err)
		}
	}
	_, err := w.LogIn(t.Context(), "minji", password, home)
	expectCode(t, err, chat.BadCredentials)
	if all, _ := w.Sessions(t.Context(), g.User.ID); len(all) != 1 {
		t.Errorf("%d sessions", len(all))
	}
	w.store.beforeInsert = func() {
		w.store.beforeInsert = nil
		if err := w.DeleteAccount(t.Context(), g.Identity, "a new password", home); err != nil {
			t.Error(err)
		}
	}
	_, err = w.LogIn(t.Context(), "minji", "a new password", home)
	expectCode(t, err, chat.BadCredentials)
}

func TestDeleteAccount(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	other, err := w.LogIn(t.Context(), "minji", password, home)
	if err != nil {
		t.Fatal(err)
	}
	expectCode(t, w.DeleteAccount(t.Context(), g.Identity, "wrong password", home), chat.BadCredentials)
	if err := w.DeleteAccount(t.Context(), g.Identity, password, home); err != nil {
		t.Fatal(err)
	}
	told := w.ended.take()
	if len(told) != 2 || told[string(g.SessionID)] != AccountDeleted || told[string(other.SessionID)] != AccountDeleted {
		t.Error(told)
	}
	_, err = w.Authenticate(t.Context(), other.AccessToken)
	expectCode(t, err, chat.Unauthorized)
	expectCode(t, w.DeleteAccount(t.Context(), g.Identity, password, home), chat.Unauthorized)
}

func TestRehashAtAnotherCost(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	before := w.store.hashes[g.User.ID]
	w.hasher.cost.Passes = 2
	if _, err := w.LogIn(t.Context(), "minji", "wrong password", home); chat.CodeOf(err) != chat.BadCredentials || w.store.hashes[g.User.ID] != before {
		t.Error("a wrong password was taken over")
	}
	if _, err := w.LogIn(t.Context(), "minji", password, home); err != nil {
		t.Fatal(err)
	}
	after := w.store.hashes[g.User.ID]
	if !strings.HasPrefix(after, "$argon2id$v=19$m=8,t=2,p=1$") {
		t.Error(after)
	}
	if _, err := w.LogIn(t.Context(), "minji", password, home); err != nil || w.store.hashes[g.User.ID] != after {
		t.Error("hashed anew for nothing", err)
	}
	if told := w.ended.take(); len(told) != 0 {
		t.Error("rehashing ended", told)
	}
}

func TestStoredHashes(t *testing.T) {
	good := makeHash("12345678", cheap).String()
	if h, err := parseHash(good); err != nil || !h.matches("12345678") || h.matches("12345679") {
		t.Error(err)
	}
	// Vector of the reference implementation's test.c: password "password", salt "somesalt".
	known, err := parseHash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil || !known.matches("password") {
		t.Error("the known hash does not match", err)
	}
	part := strings.Split(good, "$")
	for name, hash := range map[string]string{
		"empty":             "",
		"bcrypt":            "$2b$12$abcdefghijklmnopqrstuuvwxyzabcdefghijklmnopqrstuvwxyzabcd",
		"argon2i":           strings.Replace(good, "argon2id", "argon2i", 1),
		"version":           strings.Replace(good, "v=19", "v=16", 1),
		"memory bomb":       strings.Replace(good, "m=8,", "m=4294967295,", 1),
		"pass bomb":         strings.Replace(good, "t=1,", "t=1000000,", 1),
		"no passes":         strings.Replace(good, "t=1,", "t=0,", 1),
		"no lanes":          strings.Replace(good, "p=1$", "p=0$", 1),
		"many lanes":        strings.Replace(good, "p=1$", "p=255$", 1),
		"overflow":          strings.Replace(good, "m=8,", "m=99999999999,", 1),
		"negative":          strings.Replace(good, "t=1,", "t=-1,", 1),
		"second spelling":   strings.Replace(good, "m=8,", "m=08,", 1),
		"more parameters":   strings.Replace(good, "p=1$", "p=1,x=2$", 1),
		"short key":         strings.Join(append(part[:5:5], "AAAA"), "$"),
		"empty salt":        strings.Join([]string{"", part[1], part[2], part[3], "", part[5]}, "$"),
		"padding":           good + "=",
		"more parts":        good + "$x",
		"an enormous thing": good + strings.Repeat("A", 1<<16),
	} {
		if _, err := parseHash(hash); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSecretsMustBeLong(t *testing.T) {
	if _, err := New(newMemory(), newMemory(), &ended{}, &clock{}, []byte("short"), Options{}); err == nil {
		t.Error("a short secret signs")
	}
	k, err := deriveKeys([]byte(strings.Repeat("s", 32)))
	if err != nil || string(k.access) == string(k.tag) || string(k.tag) == string(k.successor) {
		t.Error("keys are not independent", err)
	}
}

// However many log in at once, only so many hashes are at work, a bounded number waits, and who comes beyond is told to
// come again.
func TestHashesAreBounded(t *testing.T) {
	h, err := newHasher(cheap)
	if err != nil {
		t.Fatal(err)
	}
	h.slots, h.tickets = make(chan struct{}, 2), make(chan struct{}, 5)
	var mu sync.Mutex
	atWork, most := 0, 0
	release := make(chan struct{})
	results := make(chan error, 100)
	for range 100 {
		go func() {
			results <- h.do(t.Context(), func() {
				mu.Lock()
				atWork++
				most = max(most, atWork)
				mu.Unlock()
				<-release
				mu.Lock()
				atWork--
				mu.Unlock()
			})
		}()
	}
	for range 95 {
		e, ok := asChatError(<-results)
		if !ok || e.Code != chat.Unavailable || e.RetryAfter <= 0 {
			t.Fatalf("%v", e)
		}
	}
	close(release)
	for range 5 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if most != 2 || h.made.Load() != 5 {
		t.Errorf("%d at once, %d in all", most, h.made.Load())
	}
	if err := h.do(t.Context(), func() {}); err != nil {
		t.Error("not free again:", err)
	}

	h.slots <- struct{}{}
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	expectCode(t, h.do(ctx, func() { t.Error("hashed for nobody") }), chat.Unavailable)
	if len(h.tickets) != 0 {
		t.Error("who went away still waits")
	}
}

func from(address string) Device {
	d := home
	d.Address = netip.MustParseAddr(address)
	return d
}

func TestLimits(t *testing.T) {
	// tries guesses until the limit, and returns how many were let through.
	tries := func(w *world, loginID func(i int) string, address func(i int) string) int {
		for i := range 500 {
			before := w.hasher.made.Load()
			_, err := w.LogIn(t.Context(), loginID(i), "wrong password", from(address(i)))
			if e, ok := asChatError(err); ok && e.Code == chat.RateLimited {
				if e.RetryAfter <= 0 || w.hasher.made.Load() != before {
					t.Error("a refusal without a time, or after hashing")
				}
				return i
			}
			expectCode(t, err, chat.BadCredentials)
		}
		return 500
	}
	always := func(s string) func(int) string { return func(int) string { return s } }
	numbered := func(format string) func(int) string { return func(i int) string { return fmt.Sprintf(format, i) } }

	t.Run("one account from one address", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		w.signUp(t, "minji")
		if n := tries(w, always("minji"), always("198.51.100.1")); n != 10 {
			t.Errorf("%d tries", n)
		}
		_, err := w.LogIn(t.Context(), "minji", password, from("198.51.100.1"))
		expectCode(t, err, chat.RateLimited)
		w.clock.move(20 * time.Second)
		if _, err := w.LogIn(t.Context(), "minji", password, from("198.51.100.1")); err != nil {
			t.Error(err)
		}
	})
	t.Run("an unknown account is limited the same", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		if n := tries(w, always("nobody"), always("198.51.100.1")); n != 10 {
			t.Errorf("%d tries", n)
		}
		if n := tries(w, always("nobody"), numbered("203.0.113.%d")); n != 20 {
			t.Errorf("%d tries", n)
		}
	})
	t.Run("many accounts from one address", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		if n := tries(w, numbered("user%d"), always("198.51.100.1")); n != 60 {
			t.Errorf("%d tries", n)
		}
	})
	t.Run("one /64 is one address", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		if n := tries(w, numbered("user%d"), numbered("2001:db8::%x")); n != 60 {
			t.Errorf("%d tries", n)
		}
	})
	t.Run("one account from everywhere, and its owner from home", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		w.signUp(t, "minji") // from home
		if n := tries(w, always("minji"), numbered("198.51.100.%d")); n != 30 {
			t.Errorf("%d tries", n)
		}
		_, err := w.LogIn(t.Context(), "minji", password, from("198.51.100.222"))
		expectCode(t, err, chat.RateLimited)
		if _, err := w.LogIn(t.Context(), "minji", password, home); err != nil {
			t.Error("the owner is locked out:", err)
		}
		if n := tries(w, always("minji"), always(home.Address.String())); n >= 10 {
			t.Errorf("a known address guesses %d times", n)
		}
	})
	t.Run("sign-ups", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		for i := range 30 {
			w.signUp(t, fmt.Sprintf("user%d", i))
		}
		_, err := w.SignUp(t.Context(), "minji", password, "민지", home)
		expectCode(t, err, chat.RateLimited)
		if _, err := w.SignUp(t.Context(), "minji", password, "민지", from("198.51.100.1")); err != nil {
			t.Error(err)
		}
	})
	t.Run("the password of a stolen session", func(t *testing.T) {
		w := newWorld(t, Options{Limits: true})
		g := w.signUp(t, "minji")
		for range 10 {
			expectCode(t, w.DeleteAccount(t.Context(), g.Identity, "wrong password", home), chat.BadCredentials)
		}
		expectCode(t, w.DeleteAccount(t.Context(), g.Identity, password, home), chat.RateLimited)
		expectCode(t, w.ChangePassword(t.Context(), g.Identity, password, "a new password", home), chat.RateLimited)
	})
	t.Run("off", func(t *testing.T) {
		w := newWorld(t, Options{})
		if n := tries(w, always("nobody"), always("198.51.100.1")); n != 500 {
			t.Errorf("%d tries", n)
		}
	})
}

func TestUserAgentsAreShortAndClean(t *testing.T) {
	for in, want := range map[string]string{
		"Firefox/1":                      "Firefox/1",
		"a\r\nSet-Cookie: x\x1b[31m\x00": "aSet-Cookie: x[31m",
		strings.Repeat("가", 100):         strings.Repeat("가", 85),
		"\xff\xfe ok":                    "ok",
		strings.Repeat("\xff", 1000):     "",
	} {
		if got := cleanUserAgent(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}
