package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// When to worry.
const (
	littleRoom  = 1 << 30 // bytes
	noRoom      = 100 << 20
	slowSync    = 50 * time.Millisecond
	oldBackup   = 49 * time.Hour // a daily one has failed twice
	certificate = 14 * 24 * time.Hour
)

// machine looks at the program, the data folder and its disk.
func (c *doctorCommand) machine(d *diagnosis) {
	d.ok("program", "maru %s", version)
	info, err := os.Stat(c.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.warn("disk", "%s is not there yet: the first start makes it, or --data names another", c.Data)
		return
	case err != nil:
		d.fail("disk", "%s: %v", c.Data, cause(err))
		return
	case info.Mode().Perm()&0o077 != 0:
		d.warn("disk", "others on this machine may look into %s: chmod 700 %[1]s", c.Data)
	}
	took, err := syncTime(c.Data)
	if err != nil {
		d.fail("disk", "%s cannot be written to (%v): run this as Maru's user, or give the folder to it", c.Data, cause(err))
		return
	}
	free, known := freeBytes(c.Data)
	switch text := size(free) + " are free"; {
	case known && free < noRoom:
		d.fail("disk", "%s: %s: make room, or sends will fail", c.Data, text)
	case known && free < littleRoom:
		d.warn("disk", "%s: %s: make room soon", c.Data, text)
	case took > slowSync:
		d.warn("disk", "a write to %s is safe only after %s, and each message waits for that: use a local SSD, not a network folder", c.Data, took.Round(time.Millisecond))
	default:
		d.ok("disk", "%s: %s, a write is safe after %s", c.Data, text, took.Round(10*time.Microsecond))
	}
}

// syncTime measures how long the disk takes to keep a small write, the middle of a few.
func syncTime(folder string) (time.Duration, error) {
	f, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = f.Close() // what is in it does not matter
		_ = os.Remove(f.Name())
	}()
	var took []time.Duration
	for range 9 {
		begun := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// look looks at the stores that hold what people wrote, and at the bus. It reports whether there is a database of this program's
// schema: nothing is made or upgraded here.
func (c *doctorCommand) look(ctx context.Context, d *diagnosis) (current bool) {
	options, err := c.database()
	if err != nil {
		d.fail("database", "%v", err)
		return false
	}
	options.Logger = quiet
	store, err := sqlstore.OpenBeside(ctx, options)
	if err != nil {
		d.fail("database", "%v", err)
		return false
	}
	c.lookAtDatabase(ctx, d, store)
	current = store.Schema() == store.Latest()
	_ = store.Close() // nothing was changed
	heard := &hearing{}
	blobs, err := blob.Open(ctx, c.Blobs, blob.Options{Data: c.Data, Logger: slog.New(heard)})
	if err == nil {
		err = errors.Join(blobs.Ready(ctx), blobs.Close())
	}
	switch {
	case err != nil:
		d.fail("blobs", "%v", err)
		return false
	case len(heard.said) > 0:
		d.warn("blobs", "%s", strings.Join(heard.said, "; "))
	default:
		d.ok("blobs", "can be written, listed and deleted")
	}
	return current
}

func (c *doctorCommand) lookAtDatabase(ctx context.Context, d *diagnosis, store *sqlstore.Beside) {
	heard := &hearing{}
	err := store.Settings(ctx, slog.New(heard))
	switch {
	case err != nil:
		d.fail("database", "%v", err)
	case len(heard.said) > 0:
		d.warn("database", "%s", strings.Join(heard.said, "; "))
	case store.Schema() > store.Latest():
		d.ok("database", "%s, schema %d of a newer maru, which this one works with", store.Name(), store.Schema())
	case store.Schema() < store.Latest():
		d.ok("database", "%s, schema %d: the next start upgrades it", store.Name(), store.Schema())
	default:
		d.ok("database", "%s, schema %d, syncs every commit", store.Name(), store.Schema())
	}
	skew, err := store.Skew(ctx)
	switch ahead := skew.Abs().Round(100 * time.Millisecond); {
	case err != nil:
		d.fail("clock", "%v", err)
	case skew.Abs() > maxSkew:
		d.fail("clock", "differs from the database server's by %s: synchronise both (NTP)", ahead)
	default:
		d.ok("clock", "agrees with the database's; %s", time.Now().Format(time.RFC3339))
	}
	kept, err := store.Secret()
	if err != nil {
		d.fail("secret", "%v", err)
	} else {
		c.lookAtSecret(d, kept)
	}
	c.lookAtBus(ctx, d)
	begun, err := store.LastBackup()
	switch age := time.Since(begun); {
	case err != nil:
		d.fail("backup", "%v", err)
	case begun.IsZero():
		d.warn("backup", "there is none: have maru backup FILE run daily, and keep the file on another machine (docs/operations.md)")
	case age > oldBackup:
		d.warn("backup", "the newest is %d days old: see why maru backup no longer runs", int(age/(24*time.Hour)))
	default:
		d.ok("backup", "the newest began %s ago", age.Round(time.Minute))
	}
}

// lookAtSecret compares the secret file with the one that the database was served with.
func (c *doctorCommand) lookAtSecret(d *diagnosis, kept []byte) {
	file := c.secretFile()
	secret, err := readSecret(file)
	if err != nil {
		d.fail("secret", "%s: %v: put it back from a backup, or from another node", file, cause(err))
		return
	}
	keys, err := deriveKeys(secret)
	if err == nil && kept != nil && !bytes.Equal(kept, keys.fingerprint) {
		err = sqlstore.ErrOtherSecret
	}
	info, statErr := os.Stat(file)
	switch err = errors.Join(err, statErr); {
	case err != nil:
		d.fail("secret", "%s: %v", file, err)
	case info.Mode().Perm()&0o077 != 0:
		d.warn("secret", "others on this machine may read %s: chmod 600 %[1]s", file)
	default:
		d.ok("secret", "%s is this database's", filepath.Clean(file))
	}
}

// lookAtBus connects to the bus as one more node would.
func (c *doctorCommand) lookAtBus(ctx context.Context, d *diagnosis) {
	if c.Bus == "memory:" {
		d.ok("bus", "none: a single node")
		return
	}
	secret, err := readSecret(c.secretFile())
	if err != nil {
		return // the secret's part tells of it
	}
	b, err := openBus(c.Bus, secret, "doctor", quiet)
	if err != nil {
		d.fail("bus", "%v", err)
		return
	}
	defer b.Close()
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = b.Ready(); err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		d.fail("bus", "NATS %v: see that it runs where --bus says; until then nodes hear of each other's messages late", err)
		return
	}
	d.ok("bus", "NATS answers")
}

// hearing keeps what is warned of.
type hearing struct {
	said []string
}

// Enabled implements slog.Handler.
func (h *hearing) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (h *hearing) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" (%s: %v)", a.Key, a.Value)
		return true
	})
	h.said = append(h.said, text)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *hearing) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h *hearing) WithGroup(string) slog.Handler { return h }
