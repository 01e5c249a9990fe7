package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A database file is copied page by page as one transaction sees it, from sqlite_dbpage (sqlite.org/dbpage.html): writers do not
// wait for that, nothing is computed anew, and no second file is needed on the way. What comes out is a whole database.

// pagesSize is how many bytes writePages will write in the transaction that c is in.
func pagesSize(ctx context.Context, c *sql.Conn) (int64, error) {
	var count, size int64
	if err := c.QueryRowContext(ctx, "PRAGMA page_count").Scan(&count); err != nil {
		return 0, err
	}
	err := c.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size)
	return count * size, err
}

func writePages(ctx context.Context, c *sql.Conn, w io.Writer) error {
	rows, err := c.QueryContext(ctx, "SELECT data FROM sqlite_dbpage ORDER BY pgno")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var page sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&page); err != nil {
			return err
		}
		if _, err := w.Write(page); err != nil {
			return err
		}
	}
	return rows.Err()
}

// keptMark is between a database file's name and the version of its schema in the name of a copy from before an upgrade.
const keptMark = ".schema-"

// keep writes the copy under another name first, so that a crash leaves a whole one or none.
func (d *sqliteDialect) keep(ctx context.Context, c *sql.Conn, version int) (err error) {
	name := d.path + keptMark + strconv.Itoa(version)
	draft := name + ".unfinished"
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // #nosec G304 -- the operator's own path
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(draft)
		}
	}()
	_, err = c.ExecContext(ctx, "BEGIN")
	if err == nil {
		err = writePages(ctx, c, f)
		_, end := c.ExecContext(ctx, "ROLLBACK")
		err = errors.Join(err, end)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(draft, name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

func syncFolder(path string) error {
	folder, err := os.Open(path) // #nosec G304 -- the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// keptFor is how long a copy from before an upgrade stays: what people delete must not be found in it for ever.
const keptFor = 7 * 24 * time.Hour

// sweepKept removes copies from before an upgrade that are too old, and drafts of them.
func (d *sqliteDialect) sweepKept(now time.Time) error {
	folder, base := filepath.Split(d.path)
	entries, err := os.ReadDir(filepath.Clean(folder + "."))
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		version, ours := strings.CutPrefix(entry.Name(), base+keptMark)
		version, draft := strings.CutSuffix(version, ".unfinished")
		if _, err := strconv.Atoi(version); !ours || err != nil {
			continue
		}
		info, err := entry.Info()
		if err == nil && (draft || now.Sub(info.ModTime()) > keptFor) {
			err = os.Remove(folder + entry.Name())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// SweepKept removes the copies of a database file that were made before an upgrade more than a week ago.
func (db *DB) SweepKept() error {
	d, ok := db.dialect.(*sqliteDialect)
	if !ok {
		return nil
	}
	if err := d.sweepKept(db.clock.Now()); err != nil {
		return fmt.Errorf("removing old copies of the database: %w", err)
	}
	return nil
}
