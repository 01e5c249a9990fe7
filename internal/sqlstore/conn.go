package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// conn is one connection and the statements prepared on it so far. It serves one goroutine at a time.
//
// Statements run without the caller's context: each is short and bounded, and a driver watching a context costs a
// goroutine per statement. Contexts are looked at between statements.
type conn struct {
	c          *sql.Conn
	statements map[string]*sql.Stmt
}

var background = context.Background()

func (c *conn) statement(query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	s, err := c.c.PrepareContext(background, query)
	if err != nil {
		return nil, err
	}
	c.statements[query] = s
	return s, nil
}

func (c *conn) exec(query string, args ...any) (sql.Result, error) {
	s, err := c.statement(query) //nolint:sqlclosecheck // kept as long as the connection
	if err != nil {
		return nil, err
	}
	return s.ExecContext(background, args...)
}

// close ends the connection itself, not only our hold on it: what a failed transaction left must not be met again.
func (c *conn) close() error {
	var first error
	for _, s := range c.statements {
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
	}
	// A connection that is called bad is closed instead of going back to the pool.
	err := c.c.Raw(func(any) error { return driver.ErrBadConn })
	if !errors.Is(err, driver.ErrBadConn) && !errors.Is(err, sql.ErrConnDone) && first == nil {
		first = err
	}
	return first
}
