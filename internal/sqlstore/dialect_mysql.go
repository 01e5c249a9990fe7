package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/maru-chat/maru/internal/chat"
)

// mysqlDialect is MySQL 8 and MariaDB, through github.com/go-sql-driver/mysql.
type mysqlDialect struct {
	config *mysql.Config
	broken func(version, statement int, recorded bool) error // for tests: a migration breaks off where it returns an error
}

// How long a server may take. A statement waits for a row for less than that: it then knows that it did.
const (
	dialWithin    = 5 * time.Second
	answerWithin  = 10 * time.Second
	lockWait      = 5         // in seconds
	migrateWithin = time.Hour // of one statement
)

// strict has the server refuse what does not fit, where others would cut it.
const strict = "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION"

func (d *mysqlDialect) name() string { return "mysql://" + d.config.Addr + "/" + d.config.DBName }

func (d *mysqlDialect) folder() string { return "mysql" }

// hold takes nothing: others may use the database too.
func (d *mysqlDialect) hold() (io.Closer, error) { return nil, nil } //nolint:nilnil // there is nothing to close

func (d *mysqlDialect) connect() (driver.Connector, error) { return mysql.NewConnector(d.config) }

// prepare makes a connection one that reads snapshots, or one that writes. READ COMMITTED, so that what is read once a row is
// locked is the newest; without autocommit, so that a transaction begins with its first statement and costs no message more.
func (d *mysqlDialect) prepare(ctx context.Context, c *sql.Conn, writing bool) (session, error) {
	var version string
	if err := c.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return session{}, err
	}
	maria, err := supported(version)
	if err != nil {
		return session{}, err
	}
	isolation, access, only := "REPEATABLE READ", "READ ONLY", 1
	if writing {
		isolation, access, only = "READ COMMITTED", "READ WRITE", 0
	}
	for _, setting := range []string{
		"SET NAMES utf8mb4 COLLATE utf8mb4_bin",
		"SET SESSION sql_mode = '" + strict + "', autocommit = 0, innodb_lock_wait_timeout = " + strconv.Itoa(lockWait),
		"SET SESSION TRANSACTION ISOLATION LEVEL " + isolation + ", " + access,
	} {
		if _, err := c.ExecContext(ctx, setting); err != nil {
			return session{}, err
		}
	}
	level, readOnly := "@@transaction_isolation", "@@transaction_read_only"
	if maria {
		level, readOnly = "@@tx_isolation", "@@tx_read_only"
	}
	var (
		s       session
		answers [5]string
		numbers [3]int
	)
	if err := c.QueryRowContext(ctx, "SELECT CONNECTION_ID(), CONCAT_WS(':', @@hostname, @@port, @@server_id), @@character_set_client,"+
		" @@character_set_results, @@collation_connection, @@sql_mode, "+level+", @@autocommit, @@innodb_lock_wait_timeout, "+readOnly).
		Scan(&s.id, &s.server, &answers[0], &answers[1], &answers[2], &answers[3], &answers[4], &numbers[0], &numbers[1], &numbers[2]); err != nil {
		return session{}, err
	}
	got, want := fmt.Sprint(answers, numbers), fmt.Sprint(
		[5]string{"utf8mb4", "utf8mb4", "utf8mb4_bin", strict, strings.ReplaceAll(isolation, " ", "-")}, [3]int{0, lockWait, only})
	if got != want {
		return session{}, fmt.Errorf("mysql: settings are %s after setting them to %s", got, want)
	}
	return s, nil
}

// supported reports whether a server of that version is MariaDB, and refuses one that is too old: those before have no
// SKIP LOCKED.
func supported(version string) (maria bool, err error) {
	maria = strings.Contains(version, "MariaDB")
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return maria, fmt.Errorf("%w: its version is %q", ErrOldServer, version)
	}
	if maria && (major < 10 || major == 10 && minor < 6) || !maria && major < 8 {
		return maria, fmt.Errorf("%w: it is %s", ErrOldServer, version)
	}
	return maria, nil
}

// begin needs no statement, without autocommit.
func (d *mysqlDialect) begin() (write, read string) { return "", "" }

// control sends the statement as text: the server prepares none that ends a transaction.
func (d *mysqlDialect) control(c *conn, statement string) error {
	_, err := c.c.ExecContext(background, statement)
	return err
}

// markAndCommit is text, made of letters and numbers of our own.
func (d *mysqlDialect) markAndCommit(writer string, batch int64, now time.Time) string {
	return fmt.Sprintf("INSERT INTO writers (id, batch, at) VALUES ('%s', %d, %d)"+
		" ON DUPLICATE KEY UPDATE batch = VALUES(batch), at = VALUES(at); COMMIT", writer, batch, now.UnixMilli())
}

func (d *mysqlDialect) kill(c *conn, lost session) {
	_, _ = c.c.ExecContext(background, "KILL "+strconv.FormatInt(lost.id, 10)) // it may be gone, as it should
}

// alone is false: other nodes write too.
func (d *mysqlDialect) alone() bool { return false }

func (d *mysqlDialect) forUpdate() string { return " FOR UPDATE" }

// inShare is as both servers know it.
func (d *mysqlDialect) inShare() string { return " LOCK IN SHARE MODE" }

func (d *mysqlDialect) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

func (d *mysqlDialect) using(index string) string {
	return " FORCE INDEX (" + cmp.Or(index, "PRIMARY") + ")"
}

// upsert uses VALUES as both servers know it.
func (d *mysqlDialect) upsert(table string, key, rest []string) string {
	all := append(append([]string{}, key...), rest...)
	set := make([]string, len(rest))
	for i, column := range rest {
		set[i] = column + " = VALUES(" + column + ")"
	}
	return "INSERT INTO " + table + " (" + strings.Join(all, ", ") + ") VALUES (" + placeholders(len(all)) +
		") ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
}

// atMost looks for the last row that counts, and counts only where there is none: MariaDB's derived tables cannot refer to the query
// around them.
func (d *mysqlDialect) atMost(limit int, from string) string {
	return "COALESCE((SELECT " + strconv.Itoa(limit) + " FROM " + from + " ORDER BY x.seq LIMIT 1 OFFSET " + strconv.Itoa(limit-1) +
		"), (SELECT COUNT(*) FROM " + from + "))"
}

// What the server's errors mean (dev.mysql.com/doc/mysql-errors, mariadb.com/kb/en/mariadb-error-codes).
var mysqlFailures = map[uint16]failure{
	1062: failedDuplicate, // duplicate entry
	1586: failedDuplicate,

	1020: failedConflict, // record has changed since last read
	1205: failedConflict, // lock wait timeout
	1213: failedConflict, // deadlock
	1615: failedConflict, // prepared statement needs to be prepared again
	3572: failedConflict, // lock could not be acquired at once

	1040: failedAway, // too many connections
	1053: failedAway, // server is shutting down
	1077: failedAway, // normal shutdown
	1152: failedAway, // aborted connection
	1158: failedAway, // network read error
	1159: failedAway, // network read timeout
	1160: failedAway, // network write error
	1161: failedAway, // network write timeout
	1184: failedAway, // aborted connection
	1203: failedAway, // too many connections of this user
	1243: failedAway, // unknown prepared statement: a proxy has moved us to another server
	1290: failedAway, // the server runs with --read-only: it was the primary
	1317: failedAway, // query execution was interrupted
	1792: failedAway, // read-only transaction
	1836: failedAway, // read-only mode
	1927: failedAway, // connection was killed
	3100: failedAway, // a replication hook refused: the primary of a group is gone
	3101: failedAway,
	3169: failedAway, // session was killed
	4031: failedAway, // disconnected for inactivity

	1021: failedDatabase, // disk full
	1026: failedDatabase, // error writing a file
	1030: failedDatabase, // error from the storage engine
	1037: failedDatabase, // out of memory
	1041: failedDatabase,
	1044: failedDatabase, // access denied to the database
	1045: failedDatabase, // access denied
	1114: failedDatabase, // table is full
	1135: failedDatabase, // cannot create a thread
	1142: failedDatabase, // command denied
	1180: failedDatabase, // error during COMMIT
	1206: failedDatabase, // the lock table is full
	1461: failedDatabase, // too many prepared statements
	1665: failedDatabase, // binary logging impossible in this format
	3950: failedDatabase, // low on memory
}

func (d *mysqlDialect) classify(err error) failure {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return mysqlFailures[e.Number]
	}
	var timeout net.Error
	for _, broken := range []error{
		driver.ErrBadConn, sql.ErrConnDone, mysql.ErrInvalidConn, mysql.ErrBusyBuffer, mysql.ErrMalformPkt, mysql.ErrPktSync,
		mysql.ErrPktSyncMul, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded,
	} {
		if errors.Is(err, broken) {
			return failedAway
		}
	}
	if errors.As(err, &timeout) {
		return failedAway
	}
	return failedOther
}

// skew compares with the server's clock half-way through the asking.
func (d *mysqlDialect) skew(ctx context.Context, c *sql.Conn, clock chat.Clock) (time.Duration, error) {
	var answer string
	before := clock.Now()
	if err := c.QueryRowContext(ctx, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").Scan(&answer); err != nil {
		return 0, err
	}
	after := clock.Now()
	server, err := time.Parse("2006-01-02 15:04:05.999999", answer)
	if err != nil {
		return 0, err
	}
	return before.Add(after.Sub(before) / 2).Sub(server), nil
}

// erase has nothing to do: see docs/adr/0021-mysql.md for what the server's files keep.
func (d *mysqlDialect) erase(context.Context, *sql.Conn) (bool, error) { return true, nil }
