package auth

import (
	"context"
	"strings"

	"github.com/maru-chat/maru/internal/chat"
)

// Limits of a login id.
const (
	MinLoginIDBytes = 3
	MaxLoginIDBytes = 32
)

// foldLoginID returns a login id as it is kept: a-z 0-9 _ . - alone, capitals folded. wrong is a Field constant, "" for
// a good one.
func foldLoginID(s string) (folded, wrong string) {
	switch {
	case s == "":
		return "", chat.FieldRequired
	case len(s) > MaxLoginIDBytes:
		return "", chat.FieldTooLong
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return "", chat.FieldMalformed
		}
	}
	if len(s) < MinLoginIDBytes {
		return "", chat.FieldTooShort
	}
	return strings.ToLower(s), ""
}

// SignUp makes an account and its first session. Errors: Invalid by field (loginId, password, name), LoginIDTaken,
// Forbidden where sign-up is closed, RateLimited, Unavailable.
func (a *Auth) SignUp(ctx context.Context, loginID, password, name string, device Device) (Grant, error) {
	if a.signUp != SignUpOpen {
		return Grant{}, chat.Errorf(chat.Forbidden, "sign-up is closed here")
	}
	wrong := map[string]string{}
	loginID, fault := foldLoginID(loginID)
	if fault != "" {
		wrong["loginId"] = fault
	}
	normal, fault := normalPassword(password)
	if fault != "" {
		wrong["password"] = fault
	}
	name, err := a.users.CleanUserName("name", name)
	if err != nil {
		if chat.CodeOf(err) != chat.Invalid {
			return Grant{}, err
		}
		wrong["name"] = fieldFault(err, "name")
	}
	if len(wrong) > 0 {
		return Grant{}, &chat.Error{Code: chat.Invalid, Message: "the request has invalid fields", Fields: wrong}
	}
	if err := a.limits.takeSignUp(AddressKey(device.Address)); err != nil {
		return Grant{}, err
	}
	hash, err := a.hasher.hash(ctx, normal)
	if err != nil {
		return Grant{}, err
	}
	now := a.now()
	user := chat.User{ID: chat.UserID(chat.NewID()), LoginID: loginID, Name: name, Role: chat.RoleMember, CreatedAt: now}
	session, token := newSession(user.ID, device, now)
	ctx, cancel := durable(ctx)
	defer cancel()
	if user, err = a.store.CreateAccount(ctx, user, hash, session); err != nil {
		return Grant{}, err
	}
	return a.grant(user, session, token, now)
}

func fieldFault(err error, field string) string {
	if e, ok := asChatError(err); ok && e.Fields[field] != "" {
		return e.Fields[field]
	}
	return chat.FieldMalformed
}

// ChangePassword replaces the password of who acts and ends their other sessions. Errors: BadCredentials where current
// is wrong, Invalid (new), RateLimited, Unavailable.
func (a *Auth) ChangePassword(ctx context.Context, by Identity, current, replacement string, device Device) error {
	normal, fault := normalPassword(replacement)
	if fault != "" {
		return chat.InvalidField("new", fault)
	}
	if err := a.confirm(ctx, by, current, device); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, normal)
	if err != nil {
		return err
	}
	ctx, cancel := durable(ctx)
	defer cancel()
	ended, err := a.store.SetPassword(ctx, by.User.ID, hash, by.SessionID)
	if isNotFound(err) {
		return errUnauthorized()
	}
	if err != nil {
		return err
	}
	a.publishEnded(by.User.ID, PasswordChanged, ended...)
	return nil
}

// DeleteAccount removes the account of who acts, with all its sessions. Errors: BadCredentials where the password is
// wrong, RateLimited, Unavailable.
func (a *Auth) DeleteAccount(ctx context.Context, by Identity, password string, device Device) error {
	if err := a.confirm(ctx, by, password, device); err != nil {
		return err
	}
	ctx, cancel := durable(ctx)
	defer cancel()
	sessions, err := a.store.Sessions(ctx, by.User.ID, a.now())
	if err != nil {
		return err
	}
	if err := a.users.DeleteAccount(ctx, by.User.ID); err != nil {
		return err
	}
	ids := make([]SessionID, len(sessions))
	for i, s := range sessions {
		ids[i] = s.ID
	}
	a.publishEnded(by.User.ID, AccountDeleted, ids...)
	return nil
}

// confirm checks that who acts knows their password; a stolen session must not find it out by trying.
func (a *Auth) confirm(ctx context.Context, by Identity, password string, device Device) error {
	user, stored, err := a.store.CredentialsOf(ctx, by.User.ID)
	if isNotFound(err) || (err == nil && user.Deleted) {
		return errUnauthorized()
	}
	if err != nil {
		return err
	}
	if err := a.limits.takeLogIn(ctx, a.store, user.LoginID, AddressKey(device.Address)); err != nil {
		return err
	}
	normal, fault := normalPassword(password)
	if fault != "" {
		return errBadCredentials()
	}
	ok, _, err := a.hasher.verify(ctx, stored, normal)
	if err != nil {
		return err
	}
	if !ok {
		return errBadCredentials()
	}
	return nil
}
