package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

const sessionColumns = "s.id, s.user_id, s.kind, s.refresh_hash, s.previous_hash, s.rotated_at, s.created_at," +
	" s.last_used_at, s.expires_at, s.user_agent, s.address"

func sessionInto(s *auth.Session) []any {
	return []any{
		&s.ID, &s.UserID, &s.Kind, &s.RefreshHash, &s.PreviousHash,
		millis{&s.RotatedAt},
		millis{&s.CreatedAt},
		millis{&s.LastUsedAt},
		millis{&s.ExpiresAt},
		&s.UserAgent, &s.Address,
	}
}

// InsertSession implements auth.Store; a user that is not there, or deleted, is NotFound.
func (db *DB) InsertSession(ctx context.Context, session auth.Session) error {
	return db.write(ctx, func(t *tx) error {
		var live int
		err := t.one("user", []any{&live}, "SELECT 1 FROM users WHERE id = ? AND deleted = 0"+t.db.dialect.forUpdate(),
			string(session.UserID))
		if err != nil {
			return err
		}
		return t.insertSession(session)
	})
}

func (t *tx) insertSession(s auth.Session) error {
	_, err := t.exec("INSERT INTO sessions (id, user_id, kind, refresh_hash, previous_hash, rotated_at, created_at,"+
		" last_used_at, expires_at, user_agent, address) VALUES ("+placeholders(11)+")",
		string(s.ID), string(s.UserID), string(s.Kind), s.RefreshHash, s.PreviousHash, s.RotatedAt.UnixMilli(),
		s.CreatedAt.UnixMilli(), s.LastUsedAt.UnixMilli(), s.ExpiresAt.UnixMilli(), s.UserAgent, s.Address)
	if errors.Is(err, errDuplicate) {
		return chat.Errorf(chat.Internal, "the session's id is taken")
	}
	return err
}

// Session implements auth.Store.
func (db *DB) Session(ctx context.Context, id auth.SessionID, now time.Time) (s auth.Session, u chat.User, err error) {
	err = db.snapshot(ctx, func(r *snapshot) error {
		return r.one("session", append(sessionInto(&s), userInto(&u)...),
			"SELECT "+sessionColumns+", "+userColumns+" FROM sessions s JOIN users u ON u.id = s.user_id"+photoJoin+
				" WHERE s.id = ? AND s.expires_at > ?", string(id), now.UnixMilli())
	})
	return s, u, err
}

// Sessions implements auth.Store.
func (db *DB) Sessions(ctx context.Context, user chat.UserID, now time.Time) (found []auth.Session, err error) {
	err = db.snapshot(ctx, func(r *snapshot) error {
		found, err = list(r, sessionInto, "SELECT "+sessionColumns+" FROM sessions s"+
			" WHERE s.user_id = ? AND s.expires_at > ? ORDER BY s.last_used_at DESC, s.id", string(user), now.UnixMilli())
		return err
	})
	return found, err
}

// LiveSessions implements auth.Store.
func (db *DB) LiveSessions(ctx context.Context, ids []auth.SessionID, now time.Time) ([]auth.SessionID, error) {
	live := []auth.SessionID{}
	err := db.snapshot(ctx, func(r *snapshot) error {
		return pieces(ids, manyAtOnce, func(marks string, args []any) error {
			some, err := list(r, func(id *auth.SessionID) []any { return []any{id} },
				"SELECT id FROM sessions WHERE id IN ("+marks+") AND expires_at > ?", append(args, now.UnixMilli())...)
			live = append(live, some...)
			return err
		})
	})
	return live, err
}

// RotateSession implements auth.Store. The comparing and the storing are one statement.
func (db *DB) RotateSession(ctx context.Context, s auth.Session, expected []byte) (rotated bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE sessions SET refresh_hash = ?, previous_hash = ?, rotated_at = ?, last_used_at = ?,"+
			" expires_at = ?, user_agent = ?, address = ? WHERE id = ? AND refresh_hash = ?",
			s.RefreshHash, s.PreviousHash, s.RotatedAt.UnixMilli(), s.LastUsedAt.UnixMilli(),
			s.ExpiresAt.UnixMilli(), s.UserAgent, s.Address, string(s.ID), expected)
		rotated = n == 1
		return err
	})
	return rotated, err
}

// DeleteSession implements auth.Store.
func (db *DB) DeleteSession(ctx context.Context, user chat.UserID, id auth.SessionID) error {
	return db.write(ctx, func(t *tx) error {
		return t.change("session", "DELETE FROM sessions WHERE id = ? AND user_id = ?", string(id), string(user))
	})
}

// DeleteExpiredSessions implements auth.Store.
func (db *DB) DeleteExpiredSessions(ctx context.Context, now time.Time) (gone []auth.SessionID, err error) {
	err = db.write(ctx, func(t *tx) error {
		gone, err = list(t.snapshot, func(id *auth.SessionID) []any { return []any{id} },
			"SELECT id FROM sessions WHERE expires_at <= ?"+t.db.dialect.forUpdate(), now.UnixMilli())
		if err != nil || len(gone) == 0 {
			return err
		}
		_, err = t.exec("DELETE FROM sessions WHERE expires_at <= ?", now.UnixMilli())
		return err
	})
	return gone, err
}

// KnownAddress implements auth.Store.
func (db *DB) KnownAddress(ctx context.Context, loginID, address string) (known bool, err error) {
	err = db.snapshot(ctx, func(r *snapshot) error {
		return r.one("answer", []any{&known}, "SELECT EXISTS (SELECT 1 FROM users u JOIN sessions s ON s.user_id = u.id"+
			" WHERE u.login_id = ? AND s.address = ? AND s.expires_at > ?)", loginID, address, db.clock.Now().UnixMilli())
	})
	return known, err
}
