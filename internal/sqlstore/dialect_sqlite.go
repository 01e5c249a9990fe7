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
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/maru-chat/maru/internal/chat"
)

// sqliteDialect is SQLite through modernc.org/sqlite: pure Go, so that the program stays one static binary.
type sqliteDialect struct {
	path  string
	extra []pragma // for copies and tests: settings of the writer alone, not asserted
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

func (d *sqliteDialect) name() string { return d.path }

func (d *sqliteDialect) folder() string { return "sqlite" }

// lockName is the file beside a database that whoever uses it has locked.
const lockName = "maru.lock"

// hold locks the database's folder, and makes the file where it is missing, readable by its owner alone; its log inherits
// that.
func (d *sqliteDialect) hold() (io.Closer, error) {
	held, err := lock(filepath.Join(filepath.Dir(d.path), lockName))
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the operator's own path
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrFolder, err), held.Close())
	}
	return held, f.Close()
}

func (d *sqliteDialect) connect() (driver.Connector, error) { return openFile(d.path, "mode=rwc") }

// openFile makes connections to a file. _error_rc keeps errors from quoting the message of an unrelated call; _dqs refuses "text"
// where 'text' is meant.
func openFile(path, mode string) (driver.Connector, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: mode + "&_dqs=0&_defensive=1&_error_rc=1"}
	return sqlite.NewConnector(u.String())
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

// explain implements dialect.
func (d *sqliteDialect) explain(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_NOTADB {
		return fmt.Errorf("%w: %w", ErrNotDatabase, err)
	}
	return err
}

// migrating is the writer's own connection: the lock on the folder keeps others away.
func (d *sqliteDialect) migrating(_ context.Context, writer *sql.Conn) (*sql.Conn, func() error, error) {
	return writer, func() error { return nil }, nil
}

// step runs a migration in a transaction with the row that records it, so that one that was interrupted runs again.
func (d *sqliteDialect) step(ctx context.Context, c *sql.Conn, version int, script string, now time.Time) error {
	t, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // nothing to do after Commit
	if _, err := t.ExecContext(ctx, script); err != nil {
		return err
	}
	_, err = t.ExecContext(ctx, recordStep, version, now.UnixMilli())
	if err != nil {
		return err
	}
	return t.Commit()
}

func (d *sqliteDialect) tableOptions() string { return "" }

// settings has nothing to look at: each connection makes its own, and proves them.
func (d *sqliteDialect) settings(context.Context, *sql.Conn, *slog.Logger) error { return nil }

func (d *sqliteDialect) inspect(context.Context, *sql.Conn, time.Time, *slog.Logger) error {
	return nil
}

func (d *sqliteDialect) foreign(ctx context.Context, c *sql.Conn) (bool, error) {
	var tables int
	err := c.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'").Scan(&tables)
	return tables > 0, err
}

func (d *sqliteDialect) begin() (write, read string) { return "BEGIN IMMEDIATE", "BEGIN" }

func (d *sqliteDialect) markAndCommit(string, int64, time.Time) string { return "COMMIT" }

func (d *sqliteDialect) own(*conn, string) {}

// alone holds by the lock on the data folder.
func (d *sqliteDialect) alone() bool { return true }

func (d *sqliteDialect) control(c *conn, statement string) error {
	_, err := c.exec(statement)
	return err
}

// forUpdate and its like are empty: BEGIN IMMEDIATE has locked everything.
func (d *sqliteDialect) forUpdate() string { return "" }

func (d *sqliteDialect) inShare() string { return "" }

func (d *sqliteDialect) skipLocked() string { return "" }

func (d *sqliteDialect) using(index string) string {
	if index == "" {
		return "" // its tables are their primary keys
	}
	return " INDEXED BY " + index
}

func (d *sqliteDialect) atMost(limit int, from string) string {
	return "(SELECT COUNT(*) FROM (SELECT 1 FROM " + from + " LIMIT " + strconv.Itoa(limit) + ") few)"
}

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

// skew is nothing: it is this machine's clock.
func (d *sqliteDialect) skew(context.Context, *sql.Conn, chat.Clock) (time.Duration, error) {
	return 0, nil
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
