// Package bare is the limit for durable messages: a batching loop on the
// driver, the schema and the settings of our store, without rooms, members,
// lookups or callers.
package bare

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// settings are those of our store's writer (internal/sqlstore/dialect.go).
var settings = []string{
	"busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY",
	"trusted_schema=OFF", "cache_size=-4096", "wal_autocheckpoint=2000", "journal_size_limit=16777216",
}

// Store is a database with rooms, and nobody in them. It is for one goroutine.
type Store struct {
	db     *sql.DB
	conn   *sql.Conn
	insert *sql.Stmt
	heads  []int64
	made   uint64
}

// Message is what is stored.
type Message struct {
	Room   int // from 0
	Sender string
	Text   string
}

// Open makes a database in an empty folder.
func Open(ctx context.Context, folder string, rooms int) (*Store, error) {
	path := filepath.Join(folder, "maru.db")
	schema, err := sqlstore.Open(ctx, sqlstore.Options{Path: path})
	if err != nil {
		return nil, err
	}
	err = schema.Write(ctx, func(tx chat.Tx) error {
		for i := range rooms {
			r := chat.Room{ID: chat.RoomID(fmt.Sprint("room-", i)), Kind: chat.Private, CreatedAt: time.Now()}
			if err := tx.InsertRoom(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err := joined(err, schema.Close()); err != nil {
		return nil, err
	}
	s := &Store{heads: make([]int64, rooms)}
	if s.db, err = sql.Open("sqlite", path); err != nil {
		return nil, err
	}
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, joined(err, s.db.Close())
	}
	for _, setting := range settings {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA "+setting); err != nil {
			return nil, joined(fmt.Errorf("%s: %w", setting, err), s.Close())
		}
	}
	s.insert, err = s.conn.PrepareContext(ctx, "INSERT INTO messages (room, seq, rev, kind, sender_id, client_id, sent_at,"+
		" edited_at, reply_to, event_type, event_user, event_by, digest, text)"+
		" VALUES (?, ?, ?, 'message', ?, ?, ?, 0, 0, '', '', '', ?, ?)")
	if err != nil {
		return nil, joined(err, s.Close())
	}
	return s, nil
}

// Insert stores messages in one transaction, and returns once they are on disk.
func (s *Store) Insert(ctx context.Context, messages []Message) error {
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	now := time.Now().UnixMilli()
	for _, m := range messages {
		s.heads[m.Room]++
		s.made++
		digest := make([]byte, 16)
		binary.LittleEndian.PutUint64(digest, s.made)
		seq := s.heads[m.Room]
		// Client ids are as scattered as random ones.
		id := fmt.Sprintf("%016x%08x", s.made*0x9E3779B97F4A7C15, s.made)
		if _, err := s.insert.ExecContext(ctx, m.Room+1, seq, seq, m.Sender, id, now, digest, m.Text); err != nil {
			return err
		}
	}
	_, err := s.conn.ExecContext(ctx, "COMMIT")
	return err
}

// Close closes the database.
func (s *Store) Close() error { return joined(s.conn.Close(), s.db.Close()) }

func joined(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
