package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// keys are independent keys made from the one secret, so that no token of one purpose says anything about another.
type keys struct {
	access    []byte // signs access tokens
	tag       []byte // marks refresh tokens as ours
	successor []byte // derives a refresh token from its predecessor
}

func deriveKeys(secret []byte) (keys, error) {
	if len(secret) < MinSecretBytes {
		return keys{}, errShortSecret
	}
	var k keys
	for label, key := range map[string]*[]byte{
		"maru access token v1":      &k.access,
		"maru refresh tag v1":       &k.tag,
		"maru refresh successor v1": &k.successor,
	} {
		derived, err := hkdf.Key(sha256.New, secret, nil, label, sha256.Size)
		if err != nil {
			return keys{}, fmt.Errorf("auth: deriving a key: %w", err)
		}
		*key = derived
	}
	return k, nil
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
