package sqlstore

import (
	"errors"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// marker is the row by which a writer learns whether a commit took place that it heard nothing of: each batch stores its own
// number there, in its own transaction.
type marker struct {
	id    string // of this writer, as long as it lives
	batch int64
}

// errUnknown says that a batch may be in the database or not: it must not be run again.
var errUnknown = errors.New("it is unknown whether the transaction was committed")

// end commits a batch. Where the connection broke while the database was committing, it finds out whether it has: an error
// says that it has not, or that it could not be found out, which is Unavailable.
func (w *writer) end(changed bool) error {
	if w.db.dialect.alone() || !changed {
		return w.control("COMMIT")
	}
	w.marker.batch++
	err := w.control(w.db.dialect.markAndCommit(w.marker.id, w.marker.batch, w.db.clock.Now()))
	if err == nil || w.db.dialect.classify(err) == failedConflict {
		return err
	}
	for begun := time.Now(); ; {
		w.lose()
		in, unknown := w.committed()
		switch {
		case unknown == nil && in:
			return nil
		case unknown == nil:
			return err
		case time.Since(begun) > tryWithin:
			w.db.log.Error("a commit's outcome could not be found out", "error", unknown)
			return w.db.unavailable(errUnknown)
		}
		time.Sleep(pauseMost / 2)
	}
}

// committed reports whether this writer's newest batch is in the database. It waits for the row: the lost connection's
// transaction may still be under way.
func (w *writer) committed() (bool, error) {
	if err := w.connect(); err != nil {
		return false, err
	}
	s := newSnapshot(background, w.db, w.conn)
	var batch int64
	err := s.one("marker", []any{&batch}, "SELECT batch FROM writers WHERE id = ?"+w.db.dialect.forUpdate(), w.marker.id)
	if chat.CodeOf(err) == chat.NotFound {
		err = nil
	}
	if err == nil {
		err = w.control("ROLLBACK")
	}
	return err == nil && batch == w.marker.batch, err
}
