package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// A refresh token is base64url of the session's id, a secret, and a tag that we alone can make. The tag tells an old
// token of ours, whichever generation, from one that somebody made up: only the former may end its session.
const (
	sessionIDBytes    = 16
	refreshSecretSize = 32
	refreshTagSize    = 16
	refreshTokenSize  = sessionIDBytes + refreshSecretSize + refreshTagSize
)

var refreshEncoding = base64.RawURLEncoding.Strict()

var refreshTokenChars = refreshEncoding.EncodedLen(refreshTokenSize)

// refreshToken is one generation of a session's refresh tokens.
type refreshToken struct {
	id     [sessionIDBytes]byte
	secret [refreshSecretSize]byte
}

// firstRefresh makes the first token of a new session.
func firstRefresh() refreshToken {
	var t refreshToken
	_, _ = rand.Read(t.id[:]) // never fails: crypto/rand ends the program instead
	_, _ = rand.Read(t.secret[:])
	return t
}

func (t refreshToken) sessionID() SessionID {
	return SessionID(base64.RawURLEncoding.EncodeToString(t.id[:]))
}

func (t refreshToken) signed() []byte { return append(t.id[:], t.secret[:]...) }

// successor returns the one token that follows t.
func (k keys) successorOf(t refreshToken) refreshToken {
	next := refreshToken{id: t.id}
	copy(next.secret[:], mac(k.successor, t.signed()))
	return next
}

// encode returns the token as it travels.
func (k keys) encode(t refreshToken) string {
	signed := t.signed()
	return refreshEncoding.EncodeToString(append(signed, mac(k.tag, signed)[:refreshTagSize]...))
}

// decode returns the token that s carries, where we made it.
func (k keys) decode(s string) (refreshToken, bool) {
	if len(s) != refreshTokenChars {
		return refreshToken{}, false
	}
	raw, err := refreshEncoding.DecodeString(s)
	if err != nil || len(raw) != refreshTokenSize {
		return refreshToken{}, false
	}
	signed, tag := raw[:sessionIDBytes+refreshSecretSize], raw[sessionIDBytes+refreshSecretSize:]
	if !hmac.Equal(tag, mac(k.tag, signed)[:refreshTagSize]) {
		return refreshToken{}, false
	}
	var t refreshToken
	copy(t.id[:], signed)
	copy(t.secret[:], signed[sessionIDBytes:])
	return t, true
}

// hash is what the database keeps of a token. The secret is random, so a plain digest cannot be guessed from.
func (t refreshToken) hash() []byte {
	sum := sha256.Sum256(t.signed())
	return sum[:]
}

func (t refreshToken) matches(hash []byte) bool { return bytes.Equal(t.hash(), hash) }
