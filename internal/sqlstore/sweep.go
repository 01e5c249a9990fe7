package sqlstore

import (
	"context"
	"slices"

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
	err := t.one("room", []any{&num}, "SELECT num FROM rooms WHERE deleted = 1 ORDER BY num LIMIT 1"+t.db.dialect.skipLocked())
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
	key := t.db.dialect.using("")
	for _, table := range []struct {
		rest   string
		remove []string
	}{
		{
			"SELECT seq FROM messages" + key + " WHERE room = ? ORDER BY seq LIMIT ?",
			[]string{
				"INSERT INTO spent_client_ids (sender_id, client_id) SELECT sender_id, client_id FROM messages" +
					" WHERE room = ? AND seq <= ? AND client_id IS NOT NULL",
				"DELETE FROM messages WHERE room = ? AND seq <= ?",
			},
		}, {
			"SELECT user_id FROM memberships" + key + " WHERE room = ? ORDER BY user_id LIMIT ?",
			[]string{"DELETE FROM memberships WHERE room = ? AND user_id <= ?"},
		},
	} {
		keys, err := list(t.snapshot, func(key *any) []any { return []any{key} }, table.rest, num, limit-removed)
		if err != nil {
			return 0, err
		}
		if len(keys) > 0 {
			last := keys[len(keys)-1]
			if seq, messages := last.(int64); messages {
				if err := t.lockSenders(num, seq); err != nil {
					return 0, err
				}
			}
			for _, statement := range table.remove {
				if _, err := t.exec(statement, num, last); err != nil {
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

// lockSenders keeps those from sending whose messages of a room are about to be removed up to seq: else another node could
// look for a client id among those spent before it is one, and for its message after it was removed.
func (t *tx) lockSenders(num, seq int64) error {
	lock := t.db.dialect.forUpdate()
	if lock == "" {
		return nil
	}
	into := func(id *chat.UserID) []any { return []any{id} }
	senders, err := list(t.snapshot, into,
		"SELECT DISTINCT sender_id FROM messages WHERE room = ? AND seq <= ? AND client_id IS NOT NULL", num, seq)
	if err != nil {
		return err
	}
	slices.Sort(senders)
	return chunks(senders, func(marks string, args []any) error {
		_, err := list(t.snapshot, into, "SELECT id FROM users WHERE id IN ("+marks+") ORDER BY id"+lock, args...)
		return err
	})
}
