package sqlstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// setWriter has the writer's next connection opened with extra settings. The test must not write meanwhile.
func setWriter(t *testing.T, db *DB, extra ...pragma) {
	t.Helper()
	err := db.Write(t.Context(), func(chat.Tx) error {
		db.dialect.(*sqliteDialect).extra = extra
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A transaction that the database gave up makes the writer open its connection again.
	err = db.write(t.Context(), func(tx *tx) error {
		tx.broken = errBroken
		return nil
	})
	if chat.CodeOf(err) != chat.Unavailable {
		t.Fatal(err)
	}
}

var errBroken = chat.Errorf(chat.Unavailable, "broken on purpose")

func TestFullDisk(t *testing.T) {
	db := openTest(t, "")
	seed := seedRoom(t, db, 1)
	var pages string
	err := db.write(t.Context(), func(tx *tx) error {
		return tx.one("count", []any{&pages}, "PRAGMA page_count")
	})
	if err != nil {
		t.Fatal(err)
	}
	setWriter(t, db, pragma{name: "max_page_count", value: pages})

	// Until it is full messages are kept, and then none: also where many share a transaction.
	long := strings.Repeat("x", 3000)
	var (
		all      sync.WaitGroup
		mu       sync.Mutex
		kept     = map[string]bool{}
		refused  int
		announce int
	)
	for i := range 64 {
		all.Go(func() {
			id := fmt.Sprint("full", i)
			err := db.Write(t.Context(), func(tx chat.Tx) error {
				tx.AfterCommit(func() { mu.Lock(); announce++; mu.Unlock() })
				return insert(tx, seed.room, seed.users[0], id, long)
			})
			mu.Lock()
			defer mu.Unlock()
			switch chat.CodeOf(err) {
			case "":
				kept[id] = true
			case chat.Unavailable:
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if refused == 0 {
		t.Fatal("the disk never became full")
	}
	check := func() {
		t.Helper()
		err := db.Read(t.Context(), func(r chat.Reader) error {
			found, err := r.Messages(seed.room, chat.Page{After: 0, Limit: 200})
			for _, m := range found {
				if !kept[m.ClientID] {
					t.Errorf("%s was refused and is there", m.ClientID)
				}
			}
			if len(found) != len(kept) || announce != len(kept) {
				t.Errorf("%d rows, %d acknowledged, %d announced", len(found), len(kept), announce)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	check()

	db.dialect.(*sqliteDialect).extra = nil // there is space again, and the store goes on by itself
	err = db.Write(t.Context(), func(tx chat.Tx) error {
		tx.AfterCommit(func() { mu.Lock(); announce++; mu.Unlock() })
		return insert(tx, seed.room, seed.users[0], "again", long)
	})
	if err != nil {
		t.Fatal(err)
	}
	kept["again"] = true
	if err := db.Write(t.Context(), func(chat.Tx) error { return nil }); err != nil { // what followed the commit has run
		t.Fatal(err)
	}
	check()
}

func TestReadOnlyDatabase(t *testing.T) {
	db := openTest(t, "")
	seed := seedRoom(t, db, 1)
	setWriter(t, db, pragma{name: "query_only", value: "ON"})
	for range 3 {
		err := db.Write(t.Context(), func(tx chat.Tx) error {
			// A caller that goes on after a failure must not get anything committed on its own.
			_ = insert(tx, seed.room, seed.users[0], "first", "x")
			_ = insert(tx, seed.room, seed.users[0], "second", "x")
			return nil
		})
		if chat.CodeOf(err) != chat.Unavailable {
			t.Fatal(err)
		}
	}
	db.dialect.(*sqliteDialect).extra = nil
	send(t, db, seed.room, seed.users[0], "x")
	err := db.Read(t.Context(), func(r chat.Reader) error {
		found, err := r.Messages(seed.room, chat.Page{After: 0, Limit: 10})
		if len(found) != 1 {
			t.Errorf("%d messages", len(found))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeletedTextIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, path)
	seed := seedRoom(t, db, 1)
	// The writer's goroutine alone may touch these; it runs this.
	err := db.write(t.Context(), func(*tx) error { db.writer.eraseAfter = 50 * time.Millisecond; return nil })
	if err != nil {
		t.Fatal(err)
	}
	secret := "the-secret-of-message-"
	for i := range 200 {
		send(t, db, seed.room, seed.users[0], fmt.Sprint(secret, i, "-", strings.Repeat("y", i*17%2500)))
	}
	err = db.Write(t.Context(), func(tx chat.Tx) error {
		for seq := int64(1); seq <= 200; seq++ {
			r, err := tx.LockRoom(seed.room)
			if err != nil {
				return err
			}
			r.Head++
			if err := tx.UpdateRoom(r); err != nil {
				return err
			}
			m, err := tx.Message(seed.room, seq)
			if err != nil {
				return err
			}
			m.Rev, m.Kind = r.Head, chat.KindDeleted
			if err := tx.UpdateMessage(m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := func() (where []string) {
		for _, name := range []string{path, path + "-wal"} {
			content, err := os.ReadFile(name) // #nosec G304 -- the test's own file
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(content, []byte(secret)); n > 0 {
				where = append(where, fmt.Sprint(name, " ", n))
			}
		}
		return where
	}
	deadline := time.Now().Add(5 * time.Second)
	for len(found()) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("deleted texts are still in ", found())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
