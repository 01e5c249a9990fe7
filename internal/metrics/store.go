package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store is what internal/sqlstore tells.
type Store struct {
	commits, writes, reads                    prometheus.Histogram
	commitsFailed, commitsRetried, readFailed prometheus.Counter
}

func newStore(f factory) *Store {
	return &Store{
		commits:        f.histogram("maru_commit_duration_seconds", "Transactions of the writer, from their first statement to the disk; those that failed too.", seconds),
		writes:         f.histogram("maru_commit_writes", "Writes that shared a transaction.", prometheus.ExponentialBuckets(1, 2, 9)),
		commitsFailed:  f.counter("maru_commits_failed_total", "Transactions of which nothing remains; whoever waited for one was told unavailable."),
		commitsRetried: f.counter("maru_commits_retried_total", "Transactions that were run again, as another node or a lost connection was in their way."),
		reads:          f.histogram("maru_read_duration_seconds", "Reads of the database on one snapshot, their wait for a connection included.", seconds),
		readFailed:     f.counter("maru_reads_failed_total", "Reads that the database failed, or that gave up waiting for it."),
	}
}

// Committed implements sqlstore.Meter, as the others do.
func (s *Store) Committed(writes int, took time.Duration, err error) {
	s.commits.Observe(took.Seconds())
	s.writes.Observe(float64(writes))
	if err != nil {
		s.commitsFailed.Inc()
	}
}

// Retried counts transactions that are run again.
func (s *Store) Retried() { s.commitsRetried.Inc() }

// Read times reads.
func (s *Store) Read(took time.Duration, failed bool) {
	s.reads.Observe(took.Seconds())
	if failed {
		s.readFailed.Inc()
	}
}
