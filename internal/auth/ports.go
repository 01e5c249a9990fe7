package auth

import (
	"context"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Store keeps credentials and sessions. Each method is one transaction, durable when it returns; errors are *chat.Error,
// with NotFound for the one thing that is not there.
type Store interface {
	// CreateAccount inserts a user with their password hash and first session. The first account of an empty database
	// becomes an admin, claimed by one unique row in the same transaction; the stored user is returned. It fails with
	// LoginIDTaken where the login id is in use.
	CreateAccount(ctx context.Context, user chat.User, passwordHash string, session Session) (chat.User, error)

	// Credentials returns the user of a login id and their password hash.
	Credentials(ctx context.Context, loginID string) (chat.User, string, error)
	// CredentialsOf returns the same by user.
	CredentialsOf(ctx context.Context, user chat.UserID) (chat.User, string, error)
	// SetPassword replaces a user's password hash and deletes their sessions but the one to keep; it returns the ids of
	// those deleted.
	SetPassword(ctx context.Context, user chat.UserID, passwordHash string, keep SessionID) ([]SessionID, error)
	// ReplaceHash replaces a user's password hash where it still is the old one, and leaves their sessions alone; where it
	// is not, nothing happens.
	ReplaceHash(ctx context.Context, user chat.UserID, old, replacement string) error

	InsertSession(ctx context.Context, session Session) error
	// Session returns a live session and its user; an expired or deleted one is NotFound.
	Session(ctx context.Context, id SessionID, now time.Time) (Session, chat.User, error)
	// Sessions returns a user's live sessions, newest use first.
	Sessions(ctx context.Context, user chat.UserID, now time.Time) ([]Session, error)
	// LiveSessions returns those of the ids that are live.
	LiveSessions(ctx context.Context, ids []SessionID, now time.Time) ([]SessionID, error)
	// RotateSession stores a session's new refresh hash, previous hash, times, address and user agent, where its
	// refresh hash is still the expected one; it reports whether it was. Of two at once exactly one succeeds.
	RotateSession(ctx context.Context, session Session, expected []byte) (bool, error)
	// DeleteSession deletes a session of that user; one that is not there is NotFound.
	DeleteSession(ctx context.Context, user chat.UserID, id SessionID) error
	// DeleteExpiredSessions removes what expired before now, and returns the ids.
	DeleteExpiredSessions(ctx context.Context, now time.Time) ([]SessionID, error)

	// KnownAddress reports whether a live session of the login id's user was last used from address.
	KnownAddress(ctx context.Context, loginID, address string) (bool, error)
}

// SessionID names a session.
type SessionID string

// SessionKind tells how a session's tokens travel.
type SessionKind string

// Browsers carry tokens in cookies, programs in the Authorization header.
const (
	Browser SessionKind = "browser"
	Program SessionKind = "program"
)

// Session is a login: one family of refresh tokens. Only hashes of the tokens are kept.
type Session struct {
	ID           SessionID
	UserID       chat.UserID
	Kind         SessionKind
	RefreshHash  []byte // SHA-256 of the current refresh token
	PreviousHash []byte // of its predecessor, nil before the first refresh
	RotatedAt    time.Time
	CreatedAt    time.Time
	LastUsedAt   time.Time
	ExpiresAt    time.Time // 30 days after the latest refresh, and never later than a year after CreatedAt
	UserAgent    string    // at most 256 bytes
	Address      string
}
