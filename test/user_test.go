package test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// account runs maru user; it returns the password that was printed, where one was.
func account(t *testing.T, data string, args ...string) (code int, password, said string) {
	t.Helper()
	code, out, errs := maru(t, append([]string{"user", args[0], "--data", data}, args[1:]...)...)
	if found := regexp.MustCompile(`password ([A-Z2-7]{26})`).FindStringSubmatch(out); found != nil {
		password = found[1]
	}
	return code, password, out + errs
}

// TestUsers has an operator make an account, change its role and its password, at the machine itself.
func TestUsers(t *testing.T) {
	data, addr := t.TempDir(), program.FreeAddr(t)
	serve := func() *program.Maru { return program.Start(t, data, addr, "--signup", "closed") }
	enter := func(m *program.Maru, password string) *browser {
		jar, err := cookiejar.New(nil)
		must(t, err)
		b := &browser{Client: http.Client{Jar: jar, Timeout: 20 * time.Second}, url: m.URL()}
		if _, err := b.call("POST", "/session", fmt.Sprintf(`{"loginId":"jisu","password":%q}`, password)); err != nil {
			return nil
		}
		return b
	}
	stop := func(m *program.Maru) {
		if code := m.Terminate(); code != 0 {
			t.Fatal(m.Said())
		}
	}
	if code, password, said := account(t, data, "create", "Boss", "--name", "대표"); code != 0 || password == "" {
		t.Fatal(said)
	}
	code, first, said := account(t, data, "create", "Jisu", "--name", "최지수")
	if code != 0 || first == "" {
		t.Fatal(said)
	}
	m := serve()
	b := enter(m, first)
	if b == nil {
		t.Fatal("the printed password does not open")
	}
	if got := get(t, b, "GET", "/me", "", "user", "role"); got != "member" {
		t.Error(got)
	}
	if sessions := get(t, b, "GET", "/me/sessions", "", "sessions"); strings.Count(sessions, "map[") != 1 {
		t.Errorf("who made the account is still logged in: %s", sessions)
	}
	if code, _, said := account(t, data, "promote", "jisu"); code == 0 || !strings.Contains(said, "in use") {
		t.Errorf("while it runs: %d %s", code, said)
	}
	stop(m)
	if code, _, said := account(t, data, "promote", "jisu"); code != 0 {
		t.Error(said)
	}
	code, second, said := account(t, data, "password", "JISU")
	if code != 0 || second == "" || second == first {
		t.Error(said)
	}
	m = serve()
	if _, err := b.call("GET", "/me", ""); err == nil {
		t.Error("the old session goes on")
	}
	if enter(m, first) != nil {
		t.Error("the old password opens")
	}
	if b = enter(m, second); b == nil {
		t.Fatal("the new password does not open")
	}
	if got := get(t, b, "GET", "/me", "", "user", "role"); got != "admin" {
		t.Error(got)
	}
	stop(m)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"create", "jisu"}, "taken"},
		{[]string{"create", "ji"}, "loginId is too short"},
		{[]string{"create", "한글"}, "loginId is malformed"},
		{[]string{"create", "long", "--name", strings.Repeat("가", 21)}, "name is too long"},
		{[]string{"promote", "nobody"}, "nobody has that login id"},
		{[]string{"password", "nobody"}, "nobody has that login id"},
		{[]string{"create"}, "<login-id>"},
	} {
		if code, password, said := account(t, data, c.args...); code != 1 || password != "" || !strings.Contains(said, c.says) || strings.Count(said, "\n") != 1 {
			t.Errorf("%q: %d %s", c.args, code, said)
		}
	}
	if code, _, said := account(t, data, "promote", "jisu", "--member"); code != 0 || !strings.Contains(said, "member") {
		t.Errorf("%d %s", code, said)
	}
}
