package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/nats"
	"github.com/maru-chat/maru/test/program"
	"github.com/maru-chat/maru/test/s3"
)

// proxy stands in front of a maru; strip has it forget that a request wants a WebSocket.
func proxy(t *testing.T, m *program.Maru, strip bool, certificate bool) string {
	t.Helper()
	target, err := url.Parse(m.URL())
	must(t, err)
	through := httputil.NewSingleHostReverseProxy(target)
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strip {
			r.Header.Del("Upgrade")
			r.Header.Del("Connection")
		}
		through.ServeHTTP(w, r)
	})
	server := httptest.NewUnstartedServer(front)
	if certificate {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL
}

// TestDoctor has the doctor find each thing that can be wrong, and say what to do.
func TestDoctor(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	m := program.Start(t, data, program.FreeAddr(t))
	person(t, m, "jisu")
	database := filepath.Join(data, "maru.db")
	backedUp := func(age time.Duration) func() {
		return func() {
			value := time.Now().Add(-age).UTC().Format(time.RFC3339)
			edit(t, database, fmt.Sprintf("DELETE FROM meta WHERE name = 'last_backup'; INSERT INTO meta VALUES ('last_backup', CAST('%s' AS BLOB))", value))
		}
	}
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	photos := s3.Start(t)
	photos.Bucket("doctor")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
	for _, c := range []struct {
		name string
		do   func()
		args []string
		code int
		says []string // patterns of lines
	}{
		{"fresh", nil, nil, 0, []string{"WARN  backup +there is none: have maru backup", "ok    database .*schema 3", "ok    disk .* free", "ok    secret", "ok    bus +none", "ok    blobs", "ok    images +not compared"}},
		{"backed up today", backedUp(3 * time.Hour), nil, 0, []string{"ok    backup +the newest began 3h0m0s ago"}},
		{"backed up last week", backedUp(7*24*time.Hour + time.Hour), nil, 0, []string{"WARN  backup +the newest is 7 days old: see why"}},
		{"through a proxy", nil, []string{"--public-url", proxy(t, m, false, false)}, 0, []string{"ok    site", "ok    websocket", "ok    polling"}},
		{"through a proxy without WebSocket", nil, []string{"--public-url", proxy(t, m, true, false)}, 1, []string{"ok    site", "BAD   websocket .*have the proxy pass Upgrade", "ok    polling"}},
		{"through one that nobody trusts", nil, []string{"--public-url", proxy(t, m, false, true)}, 1, []string{"BAD   site .*certificate"}},
		{"somebody else's site", nil, []string{"--public-url", nothing.URL}, 1, []string{"BAD   site .*answered by something else .404"}},
		{"nobody's site", nil, []string{"--public-url", "http://127.0.0.1:1"}, 1, []string{"BAD   site .*connection refused.: see that Maru"}},
		{"no NATS", nil, []string{"--bus", "nats://127.0.0.1:1"}, 1, []string{"BAD   bus .*see that it runs"}},
		{"NATS", nil, []string{"--bus", nats.Start(t).URL()}, 0, []string{"ok    bus +NATS answers"}},
		{"a bucket that refuses us", nil, []string{"--blobs", "s3://doctor?endpoint=" + photos.Endpoint() + "&region=" + s3.Region}, 1, []string{"BAD   blobs .*credentials"}},
		{"a secret for everybody", func() { must(t, os.Chmod(filepath.Join(data, "secret"), 0o644)) }, nil, 0, []string{"WARN  secret .*chmod 600"}},
		{"another secret", nil, []string{"--secret-file", secretFile(t)}, 1, []string{"BAD   secret .*differs"}},
		{"no secret", nil, []string{"--secret-file", filepath.Join(data, "none")}, 1, []string{"BAD   secret .*put it back"}},
		{"a newer schema", func() { edit(t, database, "INSERT INTO schema_version VALUES (99, 1)") }, nil, 1, []string{"BAD   database .*newer than this program"}},
		{"an older one", func() { edit(t, database, "DELETE FROM schema_version WHERE version IN (3, 99)") }, nil, 0, []string{"ok    database .*schema 2: the next start upgrades it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.do != nil {
				c.do()
			}
			code, said := doctor(t, data, c.args...)
			if code != c.code || strings.Contains(said, "hush") {
				t.Errorf("%d: %s", code, said)
			}
			for _, line := range c.says {
				if !regexp.MustCompile("(?m)^" + line).MatchString(said) {
					t.Errorf("%q is not said: %s", line, said)
				}
			}
			if bad := strings.Contains(said, "BAD "); bad != (code != 0) {
				t.Errorf("%d: %s", code, said)
			}
		})
	}
	none := filepath.Join(t.TempDir(), "none")
	if code, said := doctor(t, none); code == 0 || !strings.Contains(said, "no such database") {
		t.Errorf("%d: %s", code, said)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("the doctor has made a data folder")
	}
}

func TestDoctorOfAServer(t *testing.T) {
	server := mariadb.Shared(t)
	name := server.Database(t)
	data := t.TempDir()
	m := program.Start(t, data, program.FreeAddr(t), "--database", server.URL(name))
	if code := m.Terminate(); code != 0 {
		t.Fatal(m.Said())
	}
	if code, said := doctor(t, data, "--database", server.URL(name)); code != 0 || !regexp.MustCompile(`(?m)^ok    database .*syncs every commit`).MatchString(said) {
		t.Errorf("%d: %s", code, said)
	}
	server.Do(t, name, "SET GLOBAL innodb_flush_log_at_trx_commit = 2")
	defer server.Do(t, name, "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
	code, said := doctor(t, data, "--database", server.URL(name))
	if code != 0 || !strings.Contains(said, "WARN  database  the database server may lose acknowledged messages when it crashes: set innodb_flush_log_at_trx_commit to 1 (is: 2)") {
		t.Errorf("%d: %s", code, said)
	}
	if strings.Contains(said, mariadb.Password) {
		t.Errorf("a password is said: %s", said)
	}
}

// A folder that was copied back by other means than a restore gets a history of its own.
func TestNewEpoch(t *testing.T) {
	data, addr := t.TempDir(), program.FreeAddr(t)
	m := program.Start(t, data, addr)
	b := person(t, m, "jisu")
	room := get(t, b, "POST", "/rooms", `{"name":"방","category":"모임"}`, "room", "id")
	epoch := func() string { return get(t, b, "GET", "/rooms/"+room+"/changes?since=0", "", "epoch") }
	before := epoch()
	if code, said := doctor(t, data, "--new-epoch"); code == 0 || !strings.Contains(said, "in use") {
		t.Errorf("while it runs: %d %s", code, said)
	}
	if code := m.Terminate(); code != 0 {
		t.Fatal(m.Said())
	}
	if code, said := doctor(t, data, "--new-epoch"); code != 0 || !strings.Contains(said, "history of its own") {
		t.Errorf("%d %s", code, said)
	}
	program.Start(t, data, addr)
	if epoch() == before {
		t.Error("the epoch is the same")
	}
}
