// Package sqlstore keeps what is durable in a SQL database: SQLite now, with every difference to others in dialect.go.
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
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

// What can be wrong with the data folder when the program starts. Each error of Open is one line for the operator.
var (
	ErrInUse       = errors.New("data folder is in use by another maru")
	ErrFolder      = errors.New("data folder cannot be written to")
	ErrNotDatabase = errors.New("not a Maru database")
	ErrNewerSchema = errors.New("database is newer than this program")
	ErrOtherSecret = errors.New("the secret differs from the one this database was made with")
)

// Options say which database to open, and how.
type Options struct {
	Path    string       // of the database file; its folder must exist. A lock file stands beside it
	Clock   chat.Clock   // nil for the system's
	Logger  *slog.Logger // nil for the default one
	Readers int          // reads that run at once; 0 for 4
}

// DB is a Store of chat and of auth on one database.
type DB struct {
	dialect dialect
	clock   chat.Clock
	log     *slog.Logger
	pool    *sql.DB
	lock    *os.File
	epoch   string // set by Open alone
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
	return open(ctx, o, &sqliteDialect{path: o.Path}, migrations)
}

func open(ctx context.Context, o Options, d *sqliteDialect, steps migrationFS) (_ *DB, err error) {
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	db := &DB{dialect: d, clock: o.Clock, log: o.Logger, readers: make(chan *conn, o.Readers)}
	defer func() {
		if err != nil {
			_ = db.release()
			err = fmt.Errorf("open %s: %w", o.Path, err)
		}
	}()

	if db.lock, err = lock(filepath.Join(filepath.Dir(o.Path), "maru.lock")); err != nil {
		return nil, err
	}
	if err = d.create(); err != nil {
		return nil, err
	}
	connector, err := d.connect()
	if err != nil {
		return nil, err
	}
	db.pool = sql.OpenDB(connector)
	db.pool.SetMaxOpenConns(o.Readers + 1)
	db.pool.SetMaxIdleConns(o.Readers + 1)

	w, err := db.connect(ctx, true)
	if err != nil {
		if d.notDatabase(err) {
			err = fmt.Errorf("%w: %w", ErrNotDatabase, err)
		}
		return nil, err
	}
	db.writer = newWriter(db, w)
	if err = migrate(ctx, d, w.c, steps, db.clock.Now()); err != nil {
		return nil, err
	}
	for range o.Readers {
		r, err := db.connect(ctx, false)
		if err != nil {
			return nil, err
		}
		db.readers <- r
	}
	go db.writer.run()
	if db.epoch, err = db.loadEpoch(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect opens one connection of its own.
func (db *DB) connect(ctx context.Context, writing bool) (*conn, error) {
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
	for range len(db.readers) {
		if r := <-db.readers; r != nil {
			errs = append(errs, r.close())
		}
	}
	if db.writer != nil && db.writer.conn != nil {
		if db.closed {
			_, err := db.dialect.erase(background, db.writer.conn.c)
			errs = append(errs, err)
		}
		errs = append(errs, db.writer.conn.close())
		db.writer.conn = nil
	}
	if db.pool != nil {
		errs = append(errs, db.pool.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
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
	if ctx.Err() != nil {
		return gaveUp(ctx)
	}
	var c *conn
	select {
	case c = <-db.readers:
	case <-ctx.Done():
		return gaveUp(ctx)
	}
	defer func() { db.readers <- c }() // nil for one to be opened again
	if c == nil {
		if c, err = db.connect(ctx, false); err != nil {
			c = nil
			return db.unavailable(err)
		}
	}
	_, begin := db.dialect.begin()
	if _, err = c.exec(begin); err != nil {
		db.drop(c)
		c = nil
		return db.unavailable(err)
	}
	s := newSnapshot(ctx, db, c)
	ended := false
	defer func() {
		s.over = true
		if _, end := c.exec("ROLLBACK"); end != nil || s.broken != nil || !ended {
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

// drop closes a connection that is in doubt.
func (db *DB) drop(c *conn) {
	if err := c.close(); err != nil {
		db.log.Warn("closing a database connection failed", "err", err)
	}
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.snapshot(ctx, func(s *snapshot) error {
		_, err := s.meta(metaEpoch)
		return err
	})
}

func (db *DB) unavailable(err error) error {
	return &chat.Error{Code: chat.Unavailable, Message: "the database does not work at the moment", Cause: err}
}

// gaveUp is what a caller gets whose context ended before its turn came.
func gaveUp(ctx context.Context) error {
	return &chat.Error{Code: chat.Unavailable, Message: "gave up waiting for the database", Cause: context.Cause(ctx)}
}
