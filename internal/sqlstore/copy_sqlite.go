package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// sqliteSource reads a database file and changes nothing in it, nor in its log.
type sqliteSource struct {
	sqliteDialect
	logged bool // a crash has left a log, and the newest of the data is there
}

// hold takes the folder's lock, so that no maru writes meanwhile. Unlike any other maru it makes no database.
func (d *sqliteSource) hold() (io.Closer, error) {
	if err := isThere(d.path); err != nil {
		return nil, err
	}
	held, err := lock(filepath.Join(filepath.Dir(d.path), lockName))
	if err != nil {
		return nil, err
	}
	// A log stands beside the file itself, not beside a link to it.
	file, err := filepath.EvalSymlinks(d.path)
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	d.logged = longer(file+"-wal", 0) || longer(file+"-journal", 0)
	if !d.logged || longer(file+"-shm", -1) {
		return held, nil
	}
	// SQLite makes an index to the log, which is no one's once we are done.
	return closers{held, removal(file + "-shm")}, nil
}

// isThere fails where there is no file that could be a database.
func isThere(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNoSource
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no file", ErrNotDatabase)
	}
	return nil
}

// longer reports whether there is a file of more bytes than these.
func longer(file string, size int64) bool {
	info, err := os.Stat(file)
	return err == nil && info.Size() > size
}

// closers are closed from the last to the first.
type closers []io.Closer

// Close implements io.Closer.
func (list closers) Close() error {
	var errs []error
	for i := len(list) - 1; i >= 0; i-- {
		errs = append(errs, list[i].Close())
	}
	return errors.Join(errs...)
}

// removal removes a file when it is closed.
type removal string

// Close implements io.Closer.
func (r removal) Close() error {
	if err := os.Remove(string(r)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// connect opens the file for reading alone. Without a log nothing beside the file is looked at or made (immutable); a log is
// read through its index, and a connection that may not write leaves it as it is.
func (d *sqliteSource) connect() (driver.Connector, error) {
	if d.logged {
		return openFile(d.path, "mode=ro")
	}
	return openFile(d.path, "mode=ro&immutable=1")
}

// prepare begins the one transaction of the connection. It sets none of what would be written into the file.
func (d *sqliteSource) prepare(ctx context.Context, c *sql.Conn, _ bool) error {
	for _, statement := range []string{
		"PRAGMA busy_timeout=" + busyTimeout, "PRAGMA query_only=ON", "PRAGMA temp_store=MEMORY", "PRAGMA trusted_schema=OFF",
		"PRAGMA cache_size=-8192", "BEGIN",
	} {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// erase changes nothing.
func (d *sqliteSource) erase(context.Context, *sql.Conn) (bool, error) { return true, nil }

// onlyCopy has nothing to do: there is the folder's lock.
func (d *sqliteDialect) onlyCopy(context.Context, *sql.Conn) error { return nil }

func (d *sqliteDialect) counter(ctx context.Context, c *sql.Conn, table string) (int64, error) {
	var last int64
	err := c.QueryRowContext(ctx, "SELECT seq FROM sqlite_sequence WHERE name = ?", table).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return last + 1, err
}

func (d *sqliteDialect) setCounter(ctx context.Context, c *sql.Conn, table string, next int64) error {
	if _, err := c.ExecContext(ctx, "DELETE FROM sqlite_sequence WHERE name = ?", table); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, next-1)
	return err
}

func (d *sqliteDialect) empty(ctx context.Context, c *sql.Conn, table string) error {
	if _, err := c.ExecContext(ctx, "DELETE FROM "+table); err != nil { // #nosec G202 -- a name of ours
		return err
	}
	_, err := c.ExecContext(ctx, "DELETE FROM sqlite_sequence WHERE name = ?", table)
	return err
}
