package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Beside is a database that others may be writing: it is looked at and copied without disturbing them.
type Beside struct {
	db     *DB
	o      Options
	mu     sync.Mutex // held by who uses conn
	conn   *conn
	schema int
	latest int // that this program knows
	size   int64
	file   string // a whole copy of a server's database; "" where conn's transaction holds the moment
}

// OpenBeside opens a database of this program's schema, of an older one, or of a newer one that this program works with.
func OpenBeside(ctx context.Context, o Options) (_ *Beside, err error) {
	var d dialect = &sqliteBeside{sqliteDialect{path: o.Path}}
	if o.MySQL != "" {
		if d, err = newMySQL(o.MySQL); err != nil {
			return nil, err
		}
	}
	b := &Beside{db: newDB(o, d), o: o}
	defer func() {
		if err != nil {
			err = errors.Join(b.db.opening(err), b.Close())
		}
	}()
	if b.db.held, err = d.hold(); err != nil {
		return nil, err
	}
	connector, err := d.connect()
	if err != nil {
		return nil, err
	}
	b.db.pool = sql.OpenDB(connector)
	if b.conn, err = b.db.connect(ctx, false); err != nil {
		return nil, err
	}
	return b, b.now(func(s *snapshot) error {
		return b.look(ctx, s.conn)
	})
}

// look finds out which schema the database has.
func (b *Beside) look(ctx context.Context, c *conn) (err error) {
	b.schema, b.latest, err = known(ctx, b.db.dialect, c)
	if errors.Is(err, ErrNewerSchema) {
		err = usable(ctx, c.c, b.schema, b.latest)
	}
	return err
}

// Freeze fixes the moment that is copied. A server's database, which must have this program's schema, is copied at once, into an
// SQLite file in the folder scratch, which Close removes.
func (b *Beside) Freeze(ctx context.Context, scratch string) (err error) {
	if b.o.MySQL != "" {
		return b.copyServer(ctx, scratch)
	}
	if err = b.db.dialect.control(b.conn, "BEGIN"); err != nil {
		return err
	}
	if err = b.look(ctx, b.conn); err != nil {
		return err
	}
	b.size, err = pagesSize(ctx, b.conn.c)
	return err
}

// known returns the version of a whole database's schema and the newest that this program knows, and refuses one that is newer.
func known(ctx context.Context, d dialect, c *conn) (schema, latest int, err error) {
	var version sql.NullInt64
	err = c.c.QueryRowContext(ctx, "SELECT MAX(version) FROM schema_version").Scan(&version)
	switch {
	case err != nil && d.classify(err).lost():
		return 0, 0, err
	case err != nil || version.Int64 == 0:
		return 0, 0, ErrNotDatabase
	}
	files, err := migrations.ReadDir(path.Join("migration", d.folder()))
	if err != nil {
		return 0, 0, err
	}
	if schema, latest = int(version.Int64), len(files); schema > latest {
		return schema, latest, newerSchema(schema, latest)
	}
	return schema, latest, refuseUnfinished(ctx, d, c)
}

// copyServer copies the database of a server into a file.
func (b *Beside) copyServer(ctx context.Context, scratch string) (err error) {
	source, err := OpenSource(ctx, b.o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	folder, err := os.MkdirTemp(scratch, ".maru-backup-")
	if err != nil {
		return err
	}
	b.file = filepath.Join(folder, "maru.db")
	target, err := OpenTarget(ctx, Options{Path: b.file, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = target.CopyFrom(ctx, source, func(Progress) {})
	if err == nil {
		err = target.Finish()
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return err
	}
	info, err := os.Stat(b.file)
	if err != nil {
		return err
	}
	b.size = info.Size()
	return nil
}

// Name says which database it is, without what is secret.
func (b *Beside) Name() string { return b.db.dialect.name() }

// Schema is the version of the database's schema.
func (b *Beside) Schema() int { return b.schema }

// Latest is the newest that this program knows.
func (b *Beside) Latest() int { return b.latest }

// Size is how many bytes Write writes.
func (b *Beside) Size() int64 { return b.size }

// Secret is as Source's.
func (b *Beside) Secret() (fingerprint []byte, err error) {
	err = b.now(func(s *snapshot) error {
		fingerprint, err = keptSecret(s)
		return err
	})
	return fingerprint, err
}

// Write writes the database as an SQLite file, once, after Freeze. A writer that rests from time to time leaves the others room: they do not
// wait for it, but the database's log grows meanwhile.
func (b *Beside) Write(ctx context.Context, w io.Writer) error {
	if b.file == "" {
		if err := writePages(ctx, b.conn.c, w); err != nil {
			return err
		}
		if err := b.db.dialect.control(b.conn, "ROLLBACK"); err != nil {
			return err
		}
		// What was written meanwhile stayed in the log. Moved into the database from here it keeps nobody waiting; whoever writes
		// next would otherwise do it first. If somebody else does it, or it fails, nothing is lost.
		_, _ = b.conn.c.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		return nil
	}
	f, err := os.Open(b.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(w, f)
	return err
}

// Images returns images in the order of their ids, as chat.Reader's AllImages: those that are there now, after Write.
func (b *Beside) Images(after chat.ImageID, limit int) (images []chat.Image, err error) {
	err = b.now(func(s *snapshot) error {
		images, err = s.AllImages(after, limit)
		return err
	})
	return images, err
}

// Image returns one that is there now, after Write.
func (b *Beside) Image(id chat.ImageID) (image chat.Image, err error) {
	err = b.now(func(s *snapshot) error {
		image, err = s.Image(id)
		return err
	})
	return image, err
}

// now reads what is there now.
func (b *Beside) now(fn func(*snapshot) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, begin := b.db.dialect.begin(); begin != "" {
		if err := b.db.dialect.control(b.conn, begin); err != nil {
			return err
		}
	}
	return errors.Join(fn(newSnapshot(background, b.db, b.conn)), b.db.dialect.control(b.conn, "ROLLBACK"))
}

// Record keeps in the database that a backup of it is complete that began at that time.
func (b *Beside) Record(ctx context.Context, begun time.Time) (err error) {
	c, err := b.db.connect(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if begin, _ := b.db.dialect.begin(); begin != "" {
		if err := b.db.dialect.control(c, begin); err != nil {
			return err
		}
	}
	_, err = c.exec(b.db.dialect.upsert("meta", []string{"name"}, []string{"value"}),
		metaBackup, []byte(begun.UTC().Format(time.RFC3339)))
	if err == nil {
		err = b.db.dialect.control(c, "COMMIT")
	}
	return err
}

// Close ends the reading.
func (b *Beside) Close() error {
	var errs []error
	if b.conn != nil {
		errs = append(errs, b.conn.close())
	}
	errs = append(errs, b.db.release())
	if b.file != "" {
		errs = append(errs, os.RemoveAll(filepath.Dir(b.file)))
	}
	return errors.Join(errs...)
}

// LastBackup tells when the newest complete backup began; the zero time where there is none.
func (b *Beside) LastBackup() (begun time.Time, err error) {
	err = b.now(func(s *snapshot) error {
		begun, err = lastBackup(s)
		return err
	})
	return begun, err
}

// LastBackup is as Beside's.
func (db *DB) LastBackup(ctx context.Context) (begun time.Time, err error) {
	err = db.snapshot(ctx, func(s *snapshot) error {
		begun, err = lastBackup(s)
		return err
	})
	return begun, err
}

func lastBackup(s *snapshot) (begun time.Time, err error) {
	value, err := s.meta(metaBackup)
	if chat.CodeOf(err) == chat.NotFound {
		return begun, nil
	}
	if err == nil {
		begun, err = time.Parse(time.RFC3339, string(value))
	}
	return begun, err
}

// Settings warns of what would lose messages, and refuses what cannot work.
func (b *Beside) Settings(ctx context.Context, log *slog.Logger) error {
	return b.now(func(s *snapshot) error { return b.db.dialect.settings(ctx, s.conn.c, log) })
}

// Skew tells how far this machine's clock is ahead of the database server's.
func (b *Beside) Skew(ctx context.Context) (skew time.Duration, err error) {
	err = b.now(func(s *snapshot) error {
		skew, err = b.db.dialect.skew(ctx, s.conn.c, b.db.clock)
		return err
	})
	return skew, err
}

// sqliteBeside reads a file that a maru may be writing.
type sqliteBeside struct{ sqliteDialect }

// hold takes nothing, and makes no database.
func (d *sqliteBeside) hold() (io.Closer, error) { return nil, isThere(d.path) }

func (d *sqliteBeside) connect() (driver.Connector, error) { return openFile(d.path, "mode=rw") }

// prepare does not set how the file is kept: that is its maru's.
func (d *sqliteBeside) prepare(ctx context.Context, c *sql.Conn, writing bool) error {
	settings := []string{
		"PRAGMA busy_timeout=" + busyTimeout, "PRAGMA temp_store=MEMORY", "PRAGMA trusted_schema=OFF", "PRAGMA cache_size=-1024",
		"PRAGMA synchronous=FULL", "PRAGMA secure_delete=ON",
	}
	if !writing {
		settings = append(settings, "PRAGMA query_only=ON")
	}
	for _, setting := range settings {
		if _, err := c.ExecContext(ctx, setting); err != nil {
			return err
		}
	}
	return nil
}

// HoldPlace keeps a database file's folder for whoever is about to Place one there: it fails where a maru uses it, and where a
// database is there already.
func HoldPlace(path string) (io.Closer, error) {
	held, err := lock(filepath.Join(filepath.Dir(path), lockName))
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		if err == nil {
			err = ErrThere
		}
		return nil, errors.Join(err, held.Close())
	}
	return held, nil
}

// Place moves a closed database file to where no file is, in a folder that is held. What a log of an older file has left there would
// be taken for this one's, and goes first.
func Place(from, to string) error {
	for _, rest := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(to + rest); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// Check reads all of the database's file and reports what does not fit together. A server checks its own.
func (db *DB) Check(ctx context.Context) error {
	if !db.dialect.alone() {
		return nil
	}
	return db.snapshot(ctx, func(s *snapshot) error {
		var found string
		if err := s.conn.c.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
			return s.failed(err)
		}
		if found != "ok" {
			return fmt.Errorf("it is damaged: %s", found)
		}
		return nil
	})
}
