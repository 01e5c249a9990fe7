package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/backup"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/priority"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// backupCommand writes everything into one file.
type backupCommand struct {
	storage `embed:""`

	File   string `arg:"" help:"Where to: a file that appears once it is complete, in place of one before; - for standard output."`
	Images bool   `default:"true" negatable:"" help:"With the bytes of images; without them their store has to keep its own copies."`
}

// Run writes a backup beside whoever serves.
func (c *backupCommand) Run(ctx context.Context, out io.Writer) error {
	priority.StepBack()
	err := c.run(ctx, out)
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted: there is no backup")
	}
	return err
}

func (c *backupCommand) run(ctx context.Context, out io.Writer) (err error) {
	file, summary := io.WriteCloser(nopCloser{out}), io.Writer(os.Stderr)
	if c.File != "-" {
		draft, err := newDraft(c.File)
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, cause(err))
		}
		defer draft.discard()
		file, summary = draft, out
	}
	begun := time.Now()
	paced := &paced{w: file}
	holds, err := c.write(ctx, paced, begun, summary)
	if paced.err != nil { // what is behind it is no news
		return fmt.Errorf("%s: %w: there is no backup", c.File, cause(paced.err))
	}
	if err != nil {
		return err
	}
	say(summary, "%s", describe(holds, c.Images))
	say(summary, "Backed up in %s: %s", time.Since(begun).Round(10*time.Millisecond), c.File)
	return nil
}

// write writes the backup and, once it is complete, says so in the database.
func (c *backupCommand) write(ctx context.Context, file io.WriteCloser, begun time.Time, notes io.Writer) (holds backup.Complete, err error) {
	database, err := c.database()
	if err != nil {
		return holds, err
	}
	log := newLogger()
	database.Logger = log
	store, err := sqlstore.OpenBeside(ctx, database)
	if err != nil {
		return holds, fmt.Errorf("--database: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	content := backup.Content{
		Database: store,
		Lost:     func(i chat.Image) { say(notes, "Image %s has lost its bytes (maru doctor --fix removes it).", i.ID) },
	}
	if content.Secret, err = c.secretOf(store); err != nil {
		return holds, err
	}
	if c.Images {
		blobs, err := blob.Open(ctx, c.Blobs, blob.Options{Data: c.Data, Logger: log, Source: true})
		if err != nil {
			return holds, fmt.Errorf("--blobs: %w", err)
		}
		defer func() { err = errors.Join(err, blobs.Close()) }()
		content.Blobs = blobs
	}
	if err := store.Freeze(ctx, filepath.Dir(c.File)); err != nil {
		return holds, fmt.Errorf("--database: %w", err)
	}
	content.Manifest = backup.Manifest{Program: version, Schema: store.Schema(), Begun: begun.UTC()}
	if holds, err = backup.Write(ctx, file, content); err != nil {
		return holds, err
	}
	if err := file.Close(); err != nil {
		return holds, err
	}
	if err := store.Record(ctx, begun); err != nil {
		say(notes, "The backup is complete; that there is one could not be kept in the database: %v", err)
	}
	return holds, nil
}

// secretOf reads the secret file, which has to be this database's: with another one nobody could use what is restored.
func (c *backupCommand) secretOf(store *sqlstore.Beside) ([]byte, error) {
	secret, err := readSecret(c.secretFile())
	if err != nil {
		return nil, fmt.Errorf("--secret-file %s: %w", c.secretFile(), cause(err))
	}
	keys, err := deriveKeys(secret)
	if err != nil {
		return nil, err
	}
	kept, err := store.Secret()
	if err != nil {
		return nil, err
	}
	if kept != nil && !bytes.Equal(kept, keys.fingerprint) {
		return nil, fmt.Errorf("--secret-file %s: %w", c.secretFile(), sqlstore.ErrOtherSecret)
	}
	return os.ReadFile(c.secretFile())
}

// describe says what a backup holds.
func describe(holds backup.Complete, images bool) string {
	text := "Database: " + size(holds.DatabaseBytes) + ". "
	if !images {
		return text + "No images."
	}
	return text + fmt.Sprintf("Images: %d, in %d files of %s.", holds.Images, holds.Files, size(holds.FileBytes))
}

// size is a number of bytes for people.
func size(bytes int64) string {
	const units = "kMGTP"
	if bytes < 1000 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	value, unit := float64(bytes)/1000, 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", value, units[unit])
}

// draft is a file that gets its name when it is closed, complete and on stable storage. Until then it is called NAME.unfinished-…
type draft struct {
	*os.File
	name string
}

// staleAfter is longer than any backup takes: a draft so old was left by a program that was killed.
const staleAfter = 7 * 24 * time.Hour

func newDraft(name string) (*draft, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("is no file")
	}
	folder, pattern := filepath.Dir(name), filepath.Base(name)+".unfinished-"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && strings.HasPrefix(entry.Name(), pattern) && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(filepath.Join(folder, entry.Name())) // the next one tries again
		}
	}
	f, err := os.CreateTemp(folder, pattern+"*")
	if err != nil {
		return nil, err
	}
	return &draft{f, name}, nil
}

// Close implements io.Closer.
func (d *draft) Close() error {
	if err := errors.Join(d.Sync(), d.File.Close()); err != nil {
		return err
	}
	if err := os.Rename(d.Name(), d.name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(d.name))
}

// discard removes what was not closed.
func (d *draft) discard() {
	if d.File.Close() == nil {
		_ = os.Remove(d.Name()) // it says itself that it is unfinished
	}
}

// syncFolder has the names in a folder outlive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path) // #nosec G304 -- the operator names it
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// paced writes with rests, each as long as the work before it, and has the disk take what is written piece by piece: whoever
// chats meanwhile uses the same processors and the same disk.
type paced struct {
	w       io.WriteCloser
	err     error // of w
	piece   int
	unsaved int
	since   time.Time
}

const (
	pieceBytes = 64 << 10
	saveBytes  = 512 << 10
	longestRun = 100 * time.Millisecond
)

// Write implements io.Writer.
func (p *paced) Write(b []byte) (int, error) {
	if p.since.IsZero() {
		p.since = time.Now()
	}
	n, err := p.w.Write(b)
	p.piece += n
	p.unsaved += n
	if file, ok := p.w.(interface{ Sync() error }); ok && err == nil && p.unsaved >= saveBytes {
		p.unsaved = 0
		err = file.Sync()
	}
	if err == nil && p.piece >= pieceBytes {
		time.Sleep(min(time.Since(p.since), longestRun))
		p.piece, p.since = 0, time.Now()
	}
	if err != nil {
		p.err = err
	}
	return n, err
}

// Close closes what is written to.
func (p *paced) Close() error {
	if err := p.w.Close(); err != nil {
		p.err = err
		return err
	}
	return nil
}
