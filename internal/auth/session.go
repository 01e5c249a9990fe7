package auth

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/maru-chat/maru/internal/chat"
)

const maxUserAgentBytes = 256

// now is the time in the precision that the database keeps.
func (a *Auth) now() time.Time { return a.clock.Now().UTC().Truncate(time.Millisecond) }

func newSession(user chat.UserID, device Device, now time.Time) (Session, refreshToken) {
	token := firstRefresh()
	s := Session{
		ID: token.sessionID(), UserID: user, Kind: device.Kind, RefreshHash: token.hash(),
		RotatedAt: now, CreatedAt: now,
	}
	s.use(device, now)
	return s, token
}

// use notes that the session's refresh token was given out now.
func (s *Session) use(device Device, now time.Time) {
	s.LastUsedAt = now
	s.ExpiresAt = now.Add(RefreshLife)
	if last := s.CreatedAt.Add(SessionLife); s.ExpiresAt.After(last) {
		s.ExpiresAt = last
	}
	s.UserAgent = cleanUserAgent(device.UserAgent)
	s.Address = AddressKey(device.Address)
}

// cleanUserAgent makes a header fit for a list of devices: valid text of one line, at most maxUserAgentBytes.
func cleanUserAgent(s string) string {
	if len(s) > maxUserAgentBytes {
		s = s[:maxUserAgentBytes]
		for !utf8.ValidString(s) && len(s) > maxUserAgentBytes-utf8.UTFMax {
			s = s[:len(s)-1]
		}
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s))
}

func (a *Auth) grant(user chat.User, s Session, token refreshToken, now time.Time) (Grant, error) {
	access, expires, err := a.signAccess(user.ID, s.ID, now)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		Identity:    Identity{User: user, SessionID: s.ID},
		AccessToken: access, AccessExpiresAt: expires,
		RefreshToken: a.keys.encode(token), RefreshExpiresAt: s.ExpiresAt,
	}, nil
}

// LogIn begins a session. Whether the account is unknown or the password wrong, the answer is BadCredentials after the
// same work. Other errors: RateLimited, Unavailable.
func (a *Auth) LogIn(ctx context.Context, loginID, password string, device Device) (Grant, error) {
	// What cannot be anybody's login id is tried as nobody's, under one key.
	loginID, fault := foldLoginID(loginID)
	if fault != "" {
		loginID = ""
	}
	if err := a.limits.takeLogIn(ctx, a.store, loginID, AddressKey(device.Address)); err != nil {
		return Grant{}, err
	}
	normal, fault := normalPassword(password)
	if fault != "" {
		return Grant{}, errBadCredentials() // no account has such a password
	}
	user, stored, err := a.store.Credentials(ctx, loginID)
	if isNotFound(err) || (err == nil && user.Deleted) {
		user, stored, err = chat.User{}, "", nil
	}
	if err != nil {
		return Grant{}, err
	}
	ok, outdated, err := a.hasher.verify(ctx, stored, normal)
	if err != nil {
		return Grant{}, err
	}
	if !ok {
		return Grant{}, errBadCredentials()
	}
	if outdated {
		a.rehash(ctx, user.ID, stored, normal)
	}
	now := a.now()
	session, token := newSession(user.ID, device, now)
	ctx, cancel := durable(ctx)
	defer cancel()
	if err := a.store.InsertSession(ctx, session); isNotFound(err) { // the account was deleted since
		return Grant{}, errBadCredentials()
	} else if err != nil {
		return Grant{}, err
	}
	// The password may have been changed, or the account deleted, since it was read. What was changed before the session
	// was there shows now; what is changed from here on ends the session itself.
	if err := a.stillGood(ctx, user.ID, stored, normal); err != nil {
		if gone := a.store.DeleteSession(ctx, user.ID, session.ID); gone != nil && !isNotFound(gone) {
			return Grant{}, gone
		}
		return Grant{}, err
	}
	return a.grant(user, session, token, now)
}

// stillGood reports BadCredentials where a password that matched the stored hash no longer is the user's.
func (a *Auth) stillGood(ctx context.Context, user chat.UserID, stored, normal string) error {
	current, hash, err := a.store.CredentialsOf(ctx, user)
	switch {
	case isNotFound(err), err == nil && current.Deleted:
		return errBadCredentials()
	case err != nil:
		return err
	case hash == stored:
		return nil
	}
	ok, _, err := a.hasher.verify(ctx, hash, normal) // it may be the same one, hashed anew
	if err == nil && !ok {
		err = errBadCredentials()
	}
	return err
}

// rehash brings a password's hash to today's cost. It may fail: the next log-in tries again.
func (a *Auth) rehash(ctx context.Context, user chat.UserID, stored, normal string) {
	hash, err := a.hasher.hash(ctx, normal)
	if err == nil {
		err = a.store.ReplaceHash(ctx, user, stored, hash)
	}
	if err != nil {
		a.log.WarnContext(ctx, "a password was not rehashed", "user_id", string(user), "error", err)
	}
}

// Authenticate returns who an access token stands for. The session is looked up: one that ended is refused at once, not
// when its token expires. Errors: Unauthorized, or the store's.
func (a *Auth) Authenticate(ctx context.Context, accessToken string) (Identity, error) {
	user, session, err := a.parseAccess(accessToken, a.clock.Now())
	if err != nil {
		return Identity{}, &chat.Error{Code: chat.Unauthorized, Message: "log in first", Cause: err}
	}
	found, err := a.Session(ctx, session)
	if err == nil && found.User.ID != user {
		return Identity{}, errUnauthorized()
	}
	return found, err
}

// Look is Authenticate for a request that only looks at something and cannot come again with new tokens, as a picture on a page
// does: where its access token has expired, the refresh token proves who it is from, and is not used up by that.
func (a *Auth) Look(ctx context.Context, tokens Tokens) (Identity, error) {
	by, err := a.Authenticate(ctx, tokens.Access)
	presented, ours := a.keys.decode(tokens.Refresh)
	if !ours || chat.CodeOf(err) != chat.Unauthorized {
		return by, err
	}
	now := a.now()
	s, user, err := a.store.Session(ctx, presented.sessionID(), now)
	switch {
	case isNotFound(err), err == nil && (user.Deleted || s.Kind != Browser):
		return Identity{}, errUnauthorized()
	case err != nil:
		return Identity{}, err
	case presented.matches(s.RefreshHash), presented.matches(s.PreviousHash) && now.Sub(s.RotatedAt) <= RefreshGrace:
		return Identity{User: user, SessionID: s.ID}, nil
	}
	return Identity{}, errUnauthorized()
}

// SameSession reports whether two requests name the same session, or the first names none. A token that expired still
// names its session. It asks no store.
func (a *Auth) SameSession(first, later Tokens) bool {
	session := a.sessionOf(first)
	return session == "" || session == a.sessionOf(later)
}

// sessionOf returns the session that tokens name, or "".
func (a *Auth) sessionOf(t Tokens) SessionID {
	if refresh, ours := a.keys.decode(t.Refresh); ours {
		return refresh.sessionID()
	}
	_, session, err := a.parseAccess(t.Access, time.Time{})
	if err != nil {
		return ""
	}
	return session
}

// Session returns who a session stands for now, with their present role, or Unauthorized where it has ended: how a
// connection that outlives its access token is checked again.
func (a *Auth) Session(ctx context.Context, id SessionID) (Identity, error) {
	_, user, err := a.store.Session(ctx, id, a.now())
	if isNotFound(err) || (err == nil && user.Deleted) {
		return Identity{}, errUnauthorized()
	}
	if err != nil {
		return Identity{}, err
	}
	return Identity{User: user, SessionID: id}, nil
}

// Refresh trades a refresh token for its successor. Within RefreshGrace the token just replaced gets the same successor
// once more: two tabs refresh at once, or an answer was lost. Any older one has been stolen or copied: the session ends.
// Errors: Unauthorized, or the store's.
func (a *Auth) Refresh(ctx context.Context, token string, device Device) (Grant, error) {
	presented, ours := a.keys.decode(token)
	if !ours {
		return Grant{}, errUnauthorized()
	}
	// Another refresh of the same token may come first, and then this one is its repetition: one more look shows which.
	for range 3 {
		grant, lost, err := a.rotate(ctx, presented, device)
		if !lost {
			return grant, err
		}
	}
	return Grant{}, &chat.Error{Code: chat.Unavailable, Message: "try again", RetryAfter: time.Second}
}

// rotate is one try of Refresh; lost tells that another one was faster.
func (a *Auth) rotate(ctx context.Context, presented refreshToken, device Device) (grant Grant, lost bool, err error) {
	now := a.now()
	s, user, err := a.store.Session(ctx, presented.sessionID(), now)
	if isNotFound(err) || (err == nil && (user.Deleted || s.Kind != device.Kind)) {
		return Grant{}, false, errUnauthorized()
	}
	if err != nil {
		return Grant{}, false, err
	}
	successor := a.keys.successorOf(presented)
	switch {
	case presented.matches(s.RefreshHash):
		expected := s.RefreshHash
		s.PreviousHash, s.RefreshHash, s.RotatedAt = expected, successor.hash(), now
		s.use(device, now)
		rotated, err := a.store.RotateSession(ctx, s, expected)
		if err != nil || !rotated {
			return Grant{}, err == nil, err
		}
	case presented.matches(s.PreviousHash) && now.Sub(s.RotatedAt) <= RefreshGrace:
	default:
		if err := a.EndSession(ctx, user.ID, s.ID, TokenReused); err != nil && !isNotFound(err) {
			return Grant{}, false, err
		}
		a.log.WarnContext(ctx, "a refresh token was used again; its session was ended", "user_id", string(user.ID), "session_id", string(s.ID))
		return Grant{}, false, errUnauthorized()
	}
	grant, err = a.grant(user, s, successor, now)
	return grant, false, err
}

// LogOut ends the session that the tokens of a request belong to: the access token's, or, where that has expired, the
// refresh token's. Tokens of no session are no error: then there is nothing to end.
func (a *Auth) LogOut(ctx context.Context, accessToken, refreshToken string) error {
	by, err := a.Authenticate(ctx, accessToken)
	if chat.CodeOf(err) == chat.Unauthorized {
		presented, ours := a.keys.decode(refreshToken)
		if !ours {
			return nil
		}
		by, err = a.Session(ctx, presented.sessionID())
		if chat.CodeOf(err) == chat.Unauthorized {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if err := a.EndSession(ctx, by.User.ID, by.SessionID, LoggedOut); err != nil && !isNotFound(err) {
		return err
	}
	return nil
}

// EndSession ends a user's session; its connections close. One that is not there, or not theirs, is NotFound.
func (a *Auth) EndSession(ctx context.Context, user chat.UserID, id SessionID, reason string) error {
	ctx, cancel := durable(ctx)
	defer cancel()
	if err := a.store.DeleteSession(ctx, user, id); err != nil {
		return err
	}
	a.publishEnded(user, reason, id)
	return nil
}

// Sessions returns a user's sessions, newest use first.
func (a *Auth) Sessions(ctx context.Context, user chat.UserID) ([]Session, error) {
	return a.store.Sessions(ctx, user, a.now())
}

// LiveSessions returns those of the sessions that have not ended.
func (a *Auth) LiveSessions(ctx context.Context, ids []SessionID) ([]SessionID, error) {
	return a.store.LiveSessions(ctx, ids, a.now())
}

// publishEnded tells that sessions ended; they are already gone from the database.
func (a *Auth) publishEnded(user chat.UserID, reason string, ids ...SessionID) {
	if len(ids) == 0 {
		return
	}
	events := make([]chat.Event, len(ids))
	for i, id := range ids {
		events[i] = chat.SessionEnded{SessionID: string(id), UserID: user, Reason: reason}
	}
	a.bus.Publish(events...)
}

// Sweep ends the sessions that have expired. Their events name no user.
func (a *Auth) Sweep(ctx context.Context) error {
	ctx, cancel := durable(ctx)
	defer cancel()
	ids, err := a.store.DeleteExpiredSessions(ctx, a.now())
	a.publishEnded("", Expired, ids...)
	return err
}

// sweepEvery is how long a connection may outlive its expired session.
const sweepEvery = time.Minute

// Run sweeps now and every minute until ctx ends.
func (a *Auth) Run(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := a.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "expired sessions were not swept", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
