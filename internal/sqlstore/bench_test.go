package sqlstore

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

type seeded struct {
	room  chat.RoomID
	users []chat.UserID
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// seedRoom makes a room and its members.
func seedRoom(t testing.TB, db *DB, members int) seeded {
	t.Helper()
	s := seeded{room: "01JROOM0000000000000000000"}
	for i := range members {
		id := chat.UserID(fmt.Sprintf("01JUSER%019d", i))
		_, err := db.CreateAccount(context.Background(),
			chat.User{ID: id, LoginID: fmt.Sprint("user", i), Name: "someone", CreatedAt: start}, "x",
			auth.Session{ID: auth.SessionID(id), RefreshHash: []byte(id), ExpiresAt: start.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		s.users = append(s.users, id)
	}
	err := db.Write(context.Background(), func(tx chat.Tx) error {
		if err := tx.InsertRoom(chat.Room{ID: s.room, Kind: chat.Private, CreatedAt: start}); err != nil {
			return err
		}
		for _, u := range s.users {
			if err := tx.PutMembership(chat.Membership{RoomID: s.room, UserID: u, JoinedAt: start}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// insert does what sending a message asks of the store.
func insert(tx chat.Tx, room chat.RoomID, sender chat.UserID, clientID, text string) error {
	r, err := tx.LockRoom(room)
	if err != nil {
		return err
	}
	if _, _, err := tx.Visitor(room, sender); err != nil {
		return err
	}
	r.Head++
	err = tx.InsertMessage(chat.Message{
		RoomID: room, Seq: r.Head, Rev: r.Head, ClientID: clientID, SenderID: sender, Kind: chat.KindMessage,
		Text: text, SentAt: start,
	}, make([]byte, 32))
	if err != nil {
		return err
	}
	if err := tx.UpdateRoom(r); err != nil {
		return err
	}
	return tx.SetReadSeq(room, sender, r.Head)
}

var clientIDs atomic.Int64

func clientID() string {
	n := clientIDs.Add(1)
	return fmt.Sprintf("%016x%08x", uint64(n)*0x9E3779B97F4A7C15, n) // #nosec G115 -- as scattered as random ones
}

func send(t testing.TB, db *DB, room chat.RoomID, sender chat.UserID, text string) {
	t.Helper()
	err := db.Write(context.Background(), func(tx chat.Tx) error { return insert(tx, room, sender, clientID(), text) }, room)
	if err != nil {
		t.Fatal(err)
	}
}

const benchText = "a message of about the length that people write in a chat, which is not very long, in most rooms, most days."

// BenchmarkWrite sends messages by callers that each wait for their acknowledgement. "floor" is the bare loop beside it:
// the same connection, settings and table, as many rows a commit, no rooms, members, lookups or callers.
func BenchmarkWrite(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) { sends(b, openTest(b, ""), callers) })
		b.Run(fmt.Sprint("floor=", callers), func(b *testing.B) {
			db := openTest(b, "")
			seed := seedRoom(b, db, callers)
			c := db.writer.conn
			run := func(query string, args ...any) {
				if _, err := c.exec(query, args...); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for seq := 0; seq < b.N; {
				run("BEGIN IMMEDIATE")
				for i := 0; i < callers && seq < b.N; i++ {
					seq++
					run("INSERT INTO messages (room, seq, rev, kind, sender_id, client_id, sent_at, edited_at, reply_to,"+
						" event_type, event_user, event_by, digest, text) VALUES (1, ?, ?, 'message', ?, ?, ?, 0, 0, '', '', '', ?, ?)",
						seq, seq, string(seed.users[i]), clientID(), start.UnixMilli(), make([]byte, 32), benchText)
				}
				run("COMMIT")
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkWriteMySQL is the same on MySQL, which runs on this machine too, on a folder in memory: what is measured is the way to it and
// its work, not a disk.
func BenchmarkWriteMySQL(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) { sends(b, openMySQL(b), callers) })
	}
}

func sends(b *testing.B, db *DB, callers int) {
	seed := seedRoom(b, db, callers)
	b.ResetTimer()
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	for i := range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				send(b, db, seed.room, seed.users[i], benchText)
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPages shows that a page costs the same however long the room is.
func BenchmarkPages(b *testing.B) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		db := openTest(b, "")
		seed := seedRoom(b, db, 2)
		fill(b, db, seed, size)
		read := func(name string, fn func(r chat.Reader) (int, error)) {
			b.Run(fmt.Sprintf("%s/messages=%d", name, size), func(b *testing.B) {
				for b.Loop() {
					err := db.Read(b.Context(), func(r chat.Reader) error {
						n, err := fn(r)
						if err == nil && n == 0 {
							b.Fatal("nothing was read")
						}
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		head := int64(size)
		read("newest", func(r chat.Reader) (int, error) {
			found, err := r.Messages(seed.room, chat.Page{After: -1, Limit: 50})
			return len(found), err
		})
		read("before", func(r chat.Reader) (int, error) {
			found, err := r.Messages(seed.room, chat.Page{After: -1, Before: head / 2, Limit: 50})
			return len(found), err
		})
		read("changes", func(r chat.Reader) (int, error) {
			found, err := r.Changes(seed.room, head-100, 0, 50)
			return len(found), err
		})
		read("myrooms", func(r chat.Reader) (int, error) {
			found, err := r.MyRooms(seed.users[1])
			return len(found), err
		})
	}
}

// fill writes messages of the first user, as many to a transaction as it likes.
func fill(b *testing.B, db *DB, seed seeded, size int) {
	for from := 0; from < size; from += 10_000 {
		err := db.Write(b.Context(), func(tx chat.Tx) error {
			for seq := from + 1; seq <= min(size, from+10_000); seq++ {
				err := tx.InsertMessage(chat.Message{
					RoomID: seed.room, Seq: int64(seq), Rev: int64(seq), ClientID: clientID(), SenderID: seed.users[0],
					Kind: chat.KindMessage, Text: benchText, SentAt: start,
				}, nil)
				if err != nil {
					return err
				}
			}
			r, err := tx.LockRoom(seed.room)
			if err != nil {
				return err
			}
			r.Head = int64(min(size, from+10_000))
			return tx.UpdateRoom(r)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a fresh database, and one that exists.
func BenchmarkOpen(b *testing.B) {
	run := func(path func() string) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				db, err := Open(b.Context(), Options{Path: path(), Logger: quiet})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := db.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		}
	}
	folder := b.TempDir()
	b.Run("fresh", run(func() string { return filepath.Join(b.TempDir(), "maru.db") }))
	b.Run("existing", run(func() string { return filepath.Join(folder, "maru.db") }))
}
