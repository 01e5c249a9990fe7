package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Progress is how far a copy has come with one table.
type Progress struct {
	Checking    bool // the copy is complete, and both ends are read
	Table       string
	Rows, Total int64
}

// Copied is one table as both ends have it.
type Copied struct {
	Table string
	Rows  int64
	Sum   []byte // SHA-256 over all rows in the order of their keys, of the source
	// Differs tells that the target has other rows.
	Differs bool
}

// How much goes to the target at once: in one statement, and in one transaction.
const (
	rowsAtOnce  = 100
	bytesAtOnce = 256 << 10 // below every server's max_allowed_packet
	rowsInOne   = 20_000
	bytesInOne  = 8 << 20
)

// CopyFrom copies every row, then reads both ends and compares them. The target keeps its mark: Finish takes it off.
// An error that is ErrDiffers names the tables.
func (t *Target) CopyFrom(ctx context.Context, s *Source, told func(Progress)) ([]Copied, error) {
	if err := t.clear(ctx); err != nil {
		return nil, err
	}
	for _, table := range copiedTables {
		if err := t.copyTable(ctx, s, table, told); err != nil {
			return nil, err
		}
	}
	return t.compare(ctx, s, told)
}

// clear sets the mark, and then removes what an unfinished copy and the first start of a maru have left.
func (t *Target) clear(ctx context.Context) error {
	err := t.within(func() error {
		_, err := t.conn.exec(t.db.dialect.upsert("meta", []string{"name"}, []string{"value"}), metaCopying, []byte("1"))
		return err
	})
	if err != nil {
		return err
	}
	for _, table := range slices.Backward(copiedTables) {
		if table.where != "" || !t.resumed {
			continue
		}
		if err := t.db.dialect.empty(ctx, t.conn.c, table.name); err != nil {
			return t.failed(err)
		}
	}
	return t.within(func() error {
		_, err := t.conn.exec("DELETE FROM meta WHERE name <> ?", metaCopying)
		return err
	})
}

func (t *Target) copyTable(ctx context.Context, s *Source, table table, told func(Progress)) error {
	total, err := table.count(ctx, s.conn.c)
	if err != nil {
		return s.failed(table, err)
	}
	p := Progress{Table: table.name, Total: total}
	told(p)
	w := newInserter(t, table)
	var failed error // the target's
	err = table.read(ctx, s.db.dialect, s.conn.c, func(row []cell) error {
		failed = w.add(row)
		if p.Rows++; p.Rows%1000 == 0 {
			told(p)
		}
		return failed
	})
	if failed == nil && err != nil {
		return s.failed(table, err)
	}
	if failed == nil {
		failed = w.close()
	}
	if failed == nil && table.counted {
		failed = t.raise(ctx, s, table)
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", table.name, t.failed(failed))
	}
	return nil
}

// raise has the target number new rows as the source would, also where the newest of the source's are gone.
func (t *Target) raise(ctx context.Context, s *Source, table table) error {
	next, err := s.db.dialect.counter(ctx, s.conn.c, table.name)
	if err != nil {
		return err
	}
	own, err := t.db.dialect.counter(ctx, t.conn.c, table.name)
	if err == nil && own < next {
		err = t.db.dialect.setCounter(ctx, t.conn.c, table.name, next)
	}
	if err == nil {
		own, err = t.db.dialect.counter(ctx, t.conn.c, table.name)
	}
	if err == nil && own < next {
		err = fmt.Errorf("the next number is %d, and %d in the source", own, next)
	}
	return err
}

func (s *Source) failed(table table, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("reading %s of %s: %w", table.name, s.db.dialect.name(), s.db.dialect.explain(err))
}

// inserter inserts rows, many with a statement and many statements with a transaction.
type inserter struct {
	t       *Target
	columns int
	insert  string // up to VALUES
	one     string // the marks of one row
	args    []any
	size    int // of what waits in args, in bytes
	rows    int // of the transaction
	bytes   int
	open    bool
}

func newInserter(t *Target, table table) *inserter {
	names, _ := table.columns()
	return &inserter{
		t: t, columns: len(names), args: make([]any, 0, rowsAtOnce*len(names)),
		insert: "INSERT INTO " + table.name + " (" + strings.Join(names, ", ") + ") VALUES ",
		one:    "(" + placeholders(len(names)) + ")",
	}
}

func (w *inserter) add(row []cell) error {
	for i := range row {
		w.args = append(w.args, row[i].value())
		w.size += len(row[i].bytes)
	}
	if len(w.args) < rowsAtOnce*w.columns && w.size < bytesAtOnce {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	if w.rows < rowsInOne && w.bytes < bytesInOne {
		return nil
	}
	return w.commit()
}

// flush inserts what waits, in statements of few different lengths, so that few are prepared.
func (w *inserter) flush() error {
	if len(w.args) > 0 && !w.open {
		if err := w.t.begin(); err != nil {
			return err
		}
		w.open = true
	}
	for rest := w.args; len(rest) > 0; {
		n := 1
		for _, size := range []int{rowsAtOnce, 10} {
			if len(rest) >= size*w.columns {
				n = size
				break
			}
		}
		if _, err := w.t.conn.exec(w.insert+strings.TrimSuffix(strings.Repeat(w.one+", ", n), ", "), rest[:n*w.columns]...); err != nil {
			return err
		}
		rest = rest[n*w.columns:]
		w.rows += n
	}
	w.bytes += w.size
	clear(w.args)
	w.args, w.size = w.args[:0], 0
	return nil
}

func (w *inserter) commit() error {
	w.rows, w.bytes = 0, 0
	if !w.open {
		return nil
	}
	w.open = false
	return w.t.control("COMMIT")
}

func (w *inserter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.commit()
}

// compare reads both ends, at the same time.
func (t *Target) compare(ctx context.Context, s *Source, told func(Progress)) ([]Copied, error) {
	var all []Copied
	var differing []string
	for _, table := range copiedTables {
		total, err := table.count(ctx, s.conn.c)
		if err != nil {
			return nil, s.failed(table, err)
		}
		p := Progress{Checking: true, Table: table.name, Total: total}
		told(p)
		type sum struct {
			Copied
			err error
		}
		theirs := make(chan sum, 1)
		go func() {
			c, err := sumOf(ctx, t.db, t.conn, table, func(int64) {})
			theirs <- sum{c, err}
		}()
		mine, err := sumOf(ctx, s.db, s.conn, table, func(rows int64) { p.Rows = rows; told(p) })
		copied := <-theirs
		switch {
		case err != nil:
			return nil, s.failed(table, err)
		case errors.Is(copied.err, context.Canceled):
			return nil, copied.err
		case copied.err != nil:
			return nil, fmt.Errorf("reading %s of %s: %w", table.name, t.Name(), t.db.dialect.explain(copied.err))
		case mine.Rows != copied.Rows:
			mine.Differs = true
			differing = append(differing, fmt.Sprintf("%s has %d rows and not %d", table.name, copied.Rows, mine.Rows))
		case !bytes.Equal(mine.Sum, copied.Sum):
			mine.Differs = true
			differing = append(differing, fmt.Sprintf("the rows of %s are not the same", table.name))
		}
		all = append(all, mine)
	}
	if differing != nil {
		return all, fmt.Errorf("%w: %s", ErrDiffers, strings.Join(differing, "; "))
	}
	return all, nil
}

func sumOf(ctx context.Context, db *DB, c *conn, table table, told func(rows int64)) (Copied, error) {
	hash := sha256.New()
	sum := Copied{Table: table.name}
	var line []byte
	err := table.read(ctx, db.dialect, c.c, func(row []cell) error {
		line = line[:0]
		for i := range row {
			line = row[i].encode(line)
		}
		_, _ = hash.Write(line) // never fails
		if sum.Rows++; sum.Rows%1000 == 0 {
			told(sum.Rows)
		}
		return nil
	})
	sum.Sum = hash.Sum(nil)
	return sum, err
}
