package sqlstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

const (
	maxWaiting = 1024 // writes in the queue; a further Write waits for room
	maxBatch   = 256  // writes in one transaction
	maxKnown   = 4096 // rooms, and visitors, that are remembered from one transaction to the next
)

// eraseAfter is how long a deleted text may be found in the log file.
const eraseAfter = 20 * time.Second

// writer is the one goroutine that writes. While a commit is on its way to disk further writes gather in the queue, and
// all of them share the next commit; an idle writer commits a single write at once.
type writer struct {
	db    *DB
	queue chan *write
	ended chan struct{}

	// The rest belongs to the goroutine.
	conn       *conn                 // nil where it must be opened again
	nums       map[chat.RoomID]int64 // what the last transactions knew of rooms
	known      memory
	marker     marker
	erase      *time.Timer
	eraseAfter time.Duration
	erasing    bool // the timer runs
}

// write is one call of Write.
type write struct {
	fn    func(*tx) error
	rooms []chat.RoomID // that fn is going to lock
	state atomic.Int32  // waiting, then started or cancelled
	done  chan error
	after []func()
}

const (
	waiting int32 = iota
	started
	cancelled
)

// memory is what writes know of the rooms that they have locked and of who asked for that: those of one transaction, and
// where nobody else writes, of those before it too.
type memory struct {
	locked   map[chat.RoomID]chat.Room // as they are now
	moved    map[chat.RoomID]bool      // their head and member count have yet to be stored
	visitors map[visit]visitor
	marks    map[visit]int64      // reading marks of visitors that have yet to be stored
	wanted   map[chat.RoomID]bool // were to be locked by the batch under way, also by attempts that failed
}

// visit is a user in a room.
type visit struct {
	room chat.RoomID
	user chat.UserID
}

type visitor struct {
	user       chat.User
	membership *chat.Membership // nil for none
}

// forgetVisit has a visitor read again whose membership is another; a mark not stored yet belonged to the one before.
func (m memory) forgetVisit(v visit) {
	delete(m.visitors, v)
	delete(m.marks, v)
}

// forgetUser has a user read again who is not what they were.
func (m memory) forgetUser(id chat.UserID) {
	maps.DeleteFunc(m.visitors, func(v visit, _ visitor) bool { return v.user == id })
}

func (m memory) forgetAll() {
	clear(m.locked)
	clear(m.moved)
	clear(m.visitors)
	clear(m.marks)
}

// tx implements chat.Tx.
type tx struct {
	*snapshot
	memory
	after  []func()
	erases bool // something was deleted that must not stay readable
}

func (t *tx) AfterCommit(fn func()) { t.after = append(t.after, fn) }

func newWriter(db *DB, c *conn) *writer {
	w := &writer{
		db: db, conn: c, queue: make(chan *write, maxWaiting), ended: make(chan struct{}),
		erase: time.NewTimer(time.Hour), eraseAfter: eraseAfter,
		nums:   map[chat.RoomID]int64{},
		known:  memory{map[chat.RoomID]chat.Room{}, map[chat.RoomID]bool{}, map[visit]visitor{}, map[visit]int64{}, map[chat.RoomID]bool{}},
		marker: marker{id: rand.Text()},
	}
	w.erase.Stop()
	return w
}

// Write implements chat.Store. A context that ends before fn was started withdraws it; once started it is finished.
func (db *DB) Write(ctx context.Context, fn func(chat.Tx) error, rooms ...chat.RoomID) error {
	return db.write(ctx, func(t *tx) error { return fn(t) }, rooms...)
}

// Begin implements chat.Store.
func (db *DB) Begin(ctx context.Context, fn func(chat.Tx) error, rooms ...chat.RoomID) (wait func() error) {
	return db.begin(ctx, func(t *tx) error { return fn(t) }, rooms...)
}

func (db *DB) write(ctx context.Context, fn func(*tx) error, rooms ...chat.RoomID) error {
	return db.begin(ctx, fn, rooms...)()
}

func (db *DB) begin(ctx context.Context, fn func(*tx) error, rooms ...chat.RoomID) (wait func() error) {
	failed := func(err error) func() error { return func() error { return err } }
	if err := db.enter(); err != nil {
		return failed(err)
	}
	if ctx.Err() != nil {
		db.inflight.Done()
		return failed(gaveUp(ctx))
	}
	w := &write{fn: fn, rooms: rooms, done: make(chan error, 1)}
	select {
	case db.writer.queue <- w:
	case <-ctx.Done():
		db.inflight.Done()
		return failed(gaveUp(ctx))
	}
	return func() error {
		defer db.inflight.Done()
		select {
		case err := <-w.done:
			return err
		case <-ctx.Done():
			if w.state.CompareAndSwap(waiting, cancelled) {
				return gaveUp(ctx)
			}
			return <-w.done
		}
	}
}

// stop ends the goroutine after what is queued. Nobody may be in Write.
func (w *writer) stop() {
	close(w.queue)
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	defer w.erase.Stop()
	batch := make([]*write, 0, maxBatch)
	for {
		select {
		case first, ok := <-w.queue:
			if !ok {
				return
			}
			batch = w.gather(append(batch[:0], first))
			w.commit(batch)
			clear(batch)
		case <-w.erase.C:
			w.erasing = false
			w.eraseLog()
		}
	}
}

// gather takes what is waiting, as far as it fits, and leaves out what was withdrawn.
func (w *writer) gather(batch []*write) []*write {
	for len(batch) < maxBatch {
		select {
		case next, ok := <-w.queue:
			if ok {
				batch = append(batch, next)
				continue
			}
		default:
		}
		break
	}
	live := batch[:0]
	for _, one := range batch {
		if one.state.CompareAndSwap(waiting, started) {
			live = append(live, one)
		}
	}
	return live
}

// commit runs a batch in one transaction, wakes its callers, and then runs what they left for after the commit.
func (w *writer) commit(batch []*write) {
	if len(batch) == 0 {
		return
	}
	results := make([]error, len(batch))
	start := time.Now()
	erases, err := w.transact(batch, results)
	w.db.meter.Committed(len(batch), time.Since(start), err)
	if err != nil {
		w.db.log.Error("a database transaction failed", "writes", len(batch), "error", err)
		w.lose()
	}
	clear(w.known.wanted)
	for i, one := range batch {
		if err != nil {
			results[i], one.after = err, nil
		}
		one.done <- results[i]
	}
	// Those who wait were made ready to run on this processor, and go first: else their acknowledgements would leave only
	// once everything else is done.
	runtime.Gosched()
	for _, one := range batch {
		for _, fn := range one.after {
			w.guard(fn)
		}
	}
	if erases && err == nil {
		w.scheduleErase()
	}
}

// forget leaves nothing known: some of it was undone, or others may have changed it.
func (w *writer) forget() {
	clear(w.nums)
	w.known.forgetAll()
}

// try runs one write; its panic becomes its caller's error.
func (w *writer) try(one *write, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.db.log.Error("a write panicked", "panic", p, "stack", string(debug.Stack()))
			err = &chat.Error{Code: chat.Internal, Message: "a write panicked", Cause: fmt.Errorf("panic: %v", p)}
		}
	}()
	return one.fn(t)
}

func (w *writer) guard(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			w.db.log.Error("what followed a commit panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	fn()
}

func (w *writer) scheduleErase() {
	if !w.erasing {
		w.erasing = true
		w.erase.Reset(w.eraseAfter)
	}
}

func (w *writer) eraseLog() {
	if w.conn == nil {
		w.scheduleErase() // once a write has opened it again
		return
	}
	done, err := w.db.dialect.erase(background, w.conn.c)
	if err != nil {
		w.db.log.Warn("emptying the database's log failed", "error", err)
	}
	if !done || err != nil {
		w.scheduleErase()
	}
}
