package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/backup"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// restoreCommand puts back what a backup holds.
type restoreCommand struct {
	storage `embed:""`

	File  string `arg:"" help:"A file that maru backup made."`
	Check bool   `help:"Only read the file and check it; nothing is put back."`
}

// Run restores into a database that is not there yet.
func (c *restoreCommand) Run(ctx context.Context, out io.Writer) error {
	err := c.run(ctx, out)
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted: nothing can be served from it yet; the same command begins anew")
	}
	return err
}

func (c *restoreCommand) run(ctx context.Context, out io.Writer) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, cause(err))
	}
	defer func() { _ = file.Close() }() // it was only read
	archive, err := backup.Open(ctx, file)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, cause(err))
	}
	say(out, "Backup of %s by maru %s: every part was read and has its checksum.", archive.Begun.Local().Format(time.DateTime), archive.Program)
	say(out, "%s", describe(archive.Holds, archive.Images))
	if c.Check {
		return nil
	}
	r := restoring{storage: &c.storage, archive: archive, out: out}
	if err := r.run(ctx); err != nil {
		return err
	}
	say(out, "Restored. Browsers and programs drop what they knew of the old history, and keep what they have not sent.")
	return nil
}

// restoring is a restore under way. The database is made ready beside its place, and gets there as the last step: until then
// there is nothing that could be served.
type restoring struct {
	*storage
	archive *backup.Archive
	out     io.Writer
	target  sqlstore.Options
	folder  string // where the database is made ready
}

var quiet = slog.New(slog.DiscardHandler)

func (r *restoring) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(r.Data, 0o700); err != nil {
		return fmt.Errorf("--data %s: %w", r.Data, cause(err))
	}
	if r.target, err = r.database(); err != nil {
		return err
	}
	beside := r.Data
	if r.target.Path != "" {
		beside = filepath.Dir(r.target.Path)
		// Nobody may begin to use the place meanwhile.
		place, err := sqlstore.HoldPlace(r.target.Path)
		if err != nil {
			return fmt.Errorf("%s: %w", r.target.Path, err)
		}
		defer func() { err = errors.Join(err, place.Close()) }()
	}
	secret, err := r.secret(ctx)
	if err != nil {
		return err
	}
	r.folder = filepath.Join(beside, "restoring")
	if err := os.RemoveAll(r.folder); err != nil { // of one that was interrupted
		return err
	}
	if err := os.Mkdir(r.folder, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.folder)) }()
	if err := r.extract(ctx); err != nil {
		return err
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	if err := secret.keep(); err != nil {
		return fmt.Errorf("--secret-file %s: %w", r.secretFile(), cause(err))
	}
	return r.place(ctx)
}

func (r *restoring) file() string { return filepath.Join(r.folder, "maru.db") }

// secretToKeep is the backup's secret and where it belongs.
type secretToKeep struct {
	content []byte
	path    string
	there   bool
}

// secret reads the backup's secret, and refuses a place where there is another one.
func (r *restoring) secret(ctx context.Context) (secretToKeep, error) {
	s := secretToKeep{path: r.secretFile()}
	err := r.archive.Each(ctx, func(e backup.Entry, in io.Reader) (err error) {
		if e.Secret {
			s.content, err = io.ReadAll(in)
		}
		return err
	})
	if err != nil {
		return s, err
	}
	ours, err := parseSecret(s.content)
	if err != nil {
		return s, fmt.Errorf("the backup's secret %w", err)
	}
	theirs, err := readSecret(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return s, fmt.Errorf("--secret-file %s: %w", s.path, cause(err))
	case !bytes.Equal(ours, theirs):
		return s, fmt.Errorf("--secret-file %s: is there, and is not the backup's: move it away", s.path)
	}
	s.there = true
	return s, nil
}

func (s secretToKeep) keep() error {
	if s.there {
		return nil
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(s.content)
	return errors.Join(err, f.Sync(), f.Close())
}

// extract writes the database into its folder, and the images to where they belong.
func (r *restoring) extract(ctx context.Context) (err error) {
	var blobs blob.Store
	if r.archive.Images {
		if blobs, err = blob.Open(ctx, r.Blobs, blob.Options{Data: r.Data, Logger: newLogger()}); err != nil {
			return fmt.Errorf("--blobs: %w", err)
		}
		defer func() { err = errors.Join(err, blobs.Close()) }()
		if err := blobs.Ready(ctx); err != nil {
			return fmt.Errorf("--blobs: %w", err)
		}
	}
	begun := time.Now()
	puts := newPuts(ctx, blobs, r.archive.Holds.Files)
	err = r.archive.Each(ctx, func(e backup.Entry, in io.Reader) error {
		switch {
		case e.Database:
			if err := extractTo(r.file(), in); err != nil {
				return fmt.Errorf("%s: %w", r.file(), cause(err))
			}
			say(r.out, "The database is there after %s.", time.Since(begun).Round(time.Millisecond))
		case e.Key != "":
			content, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			return puts.put(e.Key, content)
		}
		return nil
	})
	return cmp.Or(puts.wait(), err)
}

// puts stores blobs, some side by side: a store may be far away.
type puts struct {
	queue chan restored
	tasks sync.WaitGroup
	ctx   context.Context
	stop  context.CancelCauseFunc
}

type restored struct {
	key     string
	content []byte
}

const putAtOnce = 8

func newPuts(ctx context.Context, blobs blob.Store, total int64) *puts {
	ctx, stop := context.WithCancelCause(ctx)
	p := &puts{queue: make(chan restored), ctx: ctx, stop: stop}
	var (
		mu   sync.Mutex // guards told and done
		told = &teller{out: os.Stderr}
		done int64
	)
	for range putAtOnce {
		p.tasks.Go(func() {
			for one := range p.queue {
				// What its kind is stands in the database.
				err := blobs.Put(ctx, one.key, "application/octet-stream", bytes.NewReader(one.content), int64(len(one.content)))
				if err != nil {
					stop(fmt.Errorf("--blobs: %s: %w", one.key, err))
				}
				mu.Lock()
				done++
				told.tell("restoring images", done, total)
				mu.Unlock()
			}
		})
	}
	return p
}

// put has a blob stored; it waits for its turn. After a failure of another it fails.
func (p *puts) put(key string, content []byte) error {
	select {
	case p.queue <- restored{key, content}:
		return nil
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	}
}

// wait returns once all is stored.
func (p *puts) wait() error {
	close(p.queue)
	p.tasks.Wait()
	err := context.Cause(p.ctx)
	p.stop(nil)
	return err
}

func extractTo(path string, in io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- the operator's own folder
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	return errors.Join(err, f.Sync(), f.Close())
}

// ready makes the database one to be served: of this program's schema, with a history of its own, and without images that were
// deleted while the backup was made.
func (r *restoring) ready(ctx context.Context) (err error) {
	db, err := sqlstore.Open(ctx, sqlstore.Options{Path: r.file(), Logger: quiet})
	if err != nil {
		return fmt.Errorf("the backup's database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Check(ctx); err != nil {
		return fmt.Errorf("the backup's database: %w", err)
	}
	if err := db.RenewEpoch(ctx); err != nil {
		return err
	}
	if !r.archive.Images {
		return nil
	}
	blobs, err := blob.Open(ctx, r.Blobs, blob.Options{Data: r.Data, Logger: quiet})
	if err != nil {
		return fmt.Errorf("--blobs: %w", err)
	}
	defer func() { err = errors.Join(err, blobs.Close()) }()
	return withRules(db, blobs, nil, func(rules *chat.Chat, _ chat.Bus) error { return r.forgetLost(ctx, rules) })
}

func (r *restoring) forgetLost(ctx context.Context, rules *chat.Chat) error {
	found, err := rules.FindOrphans(ctx)
	if err != nil || len(found.Lost) == 0 {
		return err
	}
	// What else is in the store is not the backup's: maru doctor tells of it.
	found.Blobs = nil
	if err := rules.RemoveOrphans(ctx, found); err != nil {
		return err
	}
	say(r.out, "Images that were deleted while the backup was made, or had lost their bytes before: %d. They are gone from their messages.", len(found.Lost))
	return nil
}

// place puts the database where it belongs.
func (r *restoring) place(ctx context.Context) (err error) {
	if r.target.Path != "" {
		return sqlstore.Place(r.file(), r.target.Path)
	}
	source, err := sqlstore.OpenSource(ctx, sqlstore.Options{Path: r.file(), Logger: quiet})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target := r.target
	target.Logger = quiet
	server, err := sqlstore.OpenTarget(ctx, target)
	if err != nil {
		return fmt.Errorf("--database: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	told := &teller{out: os.Stderr}
	copied, err := server.CopyFrom(ctx, source, told.database)
	report(r.out, copied, err)
	if err != nil {
		return err
	}
	return server.Finish()
}
