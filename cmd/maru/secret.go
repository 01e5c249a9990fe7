package main

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/maru-chat/maru/internal/auth"
)

// loadSecret reads the secret that signs tokens, and makes it where there is none. The file holds hexadecimal digits, at
// least 64 of them, and is readable by its owner alone.
func loadSecret(path string) ([]byte, error) {
	secret, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(path)
	}
	return secret, err
}

func readSecret(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	return parseSecret(text)
}

// parseSecret reads the content of a secret file.
func parseSecret(text []byte) ([]byte, error) {
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < auth.MinSecretBytes {
		return nil, fmt.Errorf("must hold at least %d hexadecimal digits", 2*auth.MinSecretBytes)
	}
	return secret, nil
}

// makeSecret writes a new secret under another name first, so that a crash leaves a whole one or none. Where another program has
// made one meanwhile, that is the one.
func makeSecret(path string) ([]byte, error) {
	secret := make([]byte, auth.MinSecretBytes)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = fmt.Fprintln(file, hex.EncodeToString(secret))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	switch err := os.Link(file.Name(), path); {
	case err == nil:
		return secret, nil
	case errors.Is(err, fs.ErrExist):
		return readSecret(path)
	}
	return secret, os.Rename(file.Name(), path) // a file system without links
}

// secretKeys are what the program itself derives from the secret; auth derives its own.
type secretKeys struct {
	digest      []byte // of repeated client ids
	fingerprint []byte // by which a database knows its secret without holding it
}

func deriveKeys(secret []byte) (secretKeys, error) {
	digest, err := hkdf.Key(sha256.New, secret, nil, "maru: digest of client ids", sha256.Size)
	if err != nil {
		return secretKeys{}, err
	}
	fingerprint, err := hkdf.Key(sha256.New, secret, nil, "maru: fingerprint of the secret", sha256.Size)
	return secretKeys{digest, fingerprint}, err
}

// deriveBus returns the name that this database's nodes have on a bus, and the key to what they say there. A restored database
// has another epoch, and its nodes do not listen to those of the old one.
func deriveBus(secret []byte, epoch string) (name string, key []byte, err error) {
	raw, err := hkdf.Key(sha256.New, secret, nil, "maru: name on the bus of "+epoch, 8)
	if err != nil {
		return "", nil, err
	}
	key, err = hkdf.Key(sha256.New, secret, nil, "maru: key to the bus of "+epoch, sha256.Size)
	return hex.EncodeToString(raw), key, err
}
