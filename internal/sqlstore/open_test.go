package sqlstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/maru-chat/maru/internal/chat"
)

func TestReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space, ? and # and %.db")
	db := openTest(t, path)
	seed := seedRoom(t, db, 1)
	send(t, db, seed.room, seed.users[0], "kept")
	if err := db.ClaimSecret(t.Context(), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	epoch := db.Epoch()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal("the second Close:", err)
	}
	for _, err := range []error{
		db.Write(t.Context(), func(chat.Tx) error { return nil }),
		db.Read(t.Context(), func(chat.Reader) error { return nil }),
	} {
		if chat.CodeOf(err) != chat.Unavailable {
			t.Fatal("after Close:", err)
		}
	}
	for _, name := range []string{path + "-wal", path + "-shm"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left after Close", name)
		}
	}

	db = openTest(t, path)
	if db.Epoch() != epoch || epoch == "" {
		t.Fatalf("epoch %q became %q", epoch, db.Epoch())
	}
	err := db.Read(t.Context(), func(r chat.Reader) error {
		m, err := r.Message(seed.room, 1)
		if err == nil && m.Text != "kept" {
			t.Errorf("text %q", m.Text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.ClaimSecret(t.Context(), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := db.ClaimSecret(t.Context(), []byte("another")); !errors.Is(err, ErrOtherSecret) {
		t.Fatal(err)
	}
	if err := db.RenewEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db = openTest(t, path); db.Epoch() == epoch {
		t.Fatal("the epoch was not renewed")
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	folder := t.TempDir()
	openTest(t, filepath.Join(folder, "maru.db"))
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 { // database, log, its index, lock
		t.Errorf("files: %v", files)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", f.Name(), info.Mode())
		}
	}
}

func TestOpenErrors(t *testing.T) {
	folder := func(name string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if content != nil {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	used := folder("maru.db", nil)
	openTest(t, used)

	newer := folder("maru.db", nil)
	db := openTest(t, newer)
	err := db.write(t.Context(), func(tx *tx) error {
		_, err := tx.exec("INSERT INTO schema_version VALUES (99, 0)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	foreign := folder("maru.db", nil)
	db = openTest(t, foreign)
	err = db.write(t.Context(), func(tx *tx) error { _, err := tx.exec("DROP TABLE schema_version"); return err })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		what, path string
		want       error
		says       string
	}{
		{"in use", used, ErrInUse, "data folder is in use by another maru"},
		{"no folder", filepath.Join(t.TempDir(), "none", "maru.db"), ErrFolder, "cannot be written to"},
		{"a folder instead of a file", t.TempDir(), ErrFolder, "cannot be written to"},
		{"not a database", folder("maru.db", []byte(strings.Repeat("a text, not a database\n", 100))), ErrNotDatabase, "not a Maru"},
		{"another program's database", foreign, ErrNotDatabase, "another program's"},
		{"newer", newer, ErrNewerSchema, "schema version 99 is newer than this maru knows (3): use a newer maru"},
	} {
		for range 2 { // the first failure leaves no lock behind
			_, err := Open(t.Context(), Options{Path: c.path, Logger: quiet})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", c.what, err)
			}
		}
	}
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.db")
	first, err := migrations.ReadFile("migration/sqlite/0001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	try := func(scripts map[string]string) error {
		steps := fstest.MapFS{"migration/sqlite/0001_first.sql": {Data: first}}
		for name, script := range scripts {
			steps["migration/sqlite/"+name] = &fstest.MapFile{Data: []byte(script)}
		}
		db, err := open(t.Context(), Options{Path: path, Logger: quiet}, &sqliteDialect{path: path}, steps)
		if err == nil {
			err = db.Close()
		}
		return err
	}
	if err := try(nil); err != nil {
		t.Fatal(err)
	}
	// One that breaks off leaves nothing, and the repaired one runs from its beginning.
	if try(map[string]string{"0002_more.sql": "CREATE TABLE more (x INTEGER); CREATE TABLE more (x INTEGER);"}) == nil {
		t.Fatal("a broken migration went through")
	}
	if try(map[string]string{"0003_gap.sql": "CREATE TABLE gap (x INTEGER)"}) == nil {
		t.Fatal("a gap in the numbers went unnoticed")
	}
	more := map[string]string{"0002_more.sql": "CREATE TABLE more (x INTEGER); INSERT INTO more VALUES (1);"}
	for range 2 {
		if err := try(more); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(nil); !errors.Is(err, ErrNewerSchema) {
		t.Fatal(err)
	}
}

func TestSettings(t *testing.T) {
	db := openTest(t, "")
	ask := func(s *snapshot, name string) (answer string) {
		if err := s.one("setting", []any{&answer}, "PRAGMA "+name); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	check := func(s *snapshot) error {
		for name, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "5000",
		} {
			if got := ask(s, name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		return nil
	}
	if err := db.write(t.Context(), func(tx *tx) error { return check(tx.snapshot) }); err != nil {
		t.Fatal(err)
	}
	for range cap(db.readers) {
		err := db.snapshot(t.Context(), func(s *snapshot) error {
			if ask(s, "query_only") != "1" {
				t.Error("a reader may write")
			}
			return check(s)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
