package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// How long tokens live.
const (
	AccessLife   = 15 * time.Minute
	RefreshLife  = 30 * 24 * time.Hour  // after the latest refresh
	SessionLife  = 365 * 24 * time.Hour // after the log-in, however often it was refreshed
	RefreshGrace = 20 * time.Second     // in which a replaced refresh token still gets the same successor
)

// Why a session ended, as the contract's session:ended tells it.
const (
	LoggedOut       = "logged_out"
	Revoked         = "revoked"
	PasswordChanged = "password_changed"
	AccountDeleted  = "account_deleted"
	TokenReused     = "token_reused"
	Expired         = "expired"
)

// SignUpMode tells who may make an account.
type SignUpMode string

// The modes.
const (
	SignUpOpen   SignUpMode = "open"
	SignUpClosed SignUpMode = "closed"
)

// MinSecretBytes is the least length of the secret that signs tokens.
const MinSecretBytes = 32

// Options are what an operator chooses. The zero value is open sign-up, no limits, the default cost, no log.
type Options struct {
	SignUp SignUpMode
	Limits bool // limit the tries of log-ins and sign-ups
	Cost   Cost // of hashing a password; DefaultCost where zero
	Logger *slog.Logger
}

// Users is what the rules of chat say and do about users; *chat.Chat is one.
type Users interface {
	// CleanUserName returns a name as it is stored, or Invalid with the field.
	CleanUserName(field, name string) (string, error)
	// DeleteAccount takes a user out of the chat for good: they leave every room, and the account loses its login id,
	// name, password and sessions.
	DeleteAccount(ctx context.Context, user chat.UserID) error
}

// Auth knows who somebody is. It is safe for concurrent use.
type Auth struct {
	store  Store
	bus    chat.Bus
	clock  chat.Clock
	users  Users
	signUp SignUpMode
	log    *slog.Logger
	keys   keys
	hasher *hasher
	limits *limits // nil where nothing is limited
}

// New makes an Auth. Every node of a cluster needs the same secret, of at least MinSecretBytes random bytes.
func New(store Store, users Users, bus chat.Bus, clock chat.Clock, secret []byte, options Options) (*Auth, error) {
	keys, err := deriveKeys(secret)
	if err != nil {
		return nil, err
	}
	if options.SignUp == "" {
		options.SignUp = SignUpOpen
	}
	if options.Cost == (Cost{}) {
		options.Cost = DefaultCost
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	hasher, err := newHasher(options.Cost)
	if err != nil {
		return nil, err
	}
	a := &Auth{
		store: store, bus: bus, clock: clock, users: users, signUp: options.SignUp, log: options.Logger,
		keys: keys, hasher: hasher,
	}
	if options.Limits {
		a.limits = newLimits(clock)
	}
	return a, nil
}

// SignUpMode returns who may make an account.
func (a *Auth) SignUpMode() SignUpMode { return a.signUp }

// Identity is who acts: a user, through one of their sessions.
type Identity struct {
	User      chat.User
	SessionID SessionID
}

// Grant is what a log-in or a refresh gives: an identity and the tokens that prove it.
type Grant struct {
	Identity
	AccessToken      string
	AccessExpiresAt  time.Time
	RefreshToken     string
	RefreshExpiresAt time.Time
}

// Device is where a log-in or a refresh comes from. An invalid Address is one unknown address among all others.
type Device struct {
	Kind      SessionKind
	UserAgent string
	Address   netip.Addr
}

// AddressKey names an address in limits and in lists of sessions: an IPv4 address by itself, an IPv6 address by its /64,
// which is the least that a provider gives to one customer.
func AddressKey(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if !address.IsValid() {
		return "unknown"
	}
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// durable frees a write from the asker going away: what it published must match what it stored.
func durable(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

func asChatError(err error) (*chat.Error, bool) { return errors.AsType[*chat.Error](err) }

func isNotFound(err error) bool { return chat.CodeOf(err) == chat.NotFound }

func errUnauthorized() error { return chat.Errorf(chat.Unauthorized, "log in first") }

func errBadCredentials() error {
	return chat.Errorf(chat.BadCredentials, "the login id or the password is wrong")
}

var errShortSecret = errors.New("auth: the secret is shorter than 32 bytes")
