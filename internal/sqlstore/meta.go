package sqlstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	"github.com/maru-chat/maru/internal/chat"
)

// What the meta table holds.
const (
	metaEpoch  = "epoch"
	metaSecret = "secret_fingerprint"
	// metaOldest is the oldest schema whose program works with this database: see migrate.go.
	metaOldest = "oldest_schema"
	// metaBackup is when the newest backup began, in RFC 3339.
	metaBackup = "last_backup"
	// metaCopying is there while a copy into the database is not finished: see copy.go.
	metaCopying = "copying"
)

// Epoch implements chat.Store.
func (db *DB) Epoch() string { return db.epoch }

func (s *snapshot) meta(name string) ([]byte, error) {
	var value []byte
	err := s.one("entry", []any{&value}, "SELECT value FROM meta WHERE name = ?", name)
	return value, err
}

// claim keeps a value where none is kept, and returns the one that is: another node may have been first.
func (t *tx) claim(name string, value []byte) ([]byte, error) {
	kept, err := t.meta(name)
	if chat.CodeOf(err) != chat.NotFound {
		return kept, err
	}
	_, err = t.exec("INSERT INTO meta (name, value) VALUES (?, ?)", name, value)
	if errors.Is(err, errDuplicate) {
		return t.meta(name)
	}
	return value, err
}

func (t *tx) setMeta(name string, value []byte) error {
	_, err := t.exec(t.db.dialect.upsert("meta", []string{"name"}, []string{"value"}), name, value)
	return err
}

// loadEpoch returns the database's epoch, and chooses one for a new database.
func (db *DB) loadEpoch(ctx context.Context) (epoch string, err error) {
	err = db.write(ctx, func(t *tx) error {
		value, err := t.claim(metaEpoch, []byte(rand.Text()))
		epoch = string(value)
		return err
	})
	return epoch, err
}

// RenewEpoch gives a restored database a history of its own, so that clients drop what they know of the old one. It
// counts from the next Open.
func (db *DB) RenewEpoch(ctx context.Context) error {
	return db.write(ctx, func(t *tx) error { return t.setMeta(metaEpoch, []byte(rand.Text())) })
}

// ClaimSecret keeps the fingerprint of the secret that signs tokens, at its first call for this database; where another
// one is kept it fails with ErrOtherSecret.
func (db *DB) ClaimSecret(ctx context.Context, fingerprint []byte) error {
	return db.write(ctx, func(t *tx) error {
		kept, err := t.claim(metaSecret, fingerprint)
		if err == nil && !bytes.Equal(kept, fingerprint) {
			err = ErrOtherSecret
		}
		return err
	})
}
