package sqlstore

import (
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Meter is told how the database does, for metrics. It counts and returns.
type Meter interface {
	// Committed tells that a transaction of so many writes is on disk, so long after it was begun, or that it failed and nothing of
	// it remains.
	Committed(writes int, took time.Duration, err error)
	// Retried tells that a transaction was undone, as another node or a lost connection was in its way, and is run again.
	Retried()
	// Read tells how long a read took, its wait for a connection included, and whether the database failed it.
	Read(took time.Duration, failed bool)
}

type unmetered struct{}

func (unmetered) Committed(int, time.Duration, error) {}
func (unmetered) Retried()                            {}
func (unmetered) Read(time.Duration, bool)            {}

// Waiting is how many writes wait for their transaction.
func (db *DB) Waiting() int { return len(db.writer.queue) }

// measured tells the meter of a read that began at start.
func (db *DB) measured(start time.Time, err error) {
	db.meter.Read(time.Since(start), chat.CodeOf(err) == chat.Unavailable)
}
