package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/test/mariadb"
)

// TestCopyKnowsTheSchema fails where a migration has added a table or a column, and a copy would forget it.
func TestCopyKnowsTheSchema(t *testing.T) {
	for name, open := range map[string]func() *DB{
		"sqlite": func() *DB { return openTest(t, "") },
		"mysql":  func() *DB { return openMySQL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db := open()
			query := "SELECT m.name, c.name, c.type, c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c" +
				" WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.pk, c.name"
			if name == "mysql" {
				query = "SELECT c.table_name, c.column_name, c.data_type, COALESCE(k.seq_in_index, 0) FROM information_schema.columns c" +
					" LEFT JOIN information_schema.statistics k ON k.table_schema = c.table_schema AND k.table_name = c.table_name" +
					" AND k.column_name = c.column_name AND k.index_name = 'PRIMARY' WHERE c.table_schema = DATABASE() ORDER BY 1, 4, 2"
			}
			have, keys := map[string][]string{}, map[string][]string{}
			rows, err := db.writer.conn.c.QueryContext(t.Context(), query)
			need(t, err)
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var table, column, is string
				var pk int
				need(t, rows.Scan(&table, &column, &is, &pk))
				if slices.Contains(leftTables, table) {
					continue
				}
				if name == "mysql" { // it does not tell ids from bytes
					is = map[bool]string{true: "INTEGER", false: "TEXT"}[strings.HasSuffix(is, "int")]
				}
				have[table] = append(have[table], column+" "+is)
				if pk > 0 {
					keys[table] = append(keys[table], column)
				}
			}
			need(t, rows.Err())
			for _, table := range copiedTables {
				names, kinds := table.columns()
				var want []string
				for i, column := range names {
					is := map[kind]string{textual: "TEXT", integral: "INTEGER", binaryKind: "BLOB"}[kinds[i]]
					if name == "mysql" && is == "BLOB" {
						is = "TEXT"
					}
					want = append(want, column+" "+is)
				}
				slices.Sort(want)
				slices.Sort(have[table.name])
				if !slices.Equal(want, have[table.name]) {
					t.Errorf("%s: a copy takes\n%v, and there are\n%v", table.name, want, have[table.name])
				}
				if key := strings.Join(keys[table.name], ", "); key != table.key {
					t.Errorf("%s: the key is %s and not %s", table.name, key, table.key)
				}
				delete(have, table.name)
			}
			if len(have) > 0 {
				t.Errorf("a copy would forget %v", have)
			}
		})
	}
}

func need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Texts that some database or driver would like to change.
var awkward = []string{
	"", " ", "trailing  ", "\x00", "a\x00b", "'\"\\%_`", "가나다 라마바", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301", "é", "İıſß", "\r\n\t", "-1", "NULL", "0x41",
	strings.Repeat("길", 5000), strings.Repeat("😀 ", 3000), "\u200b\ufeff\u202e",
}

// populate puts rows into every table: what the program would, and what it never does.
func populate(t testing.TB, db *DB, rooms, messages int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	words := func() string { return awkward[r.IntN(len(awkward))] }
	maybe := func(v any) any {
		if r.IntN(3) == 0 {
			return nil
		}
		return v
	}
	raw := func() []byte {
		b := make([]byte, r.IntN(33)) // and none at all
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	err := db.write(t.Context(), func(t *tx) (err error) {
		into := func(table string, values ...any) {
			if err != nil {
				return
			}
			for _, known := range copiedTables {
				if known.name == table {
					names, _ := known.columns()
					_, err = t.exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+placeholders(len(values))+")", values...)
				}
			}
		}
		into("meta", metaSecret, raw())
		into("meta", "empty", []byte{})
		for i := range 40 {
			id := fmt.Sprint("user-", i)
			into("users", id, maybe(fmt.Sprint("login-", i)), short(words(), 60), short(words(), 60), "member", words()[:min(len(words()), 0)], maybe(id), int64(i), i%2)
			into("sessions", "session-"+id, id, "browser", "agent \xff\xfe "+short(words(), 60), "::1", int64(i), int64(i), int64(1)<<60, int64(-i), raw(), maybe(raw()))
		}
		into("admin_claim", "user-0", 1)
		for i := range 10 {
			into("categories", fmt.Sprint("category ", i, " "), short(words(), 60), fmt.Sprint(i), i*3+1)
		}
		for n := 1; n <= rooms; n++ {
			into("rooms", fmt.Sprint("room", n), "public", "all", "", maybe(fmt.Sprint("category ", n%10, " ")), maybe(fmt.Sprint("key", n)),
				maybe(fmt.Sprint("low", n)), maybe(fmt.Sprint("high", n)), short(words(), 60), words(), short(words(), 20), n*7, int64(messages), 2, n%2, int64(n))
			for i := range 3 {
				into("memberships", fmt.Sprint("user-", i), "member", n*7, int64(n), 0, int64(n), i%2)
			}
			for seq := range messages {
				into("messages", "message", fmt.Sprint("user-", seq%5), maybe(fmt.Sprint(n, "-", seq)), "", "", "", words(),
					n*7, seq+1, seq+1, int64(seq), 0, seq%3, seq%2, maybe(raw()))
			}
			into("images", fmt.Sprint("image-", n), "user-1", "image/jpeg", "image/png", "blur", int64(n), 3, 4, int64(5), n%2, maybe(int64(n)), maybe(n*7), int64(n), 0)
			into("spent_client_ids", "user-1", fmt.Sprint("Spent", n, " "))
			into("blob_removals", fmt.Sprint("image/", n), int64(n))
		}
		return err
	})
	need(t, err)
}

func short(text string, runes int) string {
	return string([]rune(text)[:min(runes, len([]rune(text)))])
}

func fileSum(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	need(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// copyInto copies and finishes.
func copyInto(t testing.TB, from, to Options) []Copied {
	t.Helper()
	from.Logger, to.Logger = quiet, quiet
	source, err := OpenSource(t.Context(), from)
	need(t, err)
	target, err := OpenTarget(t.Context(), to)
	need(t, err)
	copied, err := target.CopyFrom(t.Context(), source, func(Progress) {})
	need(t, err)
	need(t, target.Finish())
	need(t, errors.Join(target.Close(), source.Close()))
	return copied
}

// TestCopyRoundTrip copies SQLite to MySQL and back. Nothing is lost on the way, and nothing changes in the source.
func TestCopyRoundTrip(t *testing.T) {
	server := mariadb.Shared(t)
	first, last := filepath.Join(t.TempDir(), "maru.db"), filepath.Join(t.TempDir(), "maru.db")
	between := server.URL(server.Database(t))
	db := openTest(t, first)
	populate(t, db, 12, 30)
	// The newest room is gone: its number must not be given again.
	need(t, db.write(t.Context(), func(t *tx) error {
		if _, err := t.exec("INSERT INTO categories (num, id, name, name_key) VALUES (999, 'gone', 'gone', 'gone')"); err != nil {
			return err
		}
		_, err := t.exec("DELETE FROM categories WHERE num = 999")
		return err
	}))
	epoch := db.Epoch()
	need(t, db.Close())
	before := fileSum(t, first)
	// A maru has been started on the target once.
	need(t, openURL(t, between).Close())

	up := copyInto(t, Options{Path: first}, Options{MySQL: between})
	down := copyInto(t, Options{MySQL: between}, Options{Path: last})
	for i, one := range up {
		if one.Rows == 0 || one.Table != down[i].Table || one.Rows != down[i].Rows || !bytes.Equal(one.Sum, down[i].Sum) {
			t.Errorf("%+v came back as %+v", one, down[i])
		}
	}
	if fileSum(t, first) != before {
		t.Error("the source has changed")
	}
	for _, left := range []string{"-wal", "-shm", "-journal"} {
		if fileSum(t, first+left) != "none" {
			t.Errorf("%s was made", left)
		}
	}
	for name, db := range map[string]*DB{"mysql": openURL(t, between), "sqlite": openTest(t, last)} {
		if db.Epoch() != epoch {
			t.Errorf("%s: the epoch is another one", name)
		}
		var num int64
		need(t, db.Write(t.Context(), func(tx chat.Tx) error {
			return tx.InsertCategory(chat.Category{ID: "new", Name: "new"})
		}))
		need(t, db.snapshot(t.Context(), func(s *snapshot) error {
			return s.one("category", []any{&num}, "SELECT num FROM categories WHERE id = 'new'")
		}))
		if num != 1000 {
			t.Errorf("%s: the next category has number %d", name, num)
		}
	}
}

// TestCopyIsOneMoment writes to a source on a server while it is copied: none of it is taken, and both ends are the same.
func TestCopyIsOneMoment(t *testing.T) {
	server := mariadb.Shared(t)
	name := server.Database(t)
	populate(t, openURL(t, server.URL(name)), 2, 10)
	source, err := OpenSource(t.Context(), Options{MySQL: server.URL(name), Logger: quiet})
	need(t, err)
	target, err := OpenTarget(t.Context(), Options{Path: filepath.Join(t.TempDir(), "maru.db"), Logger: quiet})
	need(t, err)
	n := 0
	copied, err := target.CopyFrom(t.Context(), source, func(Progress) {
		n++
		server.Do(t, name, fmt.Sprintf("INSERT INTO spent_client_ids VALUES ('late', '%d'); UPDATE messages SET text = 'late' WHERE seq = %d", n, n))
	})
	need(t, errors.Join(err, target.Finish(), target.Close(), source.Close()))
	if n < 10 || copied[8].Table != "spent_client_ids" || copied[8].Rows != 2 {
		t.Errorf("%d times: %+v", n, copied)
	}
}

// TestCopyAfterACrash copies a database whose newest rows are in the log that a crash has left.
func TestCopyAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, path)
	populate(t, db, 3, 10)
	// A process that is killed leaves its index too; what was copied from a disk may be without it, or be found by a link.
	var left [3]string
	for i := range left {
		left[i] = filepath.Join(t.TempDir(), "maru.db")
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if suffix == "-shm" && i > 0 {
				continue
			}
			content, err := os.ReadFile(path + suffix)
			need(t, err)
			need(t, os.WriteFile(left[i]+suffix, content, 0o600))
		}
	}
	need(t, db.Close())
	want := copyInto(t, Options{Path: path}, Options{Path: filepath.Join(t.TempDir(), "maru.db")})
	link := filepath.Join(t.TempDir(), "maru.db")
	need(t, os.Symlink(left[2], link))
	for i, from := range []string{left[0], left[1], link} {
		file, log := fileSum(t, left[i]), fileSum(t, left[i]+"-wal")
		got := copyInto(t, Options{Path: from}, Options{Path: filepath.Join(t.TempDir(), "maru.db")})
		if fmt.Sprint(got) != fmt.Sprint(want) || got[1].Rows == 0 {
			t.Errorf("%s: %v\n%v", from, got, want)
		}
		if fileSum(t, left[i]) != file || fileSum(t, left[i]+"-wal") != log || i > 0 && fileSum(t, left[i]+"-shm") != "none" {
			t.Errorf("%s: the source has changed", from)
		}
	}
}

// TestUnfinishedCopy breaks copies off: nobody serves what they leave, and another one begins anew.
func TestUnfinishedCopy(t *testing.T) {
	server := mariadb.Shared(t)
	path := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, path)
	populate(t, db, 3, 10)
	need(t, db.Close())
	for name, to := range map[string]Options{
		"mysql": {MySQL: server.URL(server.Database(t))}, "sqlite": {Path: filepath.Join(t.TempDir(), "maru.db")},
	} {
		t.Run(name, func(t *testing.T) {
			to.Logger = quiet
			for _, stop := range []string{"users", "messages", "blob_removals", "checking"} {
				source, err := OpenSource(t.Context(), Options{Path: path, Logger: quiet})
				need(t, err)
				target, err := OpenTarget(t.Context(), to)
				need(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				_, err = target.CopyFrom(ctx, source, func(p Progress) {
					if p.Table == stop || stop == "checking" && p.Checking {
						cancel()
					}
				})
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				need(t, errors.Join(target.Close(), source.Close()))
				if _, err := Open(t.Context(), to); !errors.Is(err, ErrUnfinished) || strings.Contains(err.Error(), "\n") {
					t.Fatal(err)
				}
				if _, err := OpenSource(t.Context(), to); !errors.Is(err, ErrUnfinished) {
					t.Fatal(err)
				}
			}
			copyInto(t, Options{Path: path}, to)
			if _, err := OpenTarget(t.Context(), to); !errors.Is(err, ErrNotEmpty) {
				t.Fatal(err)
			}
			db, err := Open(t.Context(), to)
			need(t, err)
			need(t, db.Close())
		})
	}
}

// TestTargetGoesAway kills the server in the middle of a copy, which says so in one line; once it is back another copy begins anew,
// also where its user may not drop anything.
func TestTargetGoesAway(t *testing.T) {
	server := mariadb.Start(t)
	name := server.Database(t)
	path := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, path)
	populate(t, db, 20, 100)
	need(t, db.Close())
	server.Do(t, "", "CREATE USER plain IDENTIFIED BY 'hush'; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON "+name+".* TO plain")
	to := Options{MySQL: "mysql://plain:hush@" + server.Addr() + "/" + name, Logger: quiet}
	source, err := OpenSource(t.Context(), Options{Path: path, Logger: quiet})
	need(t, err)
	target, err := OpenTarget(t.Context(), to)
	need(t, err)
	_, err = target.CopyFrom(t.Context(), source, func(p Progress) {
		if p.Table == "messages" && p.Rows == 1000 {
			server.Kill()
		}
	})
	if !errors.Is(err, ErrNoServer) || !strings.Contains(err.Error(), "messages") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
	_ = target.Close() // it is away
	need(t, source.Close())
	server.Run(t)
	if _, err := Open(t.Context(), to); !errors.Is(err, ErrUnfinished) {
		t.Error(err)
	}
	copyInto(t, Options{Path: path}, to)
}

// TestCopyNoticesDifferences changes the copy before it is compared.
func TestCopyNoticesDifferences(t *testing.T) {
	server := mariadb.Shared(t)
	path := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, path)
	populate(t, db, 3, 10)
	need(t, db.Close())
	for change, says := range map[string]string{
		"UPDATE messages SET text = CONCAT(text, ' ') WHERE room = 7 AND seq = 3": "the rows of messages",
		"UPDATE messages SET digest = '' WHERE digest IS NULL":                    "the rows of messages",
		"DELETE FROM memberships WHERE user_id = 'user-1' AND room = 7":           "memberships has 8 rows and not 9",
		"UPDATE meta SET value = 'x' WHERE name = 'epoch'":                        "the rows of meta",
	} {
		name := server.Database(t)
		source, err := OpenSource(t.Context(), Options{Path: path, Logger: quiet})
		need(t, err)
		target, err := OpenTarget(t.Context(), Options{MySQL: server.URL(name), Logger: quiet})
		need(t, err)
		changed := false
		_, err = target.CopyFrom(t.Context(), source, func(p Progress) {
			if p.Checking && !changed {
				changed = true
				server.Do(t, name, change)
			}
		})
		if !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", change, err)
		}
		need(t, errors.Join(target.Close(), source.Close()))
	}
}
