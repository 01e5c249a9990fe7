package sqlstore

import (
	"errors"

	"golang.org/x/text/cases"

	"github.com/maru-chat/maru/internal/chat"
)

const userColumns = "u.id, COALESCE(u.login_id, ''), u.name, u.role, u.created_at, u.deleted" + photoColumns

// fromUsers is where they come from.
const fromUsers = " FROM users u" + photoJoin

func userInto(u *chat.User) []any {
	return append([]any{&u.ID, &u.LoginID, &u.Name, &u.Role, millis{&u.CreatedAt}, &u.Deleted}, photoInto(u)...)
}

// fold makes names that differ in case alone equal.
func fold(name string) string { return cases.Fold().String(name) }

// User implements chat.Reader; a deleted user is found too.
func (s *snapshot) User(id chat.UserID) (u chat.User, err error) {
	err = s.one("user", userInto(&u), "SELECT "+userColumns+fromUsers+" WHERE u.id = ?"+s.share, string(id))
	return u, err
}

// Users implements chat.Reader.
func (s *snapshot) Users(ids []chat.UserID) ([]chat.User, error) {
	found := []chat.User{}
	err := chunks(ids, func(marks string, args []any) error {
		some, err := list(s, userInto, "SELECT "+userColumns+fromUsers+" WHERE u.id IN ("+marks+")", args...)
		found = append(found, some...)
		return err
	})
	return found, err
}

// FindUsers implements chat.Reader. It looks at every user: no index finds what stands inside a name.
func (s *snapshot) FindUsers(query string, limit int) ([]chat.User, error) {
	return list(s, userInto, "SELECT "+userColumns+fromUsers+
		" WHERE u.deleted = 0 AND INSTR(u.name_key, ?) > 0 ORDER BY u.name, u.id LIMIT ?", fold(query), limit)
}

// LockUser implements chat.Tx.
func (t *tx) LockUser(id chat.UserID) (u chat.User, err error) {
	if lock := t.db.dialect.forUpdate(); lock != "" {
		var one int
		// By itself: the statement below would lock the photo too.
		if err := t.one("user", []any{&one}, "SELECT 1 FROM users WHERE id = ?"+lock, string(id)); err != nil {
			return u, err
		}
	}
	return t.User(id)
}

// UpdateUser implements chat.Tx; a user that is deleted is NotFound.
func (t *tx) UpdateUser(u chat.User) error {
	var photo chat.ImageID
	if u.Photo != nil {
		photo = u.Photo.ID
	}
	err := t.change("user", "UPDATE users SET login_id = ?, name = ?, name_key = ?, role = ?, photo_id = ? WHERE id = ? AND deleted = 0",
		optional(u.LoginID), u.Name, fold(u.Name), string(u.Role), optional(photo), string(u.ID))
	t.forgetUser(u.ID)
	if errors.Is(err, errDuplicate) {
		return errLoginIDTaken()
	}
	return err
}

// AnonymiseUser implements chat.Tx.
func (t *tx) AnonymiseUser(id chat.UserID) error {
	err := t.change("user", "UPDATE users SET login_id = NULL, name = '', name_key = '', photo_id = NULL, password_hash = '', deleted = 1"+
		" WHERE id = ?", string(id))
	if err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM sessions WHERE user_id = ?", string(id))
	t.forgetUser(id)
	t.erases = true
	return err
}

func errLoginIDTaken() error { return chat.Errorf(chat.LoginIDTaken, "the login id is in use") }

// optional is NULL for "".
func optional[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}
