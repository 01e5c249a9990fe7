package auth

import (
	"context"

	"github.com/maru-chat/maru/internal/chat"
)

// What an operator does at the machine itself: nobody's rights are asked.

// Account returns the user of a login id. Errors: NotFound, Unavailable.
func (a *Auth) Account(ctx context.Context, loginID string) (chat.User, error) {
	folded, fault := foldLoginID(loginID)
	if fault != "" {
		return chat.User{}, chat.Errorf(chat.NotFound, "nobody has that login id")
	}
	user, _, err := a.store.Credentials(ctx, folded)
	if isNotFound(err) || (err == nil && user.Deleted) {
		return chat.User{}, chat.Errorf(chat.NotFound, "nobody has that login id")
	}
	return user, err
}

// ResetPassword replaces somebody's password and ends all their sessions. Errors: NotFound, Invalid (password), Unavailable.
func (a *Auth) ResetPassword(ctx context.Context, loginID, password string) error {
	user, err := a.Account(ctx, loginID)
	if err != nil {
		return err
	}
	normal, fault := normalPassword(password)
	if fault != "" {
		return chat.InvalidField("password", fault)
	}
	hash, err := a.hasher.hash(ctx, normal)
	if err != nil {
		return err
	}
	ended, err := a.store.SetPassword(ctx, user.ID, hash, "")
	if err != nil {
		return err
	}
	a.publishEnded(user.ID, PasswordChanged, ended...)
	return nil
}
