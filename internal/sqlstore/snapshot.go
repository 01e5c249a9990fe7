package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/maru-chat/maru/internal/chat"
)

// snapshot implements chat.Reader on one connection inside one transaction. Its methods stand with their nouns.
type snapshot struct {
	ctx    context.Context
	db     *DB
	conn   *conn
	nums   map[chat.RoomID]int64 // rooms' short keys met so far; forgotten where the room is deleted
	over   bool                  // the transaction has ended
	broken error                 // the database failed: nothing more may run in this transaction

	changed   bool // a statement has changed rows, or will at the end
	duplicate bool // a statement met a key that is taken

	share string                                      // ends a SELECT of users who must not change until the transaction ends
	again func(context.Context, *conn) (*conn, error) // replaces a connection whose first statement failed; nil for never
}

func newSnapshot(ctx context.Context, db *DB, c *conn) *snapshot {
	return &snapshot{ctx: ctx, db: db, conn: c}
}

// usable reports whether another statement may run. A transaction that the database has given up must not go on: what
// followed would be committed alone, outside of it.
func (s *snapshot) usable() error {
	if s.over {
		return chat.Errorf(chat.Internal, "a transaction was used after its end")
	}
	return s.broken
}

// failed maps a driver's error to what callers know, and remembers it where the transaction cannot go on.
func (s *snapshot) failed(err error) error {
	switch kind := s.db.dialect.classify(err); {
	case kind.lost():
		s.broken = s.db.unavailable(err)
		return s.broken
	case kind == failedDuplicate:
		s.duplicate = true
		return errDuplicate
	}
	return &chat.Error{Code: chat.Internal, Message: "a database statement failed", Cause: err}
}

// errDuplicate never leaves the package: each verb says what its duplicate means.
var errDuplicate = errors.New("a unique key is taken")

// exec runs a statement and returns how many rows it changed.
func (s *snapshot) exec(query string, args ...any) (int64, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	result, err := s.conn.exec(query, args...)
	if err != nil {
		return 0, s.failed(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, s.failed(err)
	}
	s.changed = s.changed || n > 0
	return n, nil
}

// change is exec for a statement that must change the one row it names.
func (s *snapshot) change(what, query string, args ...any) error {
	n, err := s.exec(query, args...)
	if err == nil && n == 0 {
		err = notFound(what)
	}
	return err
}

// one runs a query for one row; without a row it fails with NotFound.
func (s *snapshot) one(what string, dest []any, query string, args ...any) error {
	if err := s.usable(); err != nil {
		return err
	}
	err := s.first(func() error {
		statement, err := s.conn.statement(query) //nolint:sqlclosecheck // kept as long as the connection
		if err != nil {
			return err
		}
		return statement.QueryRowContext(background, args...).Scan(dest...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(what)
	}
	if err != nil {
		return s.failed(err)
	}
	return nil
}

// first runs a query, once more on another connection where it is the transaction's first and its connection turns out
// to be broken.
func (s *snapshot) first(query func() error) error {
	err := query()
	again := s.again
	s.again = nil
	if err == nil || again == nil || s.db.dialect.classify(err) != failedAway {
		return err
	}
	c, failed := again(s.ctx, s.conn)
	if failed != nil {
		return err // and the connection is dropped
	}
	s.conn = c
	return query()
}

// list runs a query and returns its rows. into names the places that a row is scanned to.
func list[T any](s *snapshot, into func(*T) []any, query string, args ...any) ([]T, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if s.ctx.Err() != nil {
		return nil, gaveUp(s.ctx)
	}
	var rows *sql.Rows
	err := s.first(func() error {
		statement, err := s.conn.statement(query) //nolint:sqlclosecheck // kept as long as the connection
		if err == nil {
			rows, err = statement.QueryContext(background, args...) //nolint:rowserrcheck,sqlclosecheck // below
		}
		return err
	})
	if err != nil {
		return nil, s.failed(err)
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err
	found := []T{}
	var row T
	dest := into(&row)
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, s.failed(err)
		}
		found = append(found, row)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err)
	}
	return found, nil
}

// chunks calls fn with the ids in pieces of few different lengths, so that few statements are prepared; a piece is
// filled up by repeating its last id.
func chunks[T ~string | ~int64](ids []T, fn func(marks string, args []any) error) error {
	return pieces(ids, 256, fn)
}

// manyAtOnce is for what asks about everybody who is connected: few statements, each of them long.
const manyAtOnce = 1000

func pieces[T ~string | ~int64](ids []T, most int, fn func(marks string, args []any) error) error {
	for len(ids) > 0 {
		size := most
		for _, s := range []int{1, 8, 64, 256} {
			if len(ids) <= s {
				size = s
				break
			}
		}
		take := min(size, len(ids))
		args := make([]any, size)
		for i := range args {
			args[i] = ids[min(i, take-1)]
		}
		if err := fn(placeholders(size), args); err != nil {
			return err
		}
		ids = ids[take:]
	}
	return nil
}

func notFound(what string) error { return chat.Errorf(chat.NotFound, "no such %s", what) }
