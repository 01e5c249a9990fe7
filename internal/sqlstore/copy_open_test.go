package sqlstore

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-chat/maru/test/mariadb"
)

// TestCopyRefuses opens what must not be copied, or copied into; nothing is made or changed there.
func TestCopyRefuses(t *testing.T) {
	server := mariadb.Shared(t)
	folder := t.TempDir()
	used := filepath.Join(folder, "maru.db")
	openTest(t, used)
	versioned := func(change string) Options {
		path := filepath.Join(t.TempDir(), "maru.db")
		db := openTest(t, path)
		populate(t, db, 1, 1)
		need(t, db.write(t.Context(), func(t *tx) error { _, err := t.exec(change); return err }))
		need(t, db.Close())
		return Options{Path: path}
	}
	text := filepath.Join(t.TempDir(), "text")
	need(t, os.WriteFile(text, []byte(strings.Repeat("no database, but text", 100)), 0o600))
	none := filepath.Join(t.TempDir(), "none.db")
	empty := server.Database(t)
	whole := server.Database(t)
	need(t, openURL(t, server.URL(whole)).Close())
	server.Do(t, "", "CREATE USER looks IDENTIFIED BY 'hush'; GRANT SELECT ON "+whole+".* TO looks")
	t.Cleanup(func() { server.Do(t, "", "DROP USER looks") })
	foreign := filepath.Join(t.TempDir(), "places.sqlite")
	pool, err := sql.Open("sqlite", foreign)
	need(t, err)
	_, err = pool.ExecContext(t.Context(), "CREATE TABLE places (id INTEGER)")
	need(t, errors.Join(err, pool.Close()))
	theirs := fileSum(t, foreign)
	older := versioned("DELETE FROM schema_version WHERE version = 3")
	source := func(o Options) error {
		s, err := OpenSource(t.Context(), o)
		if err == nil {
			err = s.Close()
		}
		return err
	}
	target := func(o Options) error {
		o.Logger = quiet
		d, err := OpenTarget(t.Context(), o)
		if err == nil {
			err = d.clear(t.Context())
			err = errors.Join(err, d.Close())
		}
		return err
	}
	for _, c := range []struct {
		what string
		err  error
		want error
	}{
		{"in use", source(Options{Path: used}), ErrInUse},
		{"not there", source(Options{Path: none}), ErrNoSource},
		{"no folder", source(Options{Path: filepath.Join(folder, "none", "maru.db")}), ErrNoSource},
		{"a folder", source(Options{Path: folder}), ErrNotDatabase},
		{"a text", source(Options{Path: text}), ErrNotDatabase},
		{"nothing on the server", source(Options{MySQL: server.URL(empty)}), ErrNotDatabase},
		{"newer", source(versioned("INSERT INTO schema_version VALUES (99, 0)")), ErrNewerSchema},
		{"older", source(older), ErrOlderSchema},
		{"nobody there", source(Options{MySQL: "mysql://a:hush@127.0.0.1:1/x"}), ErrNoServer},
		{"may read", source(Options{MySQL: "mysql://looks:hush@" + server.Addr() + "/" + whole}), nil},
		{"another program's", source(Options{Path: foreign}), ErrNotDatabase},
		{"target is another program's", target(Options{Path: foreign}), ErrNotDatabase},
		{"target is a text", target(Options{Path: text}), ErrNotDatabase},
		{"target in use", target(Options{Path: used}), ErrInUse},
		{"target may not be written", target(Options{MySQL: "mysql://looks:hush@" + server.Addr() + "/" + whole}), ErrDenied},
		{"target is older and full", target(older), ErrNotEmpty},
		{"target is newer", target(versioned("INSERT INTO schema_version VALUES (99, 0)")), ErrNotEmpty},
		{"target is empty", target(Options{MySQL: server.URL(empty)}), nil},
	} {
		if !errors.Is(c.err, c.want) || c.err != nil && (strings.Contains(c.err.Error(), "\n") || strings.Contains(c.err.Error(), "hush")) {
			t.Errorf("%s: %v", c.what, c.err)
		}
	}
	if fileSum(t, foreign) != theirs {
		t.Error("another program's database has changed")
	}
	if fileSum(t, none) != "none" {
		t.Error("the source was made")
	}
	pool, err = sql.Open("sqlite", older.Path)
	need(t, err)
	var version int
	need(t, errors.Join(pool.QueryRowContext(t.Context(), "SELECT MAX(version) FROM schema_version").Scan(&version), pool.Close()))
	if version != 2 {
		t.Errorf("a target that was refused is at version %d", version)
	}
}
