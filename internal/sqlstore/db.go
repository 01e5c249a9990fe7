// Package sqlstore keeps what is durable in a SQL database: SQLite or MySQL (MariaDB), every difference between them in its
// dialect files.
// Nothing else in Maru imports database/sql.
//
// Writes go through one goroutine that gathers what is waiting into one transaction (writer.go); reads run beside it,
// each on its own snapshot.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

// What can be wrong with the database when the program starts. Each error of Open is one line for the operator.
var (
	ErrInUse       = errors.New("data folder is in use by another maru")
	ErrFolder      = errors.New("data folder cannot be written to")
	ErrNotDatabase = errors.New("not a Maru database")
	ErrNewerSchema = errors.New("database is newer than this program")
	ErrThere       = errors.New("there is a database already: move it away first, with its data folder")
	ErrOtherSecret = errors.New("the secret differs from the one this database was made with: every node needs the same secret file (copy it, or name it with --secret-file)")
)

// Options say which database to open, and how.
type Options struct {
	Path    string       // of SQLite's database file; its folder must exist. A lock file stands beside it
	MySQL   string       // in place of Path: mysql://user:password@host:3306/name, with ?tls=true or skip-verify
	Clock   chat.Clock   // nil for the system's
	Logger  *slog.Logger // nil for the default one
	Meter   Meter        // nil for none
	Readers int          // reads that run at once; 0 for 4, on MySQL 16
}

// DB is a Store of chat and of auth on one database.
type DB struct {
	dialect dialect
	clock   chat.Clock
	log     *slog.Logger
	meter   Meter
	pool    *sql.DB
	held    io.Closer // nil for nothing
	epoch   string    // set by Open alone
	readers chan *conn
	writer  *writer

	mu       sync.RWMutex // guards closed, and inflight's growing from it
	closed   bool
	inflight sync.WaitGroup // Reads and Writes under way
}

var (
	_ chat.Store   = (*DB)(nil)
	_ chat.Sweeper = (*DB)(nil)
	_ auth.Store   = (*DB)(nil)
	_ chat.Reader  = (*snapshot)(nil)
	_ chat.Tx      = (*tx)(nil)
)

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// Open opens the database, makes it where there is none, and brings its schema up to date.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.MySQL == "" {
		return open(ctx, o, &sqliteDialect{path: o.Path}, migrations)
	}
	d, err := newMySQL(o.MySQL)
	if err != nil {
		return nil, err
	}
	if o.Readers <= 0 {
		o.Readers = 16
	}
	return open(ctx, o, d, migrations)
}

func open(ctx context.Context, o Options, d dialect, steps migrationFS) (_ *DB, err error) {
	db := newDB(o, d)
	defer func() {
		if err != nil {
			_ = db.release()
			err = db.opening(err)
		}
	}()
	if err = db.take(ctx); err != nil {
		return nil, err
	}
	w := db.writer.conn
	if err = db.migrate(ctx, steps); err != nil {
		return nil, err
	}
	if err = d.inspect(ctx, w.c, db.clock.Now(), db.log); err != nil {
		return nil, err
	}
	if err = refuseUnfinished(ctx, d, w); err != nil {
		return nil, err
	}
	for range cap(db.readers) {
		db.readers <- nil // to be opened when it is needed
	}
	go db.writer.run()
	if db.epoch, err = db.loadEpoch(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func newDB(o Options, d dialect) *DB {
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Meter == nil {
		o.Meter = unmetered{}
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	return &DB{dialect: d, clock: o.Clock, log: o.Logger, meter: o.Meter, readers: make(chan *conn, o.Readers)}
}

// opening is what an operator reads of a failure to open.
func (db *DB) opening(err error) error {
	return fmt.Errorf("open %s: %w", db.dialect.name(), db.dialect.explain(err))
}

// take takes the database, and connects its writer. After an error release closes what is open.
func (db *DB) take(ctx context.Context) (err error) {
	if db.held, err = db.dialect.hold(); err != nil {
		return err
	}
	connector, err := db.dialect.connect()
	if err != nil {
		return err
	}
	db.pool = sql.OpenDB(connector)
	db.pool.SetMaxOpenConns(cap(db.readers) + 1)
	db.pool.SetMaxIdleConns(cap(db.readers) + 1)
	w, err := db.connect(ctx, true)
	if err != nil {
		return err
	}
	db.writer = newWriter(db, w)
	db.dialect.own(w, db.writer.marker.id)
	return nil
}

func (db *DB) migrate(ctx context.Context, steps migrationFS) (err error) {
	c, done, err := db.dialect.migrating(ctx, db.writer.conn.c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return migrate(ctx, db.dialect, c, steps, db.clock.Now())
}

// connectWithin bounds the opening of a connection.
const connectWithin = 5 * time.Second

// connect opens one connection of its own.
func (db *DB) connect(ctx context.Context, writing bool) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	c, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	fresh := &conn{c: c, statements: map[string]*sql.Stmt{}}
	if err := db.dialect.prepare(ctx, c, writing); err != nil {
		_ = fresh.close()
		return nil, err
	}
	return fresh, nil
}

// Close finishes what is under way, moves the log into the database file and closes it. Further calls do nothing;
// further reads and writes are Unavailable.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.inflight.Wait()
	db.writer.stop()
	return db.release()
}

// release closes what is open. Nothing may be under way.
func (db *DB) release() error {
	var errs []error
	hangUp := func(c *conn) {
		// What is committed is on the server, whether its connections are still whole or not.
		if err := c.close(); db.dialect.alone() {
			errs = append(errs, err)
		}
	}
	for range len(db.readers) {
		if r := <-db.readers; r != nil {
			hangUp(r)
		}
	}
	if db.writer != nil && db.writer.conn != nil {
		if db.closed {
			_, err := db.dialect.erase(background, db.writer.conn.c)
			errs = append(errs, err)
		}
		hangUp(db.writer.conn)
		db.writer.conn = nil
	}
	if db.pool != nil {
		errs = append(errs, db.pool.Close())
	}
	if db.held != nil {
		errs = append(errs, db.held.Close())
	}
	return errors.Join(errs...)
}

// enter reports whether the database is open, and keeps it so until inflight.Done.
func (db *DB) enter() error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return chat.Errorf(chat.Unavailable, "the database is closed")
	}
	db.inflight.Add(1)
	return nil
}

// Read implements chat.Store. It waits while as many reads as there are connections are under way.
func (db *DB) Read(ctx context.Context, fn func(chat.Reader) error) error {
	return db.snapshot(ctx, func(s *snapshot) error { return fn(s) })
}

func (db *DB) snapshot(ctx context.Context, fn func(*snapshot) error) (err error) {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.inflight.Done()
	start := time.Now()
	defer func() { db.measured(start, err) }()
	c, err := db.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- c }() // nil for one to be opened again
	if c == nil {
		if c, err = db.connect(ctx, false); err != nil {
			c = nil
			return db.unavailable(err)
		}
	}
	if _, begin := db.dialect.begin(); begin != "" {
		if err = db.dialect.control(c, begin); err != nil {
			db.drop(c)
			c = nil
			return db.unavailable(err)
		}
	}
	s := newSnapshot(ctx, db, c)
	s.again = db.reopen
	ended := false
	defer func() {
		s.over = true
		c = s.conn
		if end := db.dialect.control(c, "ROLLBACK"); end != nil || s.broken != nil || !ended {
			db.drop(c)
			c = nil
		}
	}()
	err = fn(s)
	ended = true // false while fn panics
	if s.broken != nil {
		return s.broken
	}
	return err
}

// reader waits for the turn to read. The connection is nil where it has to be opened, and goes back to db.readers.
func (db *DB) reader(ctx context.Context) (*conn, error) {
	if ctx.Err() != nil {
		return nil, gaveUp(ctx)
	}
	select {
	case c := <-db.readers:
		return c, nil
	case <-ctx.Done():
		return nil, gaveUp(ctx)
	}
}

// reopen replaces a reader's connection: the server that it led to may have been restarted since.
func (db *DB) reopen(ctx context.Context, old *conn) (*conn, error) {
	_ = old.close() // it is broken
	return db.connect(ctx, false)
}

// drop closes a connection that is in doubt.
func (db *DB) drop(c *conn) {
	if err := c.close(); err != nil {
		db.log.Warn("closing a database connection failed", "error", err)
	}
}

// pingWithin is longer than any database that serves takes.
const pingWithin = 2 * time.Second

// Ping reports, within two seconds, whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.ask(ctx, func(ctx context.Context, c *conn) error {
		var n int
		if err := c.c.QueryRowContext(ctx, "SELECT COUNT(*) FROM meta").Scan(&n); err != nil {
			return err
		}
		if _, begin := db.dialect.begin(); begin != "" {
			return nil
		}
		_, err := c.c.ExecContext(ctx, "ROLLBACK") // the query began a transaction
		return err
	})
}

// ClockSkew tells how far this machine's clock is ahead of the database server's, to about the time that asking takes.
func (db *DB) ClockSkew(ctx context.Context) (skew time.Duration, err error) {
	err = db.ask(ctx, func(ctx context.Context, c *conn) error {
		skew, err = db.dialect.skew(ctx, c.c, db.clock)
		return err
	})
	return skew, err
}

// ask has fn use a reader's connection outside of any transaction, and bounds all of it. A connection that was broken
// before is replaced once.
func (db *DB) ask(ctx context.Context, fn func(context.Context, *conn) error) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.inflight.Done()
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	c, err := db.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- c }()
	for range 2 {
		fresh := c == nil
		if fresh {
			if c, err = db.connect(ctx, false); err != nil {
				c = nil
				break
			}
		}
		if err = fn(ctx, c); err == nil {
			return nil
		}
		db.drop(c)
		c = nil
		if fresh {
			break
		}
	}
	return db.unavailable(err)
}

func (db *DB) unavailable(err error) error {
	return &chat.Error{Code: chat.Unavailable, Message: "the database does not work at the moment", Cause: err}
}

// gaveUp is what a caller gets whose context ended before its turn came.
func gaveUp(ctx context.Context) error {
	return &chat.Error{Code: chat.Unavailable, Message: "gave up waiting for the database", Cause: context.Cause(ctx)}
}
