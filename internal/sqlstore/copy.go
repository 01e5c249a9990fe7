package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/maru-chat/maru/internal/chat"
)

// A copy takes everything from one database to another, of either kind: the same history, under the same epoch. The source is
// read as it is at one moment, and nothing changes in it. The target carries a mark from before the first row until every row
// was compared: while it does it cannot be served, and another copy begins anew.

// What can be wrong with the two ends of a copy.
var (
	ErrNoSource    = errors.New("there is no such database")
	ErrOlderSchema = errors.New("database is older than this program: start this maru on it once, stop it, and try again")
	ErrNotEmpty    = errors.New("database is not empty: a copy needs one without users and rooms")
	ErrUnfinished  = errors.New("a copy into this database was not finished: run maru migrate-data again, which begins anew")
	ErrDiffers     = errors.New("the copy differs from its source")
)

// Source is a database to copy from.
type Source struct {
	db   *DB
	conn *conn
}

// OpenSource opens a database that nobody changes: where it is a file, no maru may use it; on a server, what is written from
// here on is not seen. It must have the schema of this program.
func OpenSource(ctx context.Context, o Options) (*Source, error) {
	var d dialect = &sqliteSource{sqliteDialect: sqliteDialect{path: o.Path}}
	if o.MySQL != "" {
		var err error
		if d, err = newMySQLCopy(o.MySQL, true); err != nil {
			return nil, err
		}
	}
	db := newDB(o, d)
	err := db.take(ctx)
	if err == nil {
		err = readable(ctx, d, db.writer.conn)
	}
	if err != nil {
		_ = db.release()
		return nil, db.opening(err)
	}
	return &Source{db: db, conn: db.writer.conn}, nil
}

// readable refuses what is no whole database of this program's version.
func readable(ctx context.Context, d dialect, c *conn) error {
	schema, latest, err := known(ctx, d, c)
	if err == nil && schema < latest {
		err = fmt.Errorf("%w (its schema version is %d, this maru's %d)", ErrOlderSchema, schema, latest)
	}
	return err
}

// Close ends the reading.
func (s *Source) Close() error { return s.db.release() }

// Images returns images in the order of their ids, as chat.Reader's AllImages.
func (s *Source) Images(after chat.ImageID, limit int) ([]chat.Image, error) {
	return newSnapshot(background, s.db, s.conn).AllImages(after, limit)
}

// Secret returns the fingerprint of the secret that the database was served with, nil where it never was.
func (s *Source) Secret() ([]byte, error) { return keptSecret(newSnapshot(background, s.db, s.conn)) }

func keptSecret(s *snapshot) ([]byte, error) {
	fingerprint, err := s.meta(metaSecret)
	if chat.CodeOf(err) == chat.NotFound {
		err = nil
	}
	return fingerprint, err
}

// Target is a database to copy into.
type Target struct {
	db      *DB
	conn    *conn
	resumed bool // a copy before this one was not finished
}

// OpenTarget opens a database that is empty, or that an unfinished copy has left, and makes its schema. It changes nothing in
// any other.
func OpenTarget(ctx context.Context, o Options) (_ *Target, err error) {
	// Client ids come in no order, and a small cache would read and write their index's pages again and again.
	var d dialect = &sqliteDialect{path: o.Path, extra: []pragma{
		{name: "cache_size", value: "-65536"}, {name: "wal_autocheckpoint", value: "16000"},
	}}
	if o.MySQL != "" {
		if d, err = newMySQLCopy(o.MySQL, false); err != nil {
			return nil, err
		}
	}
	db := newDB(o, d)
	defer func() {
		if err != nil {
			_ = db.release()
			err = db.opening(err)
		}
	}()
	if o.MySQL == "" {
		if err = glance(ctx, o); err != nil {
			return nil, err
		}
	}
	if err = db.take(ctx); err != nil {
		return nil, err
	}
	t := &Target{db: db, conn: db.writer.conn}
	if err = d.onlyCopy(ctx, t.conn.c); err != nil {
		return nil, err
	}
	if err = t.vacant(ctx); err != nil {
		return nil, err
	}
	if err = db.migrate(ctx, migrations); err != nil {
		return nil, err
	}
	if err = d.inspect(ctx, t.conn.c, db.clock.Now(), db.log); err != nil {
		return nil, err
	}
	return t, nil
}

// glance refuses a file that is somebody else's: opening it for writing would change how its journal is kept.
func glance(ctx context.Context, o Options) (err error) {
	if !longer(o.Path, 0) {
		return nil
	}
	d := &sqliteSource{sqliteDialect: sqliteDialect{path: o.Path}}
	db := newDB(o, d)
	defer func() { err = errors.Join(err, db.release()) }()
	if err := db.take(ctx); err != nil {
		return err
	}
	var versions int
	c := db.writer.conn.c
	if c.QueryRowContext(ctx, "SELECT COUNT(*) FROM schema_version").Scan(&versions) == nil {
		return nil
	}
	foreign, err := d.foreign(ctx, c)
	if err == nil && foreign {
		err = fmt.Errorf("%w: it holds another program's tables", ErrNotDatabase)
	}
	return err
}

// vacant refuses a database that holds anything. Tables that are not there yet hold nothing.
func (t *Target) vacant(ctx context.Context) error {
	err := refuseUnfinished(ctx, t.db.dialect, t.conn)
	if t.resumed = errors.Is(err, ErrUnfinished); t.resumed {
		return nil
	}
	for _, table := range copiedTables {
		if table.name == "meta" {
			continue
		}
		var one int
		err := t.conn.c.QueryRowContext(ctx, "SELECT 1 FROM "+table.name+" LIMIT 1").Scan(&one) // #nosec G202 -- a name of ours
		switch {
		case err == nil:
			return ErrNotEmpty
		case t.db.dialect.classify(err).lost():
			return err
		}
	}
	return t.control("ROLLBACK") // without it the schema could not be made
}

// refuseUnfinished refuses a database with the mark of a copy; one without our tables has none.
func refuseUnfinished(ctx context.Context, d dialect, c *conn) error {
	var n int
	err := c.c.QueryRowContext(ctx, "SELECT COUNT(*) FROM meta WHERE name = ?", metaCopying).Scan(&n)
	switch {
	case err == nil && n > 0:
		return ErrUnfinished
	case err != nil && d.classify(err).lost():
		return err
	}
	return nil
}

// Name says which database it is, without what is secret.
func (t *Target) Name() string { return t.db.dialect.name() }

// Finish takes the mark off: from here on the database can be served.
func (t *Target) Finish() error {
	return t.within(func() error {
		_, err := t.conn.exec("DELETE FROM meta WHERE name = ?", metaCopying)
		return err
	})
}

// Close gives the database back.
func (t *Target) Close() error {
	t.db.closed = true // its log goes into its file
	return t.db.release()
}

// within runs fn in a transaction.
func (t *Target) within(fn func() error) error {
	err := t.begin()
	if err == nil {
		err = fn()
	}
	if err == nil {
		err = t.control("COMMIT")
	}
	if err != nil {
		return t.failed(err)
	}
	return nil
}

func (t *Target) begin() error {
	if begin, _ := t.db.dialect.begin(); begin != "" {
		return t.control(begin)
	}
	return nil
}

// control ends a transaction, where there is one: on SQLite there may be none.
func (t *Target) control(statement string) error {
	if begin, _ := t.db.dialect.begin(); begin != "" && statement == "ROLLBACK" {
		return nil
	}
	return t.db.dialect.control(t.conn, statement)
}

func (t *Target) failed(err error) error {
	return fmt.Errorf("writing to %s: %w", t.db.dialect.name(), t.db.dialect.explain(err))
}
