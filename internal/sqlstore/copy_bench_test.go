package sqlstore

import (
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/mariadb"
)

// BenchmarkCopy moves a million messages to MySQL and back, and reads both ends each time: -bench Copy -benchtime 1x.
func BenchmarkCopy(b *testing.B) {
	const rooms, each = 1000, 1000
	server := mariadb.Shared(b)
	path := filepath.Join(b.TempDir(), "maru.db")
	db := openTest(b, path)
	need(b, db.write(b.Context(), func(t *tx) error {
		series := func(n int) string {
			return "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + strconv.Itoa(n) + ") "
		}
		_, err := t.exec(series(rooms) + "INSERT INTO rooms SELECT i, 'room' || i, 'private', 'all', " + strconv.Itoa(each) +
			", 2, 0, i, '', NULL, NULL, NULL, NULL, 'room', '', '' FROM n")
		if err == nil {
			_, err = t.exec(series(rooms*each) + "INSERT INTO messages SELECT (i - 1) / 1000 + 1, (i - 1) % 1000 + 1, (i - 1) % 1000 + 1, 'message'," +
				" 'user' || i % 97, lower(hex(randomblob(16))), i, 0, 0, '', '', '', randomblob(32), '오늘 저녁에 다 같이 모여서 밥 먹을까요? ' || i, 0 FROM n")
		}
		return err
	}))
	need(b, db.Close())
	for b.Loop() {
		between := server.URL(server.Database(b))
		for _, way := range []struct {
			name     string
			from, to Options
		}{
			{"up", Options{Path: path}, Options{MySQL: between}},
			{"down", Options{MySQL: between}, Options{Path: filepath.Join(b.TempDir(), "maru.db")}},
		} {
			way.from.Logger, way.to.Logger = quiet, quiet
			source, err := OpenSource(b.Context(), way.from)
			need(b, err)
			target, err := OpenTarget(b.Context(), way.to)
			need(b, err)
			begun, checking := time.Now(), time.Time{}
			_, err = target.CopyFrom(b.Context(), source, func(p Progress) {
				if p.Checking && checking.IsZero() {
					checking = time.Now()
				}
			})
			need(b, errors.Join(err, target.Finish(), target.Close(), source.Close()))
			b.ReportMetric(rooms*each/checking.Sub(begun).Seconds(), way.name+"-rows/s")
			b.ReportMetric(rooms*each/time.Since(checking).Seconds(), way.name+"-checked/s")
		}
	}
}
