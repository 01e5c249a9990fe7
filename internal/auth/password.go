package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/chat"
)

// Limits of a password, in bytes of its NFC form. Nothing is ever cut off.
const (
	MinPasswordBytes = 8
	MaxPasswordBytes = 1024
)

// normalPassword returns the form of a password that is hashed: NFC, so that two keyboards that compose differently
// spell the same one. wrong is a Field constant, "" for a good password.
func normalPassword(password string) (normal, wrong string) {
	switch {
	case password == "":
		return "", chat.FieldRequired
	case len(password) > 3*MaxPasswordBytes: // composing shortens to a third at most
		return "", chat.FieldTooLong
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return "", chat.FieldMalformed
	}
	normal = norm.NFC.String(password)
	switch {
	case len(normal) < MinPasswordBytes:
		return "", chat.FieldTooShort
	case len(normal) > MaxPasswordBytes:
		return "", chat.FieldTooLong
	}
	return normal, ""
}

// Cost is what hashing a password takes.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultCost is the OWASP password storage cheat sheet's minimum for argon2id.
var DefaultCost = Cost{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1}

// Bounds of what a stored hash may ask for, so that a tampered row cannot exhaust the machine.
const (
	maxMemoryKiB = 256 << 10
	maxPasses    = 16
	maxLanes     = 16
	saltBytes    = 16
	keyBytes     = 32
)

func (c Cost) check() error {
	if c.Passes < 1 || c.Passes > maxPasses || c.Lanes < 1 || c.Lanes > maxLanes ||
		c.MemoryKiB < 8*uint32(c.Lanes) || c.MemoryKiB > maxMemoryKiB {
		return errors.New("auth: argon2id parameters out of bounds")
	}
	return nil
}

// passwordHash is an argon2id hash with all that is needed to make it again.
type passwordHash struct {
	cost Cost
	salt []byte
	key  []byte
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

func makeHash(normal string, cost Cost) passwordHash {
	salt := randomBytes(saltBytes)
	return passwordHash{cost, salt, argon2.IDKey([]byte(normal), salt, cost.Passes, cost.MemoryKiB, cost.Lanes, keyBytes)}
}

func (h passwordHash) matches(normal string) bool {
	key := argon2.IDKey([]byte(normal), h.salt, h.cost.Passes, h.cost.MemoryKiB, h.cost.Lanes, uint32(len(h.key))) //nolint:gosec // at most 64
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// String returns the PHC string format: https://github.com/P-H-C/phc-string-format.
func (h passwordHash) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

var errHashFormat = errors.New("auth: not an argon2id hash")

func parseHash(s string) (passwordHash, error) {
	var h passwordHash
	parts := strings.Split(s, "$")
	if len(s) > 512 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errHashFormat
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.cost.MemoryKiB, &h.cost.Passes, &h.cost.Lanes); err != nil {
		return h, errHashFormat
	}
	if err := h.cost.check(); err != nil {
		return h, err
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return h, errHashFormat
	}
	if h.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return h, errHashFormat
	}
	if h.String() != s { // one spelling only
		return passwordHash{}, errHashFormat
	}
	return h, nil
}
