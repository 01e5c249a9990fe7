package sqlstore

import (
	"context"

	"github.com/maru-chat/maru/internal/chat"
)

// SweepDeletedRooms implements chat.Sweeper: images first, then messages and memberships, then the room itself, so that an
// interrupted sweep finds the rest again. Of a message its client id stays spent.
func (db *DB) SweepDeletedRooms(ctx context.Context, limit int) (removed int, err error) {
	err = db.write(ctx, func(t *tx) error {
		removed = 0
		for removed < limit {
			n, err := t.sweep(limit - removed)
			removed += n
			if err != nil || n == 0 {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// sweep removes up to limit (at least 1) rows of one deleted room.
func (t *tx) sweep(limit int) (int, error) {
	var num int64
	err := t.one("room", []any{&num}, "SELECT num FROM rooms WHERE deleted = 1 ORDER BY num LIMIT 1")
	if chat.CodeOf(err) == chat.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	t.erases = true
	removed, err := t.sweepImages(num, limit)
	if err != nil || removed == limit {
		return removed, err
	}
	for _, table := range []struct {
		rest   string
		remove []string
	}{
		{
			"SELECT seq FROM messages WHERE room = ? ORDER BY seq LIMIT ?",
			[]string{
				"INSERT INTO spent_client_ids (sender_id, client_id) SELECT sender_id, client_id FROM messages" +
					" WHERE room = ? AND seq <= ? AND client_id IS NOT NULL",
				"DELETE FROM messages WHERE room = ? AND seq <= ?",
			},
		}, {
			"SELECT user_id FROM memberships WHERE room = ? ORDER BY user_id LIMIT ?",
			[]string{"DELETE FROM memberships WHERE room = ? AND user_id <= ?"},
		},
	} {
		keys, err := list(t.snapshot, func(key *any) []any { return []any{key} }, table.rest, num, limit-removed)
		if err != nil {
			return 0, err
		}
		if len(keys) > 0 {
			for _, statement := range table.remove {
				if _, err := t.exec(statement, num, keys[len(keys)-1]); err != nil {
					return 0, err
				}
			}
		}
		if removed += len(keys); removed == limit {
			return removed, nil
		}
	}
	_, err = t.exec("DELETE FROM rooms WHERE num = ?", num)
	return removed + 1, err
}
