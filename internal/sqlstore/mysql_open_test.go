package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/test/mariadb"
)

func TestBadURLs(t *testing.T) {
	for _, raw := range []string{
		"", "mysql:", "mysql://", "mysql:///name", "mysql://user:hush@host", "mysql://user:hush@host/", "mysql://user:hush@host/a/b",
		"mysql://:hush@host/name", "mysql://host/name", "mysql://user:hush@:3306/name", "mysql://user:hu%sh@host/name",
		"mysql://user:hush/hush@host:3306/name", "mysql://user:hush@host:port/name", "mysql://user:hush@host/name?parseTime=true",
		"mysql://user:hush@host/name?tls=maybe", "mysql://user:hush@host/name#part", "postgres://user:hush@host/name",
		"user:hush@tcp(host)/name", "mysql://user:hush@host/name\n",
	} {
		_, err := newMySQL(raw)
		if !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v", raw, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for raw, want := range map[string][3]string{
		"mysql://u:p@host/name":                           {"host:3306", "name", "p"},
		"mysql://u@host:99/name?tls=true":                 {"host:99", "name", ""},
		"mysql://u:%40%2F%3A@[::1]/na-me?tls=skip-verify": {"[::1]:3306", "na-me", "@/:"},
	} {
		d, err := newMySQL(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]string{d.config.Addr, d.config.DBName, d.config.Passwd}; got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]string{
		"8.0.36": "mysql", "8.0.35-rds.1": "mysql", "9.4.0": "mysql", "8.4.3-log": "mysql", "10.11.6-MariaDB-0+deb12u1": "maria",
		"10.6.0-MariaDB": "maria", "11.4.2-MariaDB-log": "maria",
		"5.7.44": "old", "10.5.22-MariaDB": "old", "10.3.1-MariaDB": "old", "": "old", "none": "old",
	} {
		maria, err := supported(version)
		got := "mysql"
		switch {
		case errors.Is(err, ErrOldServer):
			got = "old"
		case maria:
			got = "maria"
		}
		if got != want {
			t.Errorf("%s: %s", version, got)
		}
	}
}

func TestMySQLOpenErrors(t *testing.T) {
	server := mariadb.Shared(t)
	fresh := func() string { return server.Database(t) }
	with := func(user, database string) string {
		return "mysql://" + user + ":hush@" + server.Addr() + "/" + database
	}
	ours := func(change string) string {
		name := fresh()
		if err := openURL(t, server.URL(name)).Close(); err != nil {
			t.Fatal(err)
		}
		server.Do(t, name, change)
		return server.URL(name)
	}
	limited := fresh()
	server.Do(t, "", "CREATE USER reader IDENTIFIED BY 'hush'; GRANT SELECT ON "+limited+".* TO reader;"+
		" CREATE USER lame IDENTIFIED BY 'hush'; CREATE USER none IDENTIFIED BY 'hush'")
	t.Cleanup(func() { server.Do(t, "", "DROP USER reader, lame, none") })
	grown := fresh()
	if err := openURL(t, server.URL(grown)).Close(); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "", "GRANT SELECT ON "+grown+".* TO lame")
	foreign := fresh()
	server.Do(t, foreign, "CREATE TABLE wp_posts (id INT)")

	for _, c := range []struct {
		what, url string
		want      error
		says      string
	}{
		{"nobody listens", "mysql://maru:hush@127.0.0.1:1/x", ErrNoServer, "refused"},
		{"no such host", "mysql://maru:hush@nowhere.invalid/x", ErrNoServer, "nowhere.invalid"},
		{"no answer", "mysql://maru:hush@" + speaker(t, "") + "/x", ErrNoServer, "no answer within 5s"},
		{"another protocol", "mysql://maru:hush@" + speaker(t, "SSH-2.0-OpenSSH_9.2\r\n") + "/x", ErrNoServer, ""},
		{"it hangs up", "mysql://maru:hush@" + speaker(t, "bye") + "/x", ErrNoServer, ""},
		{"wrong password", "mysql://" + mariadb.User + ":hush@" + server.Addr() + "/" + fresh(), ErrDenied, "Access denied"},
		{"no TLS", server.URL(fresh()) + "?tls=true", nil, "TLS"},
		{"unknown database", server.URL("nothing_here"), nil, "no such database"},
		{"no right to it", with("none", limited), ErrDenied, "denied"},
		{"may not make tables", with("reader", limited), ErrDenied, "CREATE"},
		{"may not write", with("lame", grown), ErrDenied, "denied"},
		{"another program's", server.URL(foreign), ErrNotDatabase, "another program's"},
		{"newer", ours("INSERT INTO schema_version VALUES (99, 0)"), ErrNewerSchema, "schema version 99"},
		{"converted", ours("ALTER TABLE messages CONVERT TO CHARACTER SET latin1"), ErrConverted, "messages is InnoDB text latin1"},
		{"padded", ours("ALTER TABLE users MODIFY name VARCHAR(255) COLLATE utf8mb4_general_ci NOT NULL"), ErrConverted, "users"},
		{"another engine", ours("ALTER TABLE sessions ENGINE=MyISAM"), ErrConverted, "sessions is MyISAM"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel() // some wait
			begun := time.Now()
			db, err := Open(t.Context(), Options{MySQL: c.url, Logger: quiet})
			if err == nil {
				_ = db.Close()
				t.Fatal("it opened")
			}
			t.Log(err)
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) ||
				strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), mariadb.Password) {
				t.Error("wrong:", err)
			}
			if took := time.Since(begun); took > 6*time.Second {
				t.Error("after", took)
			}
		})
	}
	parsed, _ := url.Parse(server.URL("x"))
	if password, _ := parsed.User.Password(); password != mariadb.Password {
		t.Fatal("the errors were searched for another password")
	}
}

// speaker listens, says something to whoever comes, and then nothing more; "bye" has it hang up instead.
func speaker(t *testing.T, says string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	var conns []net.Conn
	running.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			if says == "bye" {
				_ = c.Close()
			} else {
				_, _ = c.Write([]byte(says))
			}
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return listener.Addr().String()
}

// A server's own settings do not matter, but those that lose what was acknowledged are told.
func TestOddServer(t *testing.T) {
	server := mariadb.Start(t, "--character-set-server=latin1", "--collation-server=latin1_swedish_ci", "--sql-mode=", "--default-storage-engine=Aria",
		"--transaction-isolation=SERIALIZABLE", "--autocommit=0", "--innodb-flush-log-at-trx-commit=2", "--log-bin", "--sync-binlog=0",
		"--default-time-zone=-03:30", "--innodb-lock-wait-timeout=1", "--character-set-client-handshake=OFF")
	name := server.Database(t)
	var said bytes.Buffer
	db, err := Open(t.Context(), Options{MySQL: server.URL(name), Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"innodb_flush_log_at_trx_commit", "sync_binlog"} {
		if strings.Count(said.String(), "set "+want+" to 1") != 1 {
			t.Errorf("%q is not said once: %s", want, said.String())
		}
	}
	seed := seedRoom(t, db, 1)
	const words = "안녕 👋 \x00 ' \\ \" 末"
	send(t, db, seed.room, seed.users[0], words)
	err = db.Read(t.Context(), func(r chat.Reader) error {
		m, err := r.Message(seed.room, 1)
		if err == nil && m.Text != words {
			t.Errorf("%q", m.Text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	skew, err := db.ClockSkew(t.Context())
	if err != nil || skew.Abs() > 200*time.Millisecond {
		t.Errorf("clocks differ by %v, %v", skew, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	server.Kill() // a latin1 database need not be dropped
}

// The same ids but for case or a space at the end are different ids.
func TestKeysAreBytes(t *testing.T) {
	db := openMySQL(t)
	seed := seedRoom(t, db, 1)
	for _, id := range []string{"a", "A", "a ", "á", "a\u0301"} {
		err := db.Write(t.Context(), func(tx chat.Tx) error {
			return errors.Join(insert(tx, seed.room, seed.users[0], id, id), tx.InsertCategory(chat.Category{ID: chat.CategoryID(id), Name: "c" + id}))
		})
		if id == "A" { // a category's name ignores case
			if chat.CodeOf(err) != chat.RoomNameTaken {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
	}
}

// TestInterruptedMigrations breaks off before and after each statement was recorded, and goes on.
func TestInterruptedMigrations(t *testing.T) {
	server := mariadb.Shared(t)
	broken := errors.New("broken off")
	name := server.Database(t)
	seen := map[string]bool{}
	d, err := newMySQL(server.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	for {
		d.broken = func(version, statement int, recorded bool) error {
			place := fmt.Sprint(version, ".", statement, " ", recorded)
			if seen[place] {
				return nil
			}
			seen[place] = true
			return broken
		}
		db, err := open(t.Context(), Options{Logger: quiet}, d, migrations)
		if err == nil {
			defer func() { _ = db.Close() }()
			break
		}
		if !errors.Is(err, broken) || len(seen) > 100 {
			t.Fatal(err)
		}
	}
	if len(seen) < 2*15 {
		t.Errorf("broken off at %d places", len(seen))
	}
	whole := server.Database(t)
	if err := openURL(t, server.URL(whole)).Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := schemaOf(t, server, name), schemaOf(t, server, whole); got != want || len(got) < 1000 {
		t.Errorf("\n%s\nand whole\n%s", got, want)
	}
}

func schemaOf(t *testing.T, server *mariadb.Server, name string) string {
	t.Helper()
	db := openURL(t, server.URL(name))
	var all []string
	err := db.snapshot(t.Context(), func(s *snapshot) error {
		for _, query := range []string{
			"SELECT CONCAT_WS(' ', table_name, column_name, ordinal_position, column_type, is_nullable, collation_name) FROM information_schema.columns" +
				" WHERE table_schema = DATABASE() ORDER BY 1",
			"SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) FROM information_schema.statistics" +
				" WHERE table_schema = DATABASE() ORDER BY 1",
			"SELECT CONCAT_WS(' ', version, 'is there') FROM schema_version ORDER BY 1",
		} {
			rows, err := list(s, func(row *string) []any { return []any{row} }, query)
			if err != nil {
				return err
			}
			all = append(all, rows...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// TestTwoStartAtOnce: on an empty database one node migrates, all agree on the epoch, and on one secret.
func TestTwoStartAtOnce(t *testing.T) {
	server := mariadb.Shared(t)
	for range 3 {
		name := server.Database(t)
		const nodes = 4
		var (
			all    sync.WaitGroup
			epochs [nodes]string
			mine   [nodes]error
		)
		for i := range nodes {
			all.Go(func() {
				db, err := Open(context.Background(), Options{MySQL: server.URL(name), Logger: quiet})
				if err != nil {
					t.Error(err)
					return
				}
				epochs[i] = db.Epoch()
				mine[i] = db.ClaimSecret(context.Background(), []byte{byte(i)})
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		claimed := 0
		for i := range nodes {
			if epochs[i] != epochs[0] || epochs[i] == "" {
				t.Errorf("epochs %v", epochs)
			}
			switch {
			case mine[i] == nil:
				claimed++
			case !errors.Is(mine[i], ErrOtherSecret):
				t.Error(mine[i])
			}
		}
		if claimed != 1 {
			t.Errorf("%d claimed the secret", claimed)
		}
	}
}

func TestMySQLMigrations(t *testing.T) {
	server := mariadb.Shared(t)
	d, err := newMySQL(server.URL(server.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	try := func(scripts map[string]string) error {
		steps := fstest.MapFS{}
		for n, name := range []string{"0001_first.sql", "0002_images.sql", "0003_joins.sql"} {
			script, err := migrations.ReadFile("migration/mysql/" + name)
			if err != nil {
				t.Fatal(n, err)
			}
			steps["migration/mysql/"+name] = &fstest.MapFile{Data: script}
		}
		for name, script := range scripts {
			steps["migration/mysql/"+name] = &fstest.MapFile{Data: []byte(script)}
		}
		db, err := open(t.Context(), Options{Logger: quiet}, d, steps)
		if err == nil {
			err = db.Close()
		}
		return err
	}
	// One that breaks off is repaired at its end, and goes on there.
	if try(map[string]string{"0004_more.sql": "CREATE TABLE more (x INTEGER);\nCREATE TABLE more (x\nINTEGER);\n"}) == nil {
		t.Fatal("a broken migration went through")
	}
	if try(map[string]string{"0005_gap.sql": "CREATE TABLE gap (x INTEGER);\n"}) == nil {
		t.Fatal("a gap in the numbers went unnoticed")
	}
	more := map[string]string{"0004_more.sql": "CREATE TABLE more (x INTEGER);\nINSERT INTO more -- one row\nVALUES (1);\n"}
	for range 2 {
		if err := try(more); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(nil); !errors.Is(err, ErrNewerSchema) {
		t.Fatal(err)
	}
}
