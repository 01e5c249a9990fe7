package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is every difference between the databases. All other SQL of this package runs on each of them.
type dialect interface {
	// folder names the dialect's migrations.
	folder() string
	// connect makes the pool's connector; it touches nothing yet.
	connect() (driver.Connector, error)
	// prepare sets a fresh connection up and proves that its settings took effect.
	prepare(ctx context.Context, c *sql.Conn, writing bool) error
	// foreign reports whether a database without our version table belongs to another program.
	foreign(ctx context.Context, c *sql.Conn) (bool, error)
	// begin returns the statements that start a transaction that writes, and one that reads a snapshot.
	begin() (write, read string)
	// alone reports whether nobody but this process's writer can change the database.
	alone() bool
	// forUpdate ends a SELECT whose row nobody else may change until the transaction ends.
	forUpdate() string
	// upsert inserts a row, or replaces the rest of the row that has this key.
	upsert(table string, key, rest []string) string
	// classify tells what kind of failure the driver's error is.
	classify(error) failure
	// erase makes what was deleted unreadable in the database's files; false where it must be tried again.
	erase(ctx context.Context, c *sql.Conn) (bool, error)
}

// failure is what a driver's error means to us.
type failure int

const (
	failedOther     failure = iota // a mistake in this package
	failedDuplicate                // a unique key is taken; the transaction goes on
	failedDatabase                 // the database or its disk: the transaction is lost, the connection in doubt
)

// sqliteDialect is SQLite through modernc.org/sqlite: pure Go, so that the program stays one static binary.
type sqliteDialect struct {
	path  string
	extra []pragma // for tests: settings of the writer alone, not asserted
}

// pragma is a setting of a connection, and what asking for it answers once it took effect.
type pragma struct{ name, value, answer string }

// busyTimeout is in milliseconds; only other programs, such as a backup, can make us wait.
const busyTimeout = "5000"

// The settings of every connection. WAL: readers never wait for the writer. FULL: a commit is on disk when COMMIT
// returns, which NORMAL does not promise in WAL mode. secure_delete: what is deleted is overwritten.
var pragmas = []pragma{
	{"busy_timeout", busyTimeout, busyTimeout},
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
	{"foreign_keys", "ON", "1"},
	{"secure_delete", "ON", "1"},
	{"temp_store", "MEMORY", "2"},
	{"trusted_schema", "OFF", "0"},
}

// One writer that changes the same few pages again and again, and readers that the system's page cache helps.
// Sizes of caches in KiB; of the log in pages of 4 KiB and in bytes.
var (
	writerPragmas = []pragma{
		{"cache_size", "-4096", "-4096"},
		{"wal_autocheckpoint", "2000", "2000"},
		{"journal_size_limit", "16777216", "16777216"},
	}
	readerPragmas = []pragma{
		{"cache_size", "-1024", "-1024"},
		{"query_only", "ON", "1"},
	}
)

func (d *sqliteDialect) folder() string { return "sqlite" }

func (d *sqliteDialect) connect() (driver.Connector, error) {
	path, err := filepath.Abs(d.path)
	if err != nil {
		return nil, err
	}
	// _error_rc keeps errors from quoting the message of an unrelated call; _dqs refuses "text" where 'text' is meant.
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "_dqs=0&_defensive=1&_error_rc=1"}
	return sqlite.NewConnector(u.String())
}

// create makes the database's file where it is missing, readable by its owner alone; its log inherits that.
func (d *sqliteDialect) create() error {
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the operator's own path
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return f.Close()
}

func (d *sqliteDialect) prepare(ctx context.Context, c *sql.Conn, writing bool) error {
	own := readerPragmas
	if writing {
		own = writerPragmas
	}
	for _, list := range [][]pragma{pragmas, own} {
		for _, p := range list {
			if _, err := c.ExecContext(ctx, "PRAGMA "+p.name+"="+p.value); err != nil {
				return err
			}
			var answer string
			if err := c.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&answer); err != nil {
				return err
			}
			if answer != p.answer {
				return fmt.Errorf("sqlite: %s is %s after setting it to %s", p.name, answer, p.value)
			}
		}
	}
	if writing {
		for _, p := range d.extra {
			if _, err := c.ExecContext(ctx, "PRAGMA "+p.name+"="+p.value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *sqliteDialect) foreign(ctx context.Context, c *sql.Conn) (bool, error) {
	var tables int
	err := c.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'").Scan(&tables)
	return tables > 0, err
}

func (d *sqliteDialect) begin() (write, read string) { return "BEGIN IMMEDIATE", "BEGIN" }

// alone holds by the lock on the data folder.
func (d *sqliteDialect) alone() bool { return true }

// forUpdate is empty: BEGIN IMMEDIATE has locked everything.
func (d *sqliteDialect) forUpdate() string { return "" }

func (d *sqliteDialect) upsert(table string, key, rest []string) string {
	all := append(append([]string{}, key...), rest...)
	set := make([]string, len(rest))
	for i, column := range rest {
		set[i] = column + " = excluded." + column
	}
	return "INSERT INTO " + table + " (" + strings.Join(all, ", ") + ") VALUES (" + placeholders(len(all)) +
		") ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE SET " + strings.Join(set, ", ")
}

func (d *sqliteDialect) classify(err error) failure {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return failedDatabase
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return failedOther
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return failedDuplicate
	}
	switch e.Code() & 0xff { // the upper bits tell more of the same
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_INTERRUPT:
		return failedDatabase
	}
	return failedOther
}

// erase moves the log into the database, where secure_delete has overwritten what was deleted, and empties it.
func (d *sqliteDialect) erase(ctx context.Context, c *sql.Conn) (bool, error) {
	// It waits for readers of older snapshots, and meanwhile every write waits for it: not for long.
	if _, err := c.ExecContext(ctx, "PRAGMA busy_timeout=50"); err != nil {
		return false, err
	}
	var busy, frames, moved int
	err := c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	if _, back := c.ExecContext(ctx, "PRAGMA busy_timeout="+busyTimeout); err == nil {
		err = back
	}
	return busy == 0, err
}

// notDatabase reports whether opening failed because the file is something else.
func (d *sqliteDialect) notDatabase(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_NOTADB
}

// placeholders returns n question marks for a statement.
func placeholders(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}
