package sqlstore

import (
	"context"
	"errors"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

// CreateAccount implements auth.Store.
func (db *DB) CreateAccount(
	ctx context.Context, user chat.User, passwordHash string, session auth.Session,
) (chat.User, error) {
	stored := user
	err := db.write(ctx, func(t *tx) error {
		stored = user
		_, err := t.exec("INSERT INTO users (id, login_id, name, name_key, role, password_hash, created_at, deleted)"+
			" VALUES ("+placeholders(8)+")", string(user.ID), optional(user.LoginID), user.Name, fold(user.Name),
			string(user.Role), passwordHash, user.CreatedAt.UnixMilli(), false)
		if errors.Is(err, errDuplicate) {
			return errLoginIDTaken()
		}
		if err != nil {
			return err
		}
		_, err = t.exec("INSERT INTO admin_claim (one, user_id) VALUES (1, ?)", string(user.ID))
		if err == nil {
			stored.Role = chat.RoleAdmin
			_, err = t.exec("UPDATE users SET role = ? WHERE id = ?", string(stored.Role), string(user.ID))
		}
		if err != nil && !errors.Is(err, errDuplicate) { // a duplicate: not the first
			return err
		}
		session.UserID = user.ID
		return t.insertSession(session)
	})
	if err != nil {
		return chat.User{}, err
	}
	return stored, nil
}

// Credentials implements auth.Store.
func (db *DB) Credentials(ctx context.Context, loginID string) (chat.User, string, error) {
	return db.credentials(ctx, "u.login_id = ?", loginID)
}

// CredentialsOf implements auth.Store; a deleted user has none.
func (db *DB) CredentialsOf(ctx context.Context, user chat.UserID) (chat.User, string, error) {
	return db.credentials(ctx, "u.id = ?", string(user))
}

func (db *DB) credentials(ctx context.Context, where, arg string) (u chat.User, hash string, err error) {
	err = db.snapshot(ctx, func(r *snapshot) error {
		return r.one("user", append(userInto(&u), &hash),
			"SELECT "+userColumns+", u.password_hash"+fromUsers+" WHERE "+where+" AND u.deleted = 0", arg)
	})
	return u, hash, err
}

// SetPassword implements auth.Store; a user that is not there, or deleted, is NotFound.
func (db *DB) SetPassword(
	ctx context.Context, user chat.UserID, passwordHash string, keep auth.SessionID,
) (gone []auth.SessionID, err error) {
	err = db.write(ctx, func(t *tx) error {
		err := t.change("user", "UPDATE users SET password_hash = ? WHERE id = ? AND deleted = 0",
			passwordHash, string(user))
		if err != nil {
			return err
		}
		gone, err = list(t.snapshot, func(id *auth.SessionID) []any { return []any{id} },
			"SELECT id FROM sessions WHERE user_id = ? AND id <> ?", string(user), string(keep))
		if err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM sessions WHERE user_id = ? AND id <> ?", string(user), string(keep))
		return err
	})
	return gone, err
}

// ReplaceHash implements auth.Store.
func (db *DB) ReplaceHash(ctx context.Context, user chat.UserID, old, replacement string) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ? AND deleted = 0",
			replacement, string(user), old)
		return err
	})
}
