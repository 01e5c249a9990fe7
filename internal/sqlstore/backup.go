package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/maru-chat/maru/internal/chat"
)

// Backup reads a database that others go on writing, as it is at one moment: when OpenBackup returned.
type Backup struct {
	db     *DB
	mu     sync.Mutex // held by who uses conn
	conn   *conn
	schema int
	size   int64
	file   string // a whole copy of a server's database; "" where conn's transaction holds the moment
}

// OpenBackup opens a database of this program's schema or, where it is a file, of an older one. A server's database is copied at
// once, into an SQLite file in the folder scratch, which Close removes.
func OpenBackup(ctx context.Context, o Options, scratch string) (_ *Backup, err error) {
	var d dialect = &sqliteBackup{sqliteDialect{path: o.Path}}
	if o.MySQL != "" {
		if d, err = newMySQL(o.MySQL); err != nil {
			return nil, err
		}
	}
	b := &Backup{db: newDB(o, d)}
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
	if o.MySQL != "" {
		return b, b.copyServer(ctx, o, scratch)
	}
	if err = b.db.dialect.control(b.conn, "BEGIN"); err != nil {
		return nil, err
	}
	if b.schema, err = known(ctx, d, b.conn); err != nil {
		return nil, err
	}
	b.size, err = pagesSize(ctx, b.conn.c)
	return b, err
}

// known returns the version of a whole database's schema, and refuses one that is newer than this program.
func known(ctx context.Context, d dialect, c *conn) (int, error) {
	var version sql.NullInt64
	err := c.c.QueryRowContext(ctx, "SELECT MAX(version) FROM schema_version").Scan(&version)
	switch {
	case err != nil && d.classify(err).lost():
		return 0, err
	case err != nil || version.Int64 == 0:
		return 0, ErrNotDatabase
	}
	files, err := migrations.ReadDir(path.Join("migration", d.folder()))
	if err != nil {
		return 0, err
	}
	if int(version.Int64) > len(files) {
		return 0, newerSchema(int(version.Int64), len(files))
	}
	return int(version.Int64), refuseUnfinished(ctx, d, c)
}

// copyServer copies the database of a server into a file.
func (b *Backup) copyServer(ctx context.Context, o Options, scratch string) (err error) {
	source, err := OpenSource(ctx, o)
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
	b.schema, err = known(ctx, b.db.dialect, b.conn)
	return err
}

// Name says which database it is, without what is secret.
func (b *Backup) Name() string { return b.db.dialect.name() }

// Schema is the version of the database's schema.
func (b *Backup) Schema() int { return b.schema }

// Size is how many bytes Write writes.
func (b *Backup) Size() int64 { return b.size }

// Secret is as Source's.
func (b *Backup) Secret() ([]byte, error) { return keptSecret(newSnapshot(background, b.db, b.conn)) }

// Write writes the database as an SQLite file, once. A writer that rests from time to time leaves the others room: they do not
// wait for it, but the database's log grows meanwhile.
func (b *Backup) Write(ctx context.Context, w io.Writer) error {
	if b.file == "" {
		if err := writePages(ctx, b.conn.c, w); err != nil {
			return err
		}
		return b.db.dialect.control(b.conn, "ROLLBACK")
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
func (b *Backup) Images(after chat.ImageID, limit int) (images []chat.Image, err error) {
	err = b.now(func(s *snapshot) error {
		images, err = s.AllImages(after, limit)
		return err
	})
	return images, err
}

// Image returns one that is there now, after Write.
func (b *Backup) Image(id chat.ImageID) (image chat.Image, err error) {
	err = b.now(func(s *snapshot) error {
		image, err = s.Image(id)
		return err
	})
	return image, err
}

// now reads what is there now.
func (b *Backup) now(fn func(*snapshot) error) error {
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
func (b *Backup) Record(ctx context.Context, begun time.Time) (err error) {
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
func (b *Backup) Close() error {
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
func (db *DB) LastBackup(ctx context.Context) (begun time.Time, err error) {
	err = db.snapshot(ctx, func(s *snapshot) error {
		value, err := s.meta(metaBackup)
		if chat.CodeOf(err) == chat.NotFound {
			return nil
		}
		if err == nil {
			begun, err = time.Parse(time.RFC3339, string(value))
		}
		return err
	})
	return begun, err
}

// sqliteBackup reads a file that a maru may be writing.
type sqliteBackup struct{ sqliteDialect }

// hold takes nothing, and makes no database.
func (d *sqliteBackup) hold() (io.Closer, error) {
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, ErrNoSource
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: it is no file", ErrNotDatabase)
	}
	return nil, nil //nolint:nilnil // there is nothing to close
}

func (d *sqliteBackup) connect() (driver.Connector, error) {
	path, err := filepath.Abs(d.path)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "mode=rw&_dqs=0&_defensive=1&_error_rc=1"}
	return sqlite.NewConnector(u.String())
}

// prepare does not set how the file is kept: that is its maru's.
func (d *sqliteBackup) prepare(ctx context.Context, c *sql.Conn, writing bool) error {
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
