package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modernc.org/sqlite"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore/storetest"
	"github.com/maru-chat/maru/test/mariadb"
)

// nextSteps are a release's that is yet to come: tables and columns beside those that this program knows, and what is there is
// filled in.
var nextSteps = map[string]string{
	"0004_later.sql": `-- oldest: 3
CREATE TABLE later (
    id   VARCHAR(40) NOT NULL PRIMARY KEY, -- one
    note VARCHAR(40) NOT NULL
);
ALTER TABLE messages ADD COLUMN later_at BIGINT;
UPDATE messages SET later_at = sent_at;
INSERT INTO later (id, note) SELECT id, name FROM rooms;
`,
	"0005_indexed.sql": `-- oldest: 3
CREATE INDEX later_note ON later (note);
ALTER TABLE users ADD COLUMN later_name VARCHAR(100) NOT NULL DEFAULT '';
UPDATE users SET later_name = name;
`,
}

// withSteps are this program's migrations and more, each script as change makes it.
func withSteps(folder string, more map[string]string, change func(string) string) fstest.MapFS {
	steps := fstest.MapFS{}
	add := func(name, script string) {
		steps[path.Join("migration", folder, name)] = &fstest.MapFile{Data: []byte(change(script))}
	}
	_ = fs.WalkDir(migrations, path.Join("migration", folder), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			script, _ := migrations.ReadFile(name)
			add(path.Base(name), string(script))
		}
		return err
	})
	for name, script := range more {
		add(name, script)
	}
	return steps
}

func unchanged(script string) string { return script }

// inStrict has types as SQLite's STRICT tables know them.
func inStrict(d dialect) func(string) string {
	if d.folder() != "sqlite" {
		return unchanged
	}
	return strings.NewReplacer("VARCHAR(40)", "TEXT", "VARCHAR(100)", "TEXT", "BIGINT", "INTEGER").Replace
}

// Where a test's child process upgrades a database, and dies.
const (
	upgradeEnv = "MARU_TEST_UPGRADE" // a file, or a server's URL
	deathEnv   = "MARU_TEST_DIE_AT"  // the number of the statement after which it is killed
)

// upgradeAndDie brings a database to the next release's schema, and kills the process on its way; it returns where it got through.
func upgradeAndDie(where string) int {
	left, err := strconv.Atoi(os.Getenv(deathEnv))
	if err != nil {
		return 2
	}
	die := func() {
		if left--; left == 0 {
			p, _ := os.FindProcess(os.Getpid())
			_ = p.Kill()
			select {}
		}
	}
	var d dialect = &sqliteDialect{path: where}
	change := func(script string) string {
		return strings.Join(statements(script), ";\nSELECT die();\n") + ";\nSELECT die();\n"
	}
	if strings.HasPrefix(where, "mysql:") {
		server, err := newMySQL(where)
		if err != nil {
			return 2
		}
		server.broken = func(int, int, bool) error {
			die()
			return nil
		}
		d, change = server, unchanged
	}
	sqlite.MustRegisterFunction("die", &sqlite.FunctionImpl{Scalar: func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		die()
		return int64(0), nil
	}})
	types := inStrict(d)
	keepOldest := func(script string) string {
		script = types(script)
		if line := oldest.FindString(script); line != "" {
			return line + "\n" + change(script)
		}
		return change(script)
	}
	db, err := open(context.Background(), Options{Logger: quiet}, d, withSteps(d.folder(), nextSteps, keepOldest))
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// killedAt runs an upgrade that dies after so many statements; it reports whether there were so many.
func killedAt(t *testing.T, where string, statement int) bool {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), upgradeEnv+"="+where, deathEnv+"="+strconv.Itoa(statement))
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && exit.ExitCode() == -1: // killed
		return true
	}
	t.Fatalf("statement %d: %v %s", statement, err, said)
	return false
}

// next opens a database as the next release.
func next(t *testing.T, d dialect) *DB {
	t.Helper()
	db, err := open(t.Context(), Options{Logger: quiet}, d, withSteps(d.folder(), nextSteps, inStrict(d)))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func upgraded(t *testing.T, db *DB, messages int) {
	t.Helper()
	var done, rooms, named int
	ask := func(query string, into *int) {
		if err := db.snapshot(t.Context(), func(s *snapshot) error { return s.one("answer", []any{into}, query) }); err != nil {
			t.Fatal(err)
		}
	}
	ask("SELECT COUNT(*) FROM messages WHERE later_at = sent_at", &done)
	ask("SELECT COUNT(*) FROM later", &rooms)
	ask("SELECT COUNT(*) FROM users WHERE later_name = name", &named)
	if done != messages || rooms != 1 || named != 3 {
		t.Errorf("%d messages, %d rooms, %d users", done, rooms, named)
	}
}

// TestUpgradesThatAreKilled kills a process after each statement of each migration, of a new database's and of an upgrade's: the next
// start completes it, and nothing that was there is lost. Before an upgrade the file was copied, whole.
func TestUpgradesThatAreKilled(t *testing.T) {
	fresh, old := 0, 0
	for ; ; fresh++ {
		file := filepath.Join(t.TempDir(), "maru.db")
		if !killedAt(t, file, fresh+1) {
			break
		}
		db := next(t, &sqliteDialect{path: file})
		seedRoom(t, db, 1)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	before := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, before)
	seed := seedRoom(t, db, 3)
	addMessages(t, db, seed, 40)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(before)
	if err != nil {
		t.Fatal(err)
	}
	for ; ; old++ {
		file := filepath.Join(t.TempDir(), "maru.db")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if !killedAt(t, file, old+1) {
			break
		}
		db := next(t, &sqliteDialect{path: file})
		upgraded(t, db, 40)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		kept := openTest(t, file+keptMark+"3")
		if err := kept.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if got, err := headOf(kept, seed.room); err != nil || got != 40 {
			t.Errorf("the copy from before has %d messages: %v", got, err)
		}
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if fresh < 30 || old < 7 {
		t.Errorf("killed after %d statements of a new database, %d of an upgrade", fresh, old)
	}
	t.Logf("SQLite: killed after each of %d statements of a new database and %d of an upgrade; each was completed at the next start", fresh, old)
}

func TestUpgradesThatAreKilledOnMySQL(t *testing.T) {
	server := mariadb.Shared(t)
	killed := 0
	for statement := 1; ; statement++ {
		url := server.URL(server.Database(t))
		db := openURL(t, url)
		addMessages(t, db, seedRoom(t, db, 3), 40)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if !killedAt(t, url, statement) {
			break
		}
		killed++
		d, err := newMySQL(url)
		if err != nil {
			t.Fatal(err)
		}
		db = next(t, d)
		upgraded(t, db, 40)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if killed < 2*7 { // before and after each was recorded
		t.Errorf("killed %d times", killed)
	}
	t.Logf("MySQL: killed at %d places of an upgrade; each was completed at the next start", killed)
}

// addMessages adds messages to a room.
func addMessages(t *testing.T, db *DB, seed seeded, messages int) {
	t.Helper()
	err := db.Write(t.Context(), func(tx chat.Tx) error {
		for i := range messages {
			if err := insert(tx, seed.room, seed.users[0], fmt.Sprint("said", i), text(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func headOf(db *DB, id chat.RoomID) (head int64, err error) {
	err = db.Read(context.Background(), func(r chat.Reader) error {
		room, err := r.Room(id)
		head = room.Head
		return err
	})
	return head, err
}

// nextMySQL is the address of a server's database that a later release has upgraded.
func nextMySQL(t *testing.T) string {
	t.Helper()
	server := mariadb.Shared(t)
	url := server.URL(server.Database(t))
	d, err := newMySQL(url)
	if err != nil {
		t.Fatal(err)
	}
	if err := next(t, d).Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

// TestThePreviousReleaseOnTheNewSchema runs the whole suite with this program on a database that a later release has upgraded.
func TestThePreviousReleaseOnTheNewSchema(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store {
		file := filepath.Join(t.TempDir(), "maru.db")
		if err := next(t, &sqliteDialect{path: file}).Close(); err != nil {
			t.Fatal(err)
		}
		return openTest(t, file)
	})
	t.Run("MySQL", func(t *testing.T) {
		db := openURL(t, nextMySQL(t))
		seed := seedRoom(t, db, 3)
		addMessages(t, db, seed, 5)
		if head, err := headOf(db, seed.room); err != nil || head != 5 {
			t.Errorf("%d %v", head, err)
		}
	})
}

// TestThePreviousReleaseBacksUp copies a file whole whose schema has more than this program knows, and refuses to copy rows of a
// server, of which it would leave something out.
func TestThePreviousReleaseBacksUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "maru.db")
	db := next(t, &sqliteDialect{path: file})
	addMessages(t, db, seedRoom(t, db, 3), 40)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := OpenBeside(t.Context(), Options{Path: file, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(copied)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Freeze(t.Context(), ""), b.Write(t.Context(), f), f.Close(), b.Record(t.Context(), time.Now()), b.Close()); err != nil {
		t.Fatal(err)
	}
	if b.Schema() != 5 || b.Latest() != 3 {
		t.Errorf("schema %d of %d", b.Schema(), b.Latest())
	}
	db = next(t, &sqliteDialect{path: copied})
	defer func() { _ = db.Close() }()
	var later int
	err = db.snapshot(t.Context(), func(s *snapshot) error {
		return s.one("count", []any{&later}, "SELECT COUNT(later_at) + COUNT(*) FROM messages")
	})
	if err != nil || later != 40 {
		t.Errorf("%d %v", later, err)
	}

	if b, err = OpenBeside(t.Context(), Options{MySQL: nextMySQL(t), Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	if err := b.Freeze(t.Context(), t.TempDir()); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("a server's rows were copied: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// A later release may leave this one no way back.
func TestNoWayBack(t *testing.T) {
	for oldest, want := range map[string]error{"": ErrNewerSchema, "-- oldest: 4\n": ErrNewerSchema, "-- oldest: 3\n": nil, "-- oldest: 1\n": nil} {
		d := &sqliteDialect{path: filepath.Join(t.TempDir(), "maru.db")}
		steps := withSteps("sqlite", map[string]string{"0004_x.sql": oldest + "CREATE TABLE x (y INTEGER);"}, unchanged)
		db, err := open(t.Context(), Options{Logger: quiet}, d, steps)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db, err = open(t.Context(), Options{Logger: quiet}, d, migrations)
		if !errors.Is(err, want) {
			t.Errorf("%q: %v", oldest, err)
		}
		if err == nil {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Every migration from the first release on says which programs still work with what it makes, and none takes back what one before
// has said.
func TestMigrationsSayWhoMayGoBack(t *testing.T) {
	const released = 3 // the schema of the first release
	for _, folder := range []string{"sqlite", "mysql"} {
		steps := withSteps(folder, nil, unchanged)
		before := 0
		for _, name := range slices.Sorted(maps.Keys(steps)) {
			number, _, _ := strings.Cut(path.Base(name), "_")
			version, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			if version <= released {
				continue
			}
			found := oldest.FindStringSubmatch(string(steps[name].Data))
			if found == nil {
				t.Errorf("%s does not say -- oldest: N", name)
				continue
			}
			n, err := strconv.Atoi(found[1])
			if err != nil || n < before || n >= version {
				t.Errorf("%s: oldest %s", name, found[1])
			}
			before = n
		}
	}
}

func TestCopiesFromBeforeAnUpgradeGo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, file)
	week := time.Now().Add(-keptFor - time.Minute)
	for name, old := range map[string]bool{
		".schema-1": true, ".schema-2": false, ".schema-3.unfinished": false, ".schema-old": true, ".schema-": true, "-other": true,
	} {
		if err := os.WriteFile(file+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if old {
			if err := os.Chtimes(file+name, week, week); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.SweepKept(); err != nil {
		t.Fatal(err)
	}
	var left []string
	names, err := filepath.Glob(file + "?*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if rest := strings.TrimPrefix(name, file); rest != "-wal" && rest != "-shm" {
			left = append(left, rest)
		}
	}
	if want := []string{"-other", ".schema-", ".schema-2", ".schema-old"}; !slices.Equal(left, want) {
		t.Errorf("left are %q", left)
	}
}
