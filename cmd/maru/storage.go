package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// storage holds the flags that say where everything is kept.
type storage struct {
	Data     string `default:"./data" placeholder:"FOLDER" help:"Folder of the embedded state: database, images, secret (${default})."`
	Database string `placeholder:"URL" help:"sqlite:FILE, by default maru.db in the data folder, or mysql://USER:PASSWORD@HOST:3306/NAME (with ?tls=true or tls=skip-verify). MARU_DATABASE keeps the password off the command line."`
	Blobs    string `placeholder:"URL" help:"Where images are kept: file:FOLDER, by default images in the data folder, or s3://BUCKET?endpoint=…&region=… with the usual AWS_* variables."`

	SecretFile string          `placeholder:"FILE" help:"The secret that signs tokens; by default in the data folder, made at the first start."`
	Config     kong.ConfigFlag `placeholder:"FILE" help:"A JSON object of settings by flag name; flags and variables come before it."`

	meter sqlstore.Meter `kong:"-"`
}

func (s *storage) secretFile() string {
	if s.SecretFile != "" {
		return s.SecretFile
	}
	return filepath.Join(s.Data, "secret")
}

// claimSecret reads the secret, makes it where there is none, and holds the database to it.
func (s *storage) claimSecret(ctx context.Context, store *sqlstore.DB) (secret []byte, keys secretKeys, err error) {
	secret, err = loadSecret(s.secretFile())
	if err != nil {
		err = cause(err)
	}
	if err == nil {
		keys, err = deriveKeys(secret)
	}
	if err == nil {
		err = store.ClaimSecret(ctx, keys.fingerprint)
	}
	if err != nil {
		err = fmt.Errorf("--secret-file %s: %w", s.secretFile(), err)
	}
	return secret, keys, err
}

// open opens the database and the images' store.
func (s *storage) open(ctx context.Context, log *slog.Logger) (*sqlstore.DB, blob.Store, error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("--data %s: %w", s.Data, cause(err))
	}
	options, err := s.database()
	if err != nil {
		return nil, nil, err
	}
	options.Logger, options.Meter = log, s.meter
	store, err := sqlstore.Open(ctx, options)
	if err != nil && options.MySQL != "" {
		err = fmt.Errorf("--database: %w", err)
	}
	if err != nil {
		return nil, nil, err
	}
	blobs, err := blob.Open(ctx, s.Blobs, blob.Options{Data: s.Data, Logger: log})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--blobs: %w", err), store.Close())
	}
	return store, blobs, nil
}

// database reads --database; no error quotes it, as there may be a password in it.
func (s *storage) database() (sqlstore.Options, error) {
	kind, file, named := strings.Cut(s.Database, ":")
	switch {
	case s.Database == "" || (kind == "sqlite" && file == ""):
		return sqlstore.Options{Path: filepath.Join(s.Data, "maru.db")}, nil
	case named && kind == "sqlite":
		return sqlstore.Options{Path: file}, nil
	case named && kind == "mysql":
		return sqlstore.Options{MySQL: s.Database}, nil
	}
	return sqlstore.Options{}, errors.New("--database: must be sqlite:FILE or mysql://USER:PASSWORD@HOST:3306/NAME")
}

// withRules has fn work by chat's rules on stores that nobody serves from: nobody hears of what it changes.
func withRules(store *sqlstore.DB, blobs chat.Blobs, digestKey []byte, fn func(*chat.Chat, chat.Bus) error) error {
	events := bus.NewMemory()
	defer events.Close()
	return fn(chat.New(chat.Options{
		Store: store, Bus: events, Clock: systemClock{}, Blobs: blobs, NFC: norm.NFC.String, DigestKey: digestKey, NoRateLimits: true,
	}), events)
}
