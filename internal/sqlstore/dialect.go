package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// dialect is every difference between the databases. All other SQL of this package runs on each of them.
type dialect interface {
	// name says which database this is, in errors; without what is secret.
	name() string
	// folder names the dialect's migrations.
	folder() string
	// hold takes what nobody else may have while the database is open; nil for nothing.
	hold() (io.Closer, error)
	// connect makes the pool's connector; it touches nothing yet.
	connect() (driver.Connector, error)
	// prepare sets a fresh connection up and proves that its settings took effect.
	prepare(ctx context.Context, c *sql.Conn, writing bool) error
	// explain says what a failure to open means to the operator.
	explain(error) error

	// migrating returns the connection to migrate on, where nobody else migrates until done is called.
	migrating(ctx context.Context, writer *sql.Conn) (c *sql.Conn, done func() error, err error)
	// keep keeps the database as it is, with the schema of that version, for whoever has to go back behind an upgrade.
	keep(ctx context.Context, c *sql.Conn, version int) error
	// step runs one migration and records it; where it is interrupted, calling it again finishes it.
	step(ctx context.Context, c *sql.Conn, version int, script string, now time.Time) error
	// tableOptions ends a CREATE TABLE.
	tableOptions() string
	// foreign reports whether a database without our version table belongs to another program.
	foreign(ctx context.Context, c *sql.Conn) (bool, error)
	// settings refuses what cannot work, and warns of what loses messages.
	settings(ctx context.Context, c *sql.Conn, log *slog.Logger) error
	// inspect looks at a database that is migrated, its settings included.
	inspect(ctx context.Context, c *sql.Conn, now time.Time, log *slog.Logger) error

	// begin starts a transaction that writes, and one that reads a snapshot; "" where the first statement does.
	begin() (write, read string)
	// control runs a statement that begins, ends or divides a transaction.
	control(c *conn, statement string) error
	// markAndCommit stores a writer's batch in its row and commits: statements in one message.
	markAndCommit(writer string, batch int64, now time.Time) string
	// own makes a connection a writer's, and ends the one before it, whose server may not have noticed yet that nobody is
	// there any more: with its transaction. It need not succeed.
	own(c *conn, writer string)
	// alone reports whether nobody but this process's writer can change the database.
	alone() bool
	// forUpdate ends a SELECT whose rows nobody else may change until the transaction ends; in share ends one whose rows
	// others may lock so too.
	forUpdate() string
	inShare() string
	// skipLocked ends a SELECT as forUpdate does, which leaves out what others have locked.
	skipLocked() string
	// using follows a table's name or alias: its rows are found by that index, "" for its primary key.
	using(index string) string
	// upsert inserts a row, or replaces the rest of the row that has this key.
	upsert(table string, key, rest []string) string
	// atMost is a subquery that counts rows of from (with its WHERE, on messages x), and stops at a limit. It may refer to
	// the query around it.
	atMost(limit int, from string) string
	// classify tells what kind of failure the driver's error is.
	classify(error) failure
	// skew is how far this machine's clock is ahead of the database's.
	skew(ctx context.Context, c *sql.Conn, clock chat.Clock) (time.Duration, error)
	// erase makes what was deleted unreadable in the database's files; false where it must be tried again.
	erase(ctx context.Context, c *sql.Conn) (bool, error)

	copying
}

// copying is what only a copy of a whole database asks: see copy.go.
type copying interface {
	// onlyCopy keeps other copies into this database away as long as the connection lives.
	onlyCopy(ctx context.Context, c *sql.Conn) error
	// counter is the number that a table's next row will get; setCounter raises it, outside of any transaction.
	counter(ctx context.Context, c *sql.Conn, table string) (int64, error)
	setCounter(ctx context.Context, c *sql.Conn, table string, next int64) error
	// empty removes every row of a table, outside of any transaction.
	empty(ctx context.Context, c *sql.Conn, table string) error
}

// failure is what a driver's error means to us.
type failure int

const (
	failedOther     failure = iota // a mistake in this package
	failedDuplicate                // a unique key is taken; the transaction goes on
	failedDatabase                 // the database or its disk: the transaction is lost, the connection in doubt
	failedConflict                 // another transaction was in the way: this one is lost, and may be run again
	failedAway                     // the database is not there, or not for writing: another connection may find it again
)

// lost reports whether the transaction cannot go on.
func (f failure) lost() bool { return f >= failedDatabase }

// placeholders returns n question marks for a statement.
func placeholders(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}
