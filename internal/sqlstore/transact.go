package sqlstore

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// How often, and for how long, a batch is run again that others were in the way of, or that lost its database. Callers come
// again after that, with the same client ids.
const (
	maxAttempts = 10
	tryWithin   = 4 * time.Second
	pauseFirst  = 10 * time.Millisecond // grows with each attempt
	pauseMost   = 500 * time.Millisecond
)

// manner is how a batch is run.
type manner struct {
	savepoints bool // so that each write can be undone alone
	duplicates bool // a key that is taken counts: it was not only inserted by another node a moment ago
}

// errAnother says that the batch was undone and is to be run in another manner.
var errAnother = errors.New("run the batch again")

// transact returns an error where nothing of the whole batch remains; the connection is then in doubt. Otherwise each
// write's own result is set.
//
// Hardly any write fails after it has changed something, so the first attempt does without the savepoints that could
// undo one write alone. Where one does, the batch is undone and run again with them.
func (w *writer) transact(writes []*write, results []error) (erases bool, err error) {
	alone := w.db.dialect.alone()
	m := manner{duplicates: alone}
	begun := time.Now()
	for attempts := 0; ; {
		if w.conn == nil {
			err = w.connect()
		}
		if err == nil {
			erases, err = w.attempt(writes, results, &m)
		}
		kind := w.db.dialect.classify(err)
		switch attempts++; {
		case err == nil:
			return erases, nil
		case errors.Is(err, errAnother):
			err = nil
			continue
		case kind == failedConflict && w.rollback() == nil:
		case kind == failedConflict, kind == failedAway:
			w.lose()
		default:
			return false, err
		}
		if alone || attempts >= maxAttempts || time.Since(begun) > tryWithin {
			return false, err
		}
		w.db.meter.Retried()
		w.db.log.Debug("a database transaction is run again", "attempt", attempts, "error", err)
		pause := min(pauseFirst<<attempts, pauseMost)
		time.Sleep(pause/2 + rand.N(pause)) // #nosec G404 -- so that two nodes do not meet again
		err = nil
	}
}

// connect opens the writer's connection again; what the one before has left is ended, as it may keep rows locked.
func (w *writer) connect() error {
	fresh, err := w.db.connect(background, true)
	if err != nil {
		return w.db.unavailable(err)
	}
	w.conn = fresh
	w.db.dialect.own(fresh, w.marker.id)
	return nil
}

// lose gives up a connection that is in doubt.
func (w *writer) lose() {
	if w.conn == nil {
		return
	}
	w.db.drop(w.conn)
	w.conn = nil
}

func (w *writer) rollback() error {
	err := w.db.dialect.control(w.conn, "ROLLBACK")
	if err != nil {
		return w.db.unavailable(err)
	}
	return nil
}

// attempt runs a batch once. Where it returns an error nothing of it remains.
func (w *writer) attempt(writes []*write, results []error, m *manner) (erases bool, err error) {
	if begin, _ := w.db.dialect.begin(); begin != "" {
		if err := w.db.dialect.control(w.conn, begin); err != nil {
			return false, w.db.unavailable(err)
		}
	}
	alone := w.db.dialect.alone()
	if !alone || max(len(w.nums), len(w.known.visitors)) > maxKnown {
		w.forget()
	}
	sound := false
	defer func() {
		if !sound {
			w.forget()
		}
	}()
	next := func() *tx {
		t := &tx{snapshot: newSnapshot(background, w.db, w.conn), memory: w.known}
		t.nums, t.share = w.nums, w.db.dialect.inShare()
		return t
	}
	if !alone {
		if err := next().lockRooms(writes); err != nil {
			return false, err
		}
	}
	kept, changed := 0, false
	for i, one := range writes {
		one.after = nil
		if m.savepoints {
			if err := w.control("SAVEPOINT one"); err != nil {
				return false, err
			}
		}
		t := next()
		results[i] = w.try(one, t)
		if m.savepoints && results[i] == nil {
			results[i] = t.settle()
		}
		t.over = true
		if t.broken != nil {
			return false, t.broken
		}
		failed := results[i] != nil
		if failed && !m.savepoints && (t.changed || t.duplicate && !m.duplicates) {
			again := len(writes) > 1 || t.duplicate && !m.duplicates
			m.savepoints, m.duplicates = true, true
			if err := w.rollback(); err != nil || !again {
				return false, err
			}
			return false, errAnother
		}
		if !failed {
			one.after = t.after
			erases = erases || t.erases
			changed = changed || t.changed
			kept++
		}
		if m.savepoints {
			if failed {
				w.forget()
			}
			if err := w.release(!failed); err != nil {
				return false, err
			}
		}
	}
	if err := next().settle(); err != nil {
		return false, err
	}
	if kept == 0 {
		err = w.control("ROLLBACK")
	} else {
		err = w.end(changed)
	}
	sound = err == nil
	return erases, err
}

func (w *writer) control(statement string) error {
	if err := w.db.dialect.control(w.conn, statement); err != nil {
		return w.db.unavailable(err)
	}
	return nil
}

// release ends a savepoint, with what was done since or without it.
func (w *writer) release(keep bool) error {
	if !keep {
		if err := w.control("ROLLBACK TO SAVEPOINT one"); err != nil {
			return err
		}
	}
	return w.control("RELEASE SAVEPOINT one")
}

// lockRooms locks what a batch is going to lock, as far as it is known, in ascending order of id: so two nodes wait for each other
// one way round.
func (t *tx) lockRooms(writes []*write) error {
	for _, one := range writes {
		for _, id := range one.rooms {
			t.wanted[id] = true
		}
	}
	ids := make([]chat.RoomID, 0, len(t.wanted))
	for id := range t.wanted {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return chunks(ids, func(marks string, args []any) error {
		found, err := list(t.snapshot, roomInto, "SELECT "+roomColumns+" FROM rooms r"+t.db.dialect.using("rooms_id")+
			" WHERE r.id IN ("+marks+") AND r.deleted = 0 ORDER BY r.id"+t.db.dialect.forUpdate(), args...)
		for _, r := range found {
			t.remember(r.ID, r.num)
			t.stored(r.Room)
		}
		return err
	})
}
