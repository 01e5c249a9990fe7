package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/maru-chat/maru/internal/chat"
)

const (
	audience       = "maru"
	accessType     = "access"
	maxAccessBytes = 4 << 10 // refused before anything of it is read
)

// accessClaims are the claims of an access token. Type keeps a token of another purpose from being taken for one.
type accessClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
	Type      string `json:"typ"`
}

// Validate implements jwt.ClaimsValidator.
func (c accessClaims) Validate() error {
	switch {
	case c.Type != accessType:
		return errors.New("not an access token")
	case c.Subject == "" || c.SessionID == "" || c.IssuedAt == nil:
		return errors.New("a claim is missing")
	case len(c.Audience) != 1:
		return errors.New("not for us alone")
	}
	return nil
}

func (a *Auth) signAccess(user chat.UserID, session SessionID, now time.Time) (string, time.Time, error) {
	expires := now.Add(AccessLife)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   string(user),
			Audience:  jwt.ClaimStrings{audience},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		SessionID: string(session),
		Type:      accessType,
	}).SignedString(a.keys.access)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("auth: signing an access token: %w", err)
	}
	return token, expires, nil
}

// parseAccess returns whom a token names, where it is ours and has not expired. Headers that would choose a key (kid,
// jku, jwk, x5u, x5c) or demand an extension (crit) are never ours, and refused.
func (a *Auth) parseAccess(token string, now time.Time) (chat.UserID, SessionID, error) {
	if len(token) > maxAccessBytes {
		return "", "", errors.New("too large")
	}
	var claims accessClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		for name := range t.Header {
			if name != "alg" && name != "typ" {
				return nil, errors.New("unexpected header")
			}
		}
		return a.keys.access, nil
	},
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	if err != nil {
		return "", "", err
	}
	return chat.UserID(claims.Subject), SessionID(claims.SessionID), nil
}
