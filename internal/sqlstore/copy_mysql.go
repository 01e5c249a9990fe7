package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mysqlCopy is one end of a copy: its statements may take longer than those that people wait for, and it may be idle while
// the other end works.
type mysqlCopy struct {
	mysqlDialect
	source bool
}

// copyWithin is how long one statement of a copy may take: the longest counts the messages.
const copyWithin = 5 * time.Minute

func newMySQLCopy(url string, source bool) (*mysqlCopy, error) {
	d, err := newMySQL(url)
	if err != nil {
		return nil, err
	}
	d.config.ReadTimeout, d.config.WriteTimeout = copyWithin, copyWithin
	return &mysqlCopy{mysqlDialect: *d, source: source}, nil
}

// prepare begins a source's one transaction, which sees the database as it is now and can change nothing.
func (d *mysqlCopy) prepare(ctx context.Context, c *sql.Conn, _ bool) error {
	err := d.mysqlDialect.prepare(ctx, c, !d.source)
	if err == nil {
		_, err = c.ExecContext(ctx, "SET SESSION wait_timeout = 86400, net_write_timeout = 3600, net_read_timeout = 3600")
	}
	if err == nil && d.source {
		_, err = c.ExecContext(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
	}
	return err
}

func (d *mysqlDialect) onlyCopy(ctx context.Context, c *sql.Conn) error {
	var got sql.NullInt64
	lock := fmt.Sprintf("maru-copy:%x", sha256.Sum256([]byte(d.config.DBName)))[:40]
	// It waits a little: the server may not have noticed yet that one before was killed.
	if err := c.QueryRowContext(ctx, "SELECT GET_LOCK(?, 5)", lock).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errors.New("another maru migrate-data is copying into it, or its connection is still open on the server")
	}
	return nil
}

var nextNumber = regexp.MustCompile(` AUTO_INCREMENT=([0-9]+)`)

// counter reads what the server itself says: information_schema may be a day old.
func (d *mysqlDialect) counter(ctx context.Context, c *sql.Conn, table string) (int64, error) {
	var name, statement string
	if err := c.QueryRowContext(ctx, "SHOW CREATE TABLE "+table).Scan(&name, &statement); err != nil {
		return 0, err
	}
	found := nextNumber.FindStringSubmatch(statement)
	if found == nil {
		return 1, nil
	}
	return strconv.ParseInt(found[1], 10, 64)
}

func (d *mysqlDialect) setCounter(ctx context.Context, c *sql.Conn, table string, next int64) error {
	_, err := c.ExecContext(ctx, "ALTER TABLE "+table+" AUTO_INCREMENT = "+strconv.FormatInt(next, 10))
	return err
}

// empty truncates, which needs the right to drop; without it, it deletes in pieces that the server can undo.
func (d *mysqlDialect) empty(ctx context.Context, c *sql.Conn, table string) error {
	_, err := c.ExecContext(ctx, "TRUNCATE TABLE "+table)
	if e, ok := errors.AsType[*mysql.MySQLError](err); !ok || e.Number != 1142 {
		return err
	}
	for {
		result, err := c.ExecContext(ctx, "DELETE FROM "+table+" LIMIT 10000") // #nosec G202 -- a name of ours
		if err != nil {
			return err
		}
		if _, err = c.ExecContext(ctx, "COMMIT"); err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
	}
}
