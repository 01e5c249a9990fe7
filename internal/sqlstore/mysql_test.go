package sqlstore

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/sqlstore/storetest"
	"github.com/maru-chat/maru/test/mariadb"
)

// TestStoreOnMySQL runs the suite that SQLite runs, and looks at the plan of every statement that it has run, as TestStore does: in
// a database that has some rows, since this optimizer looks at them.
func TestStoreOnMySQL(t *testing.T) {
	begun := time.Now()
	var mu sync.Mutex
	queries := map[string]bool{}
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Store {
			db := openMySQL(t)
			t.Cleanup(func() {
				mu.Lock()
				defer mu.Unlock()
				for _, c := range connsOf(db) {
					maps.Copy(queries, c.queries())
				}
			})
			return db
		})
	})
	if len(queries) < 40 {
		t.Fatalf("only %d statements were found", len(queries))
	}
	plans(t, slices.Sorted(maps.Keys(queries)))
	t.Logf("the suite on MySQL took %v", time.Since(begun).Round(time.Millisecond))
}

// connsOf returns the connections of a database that nobody uses.
func connsOf(db *DB) []*conn {
	conns := []*conn{db.writer.conn}
	for range cap(db.readers) {
		c := <-db.readers
		defer func() { db.readers <- c }()
		if c != nil {
			conns = append(conns, c)
		}
	}
	return conns
}

func (c *conn) queries() map[string]bool {
	all := map[string]bool{}
	for query := range c.statements {
		all[query] = true
	}
	return all
}

// rowsToPlanFor is a town of some size: users, rooms and messages whose ids are numbers.
const rowsToPlanFor = `
INSERT INTO users SELECT seq, CONCAT('login', seq), CONCAT('name ', seq), CONCAT('name ', seq), 'member', 'x', seq, 0, NULL FROM seq_1_to_2000;
INSERT INTO sessions SELECT seq, seq, 'browser', seq, NULL, 0, seq, seq, seq, '', '' FROM seq_1_to_2000;
INSERT INTO categories SELECT seq, seq, seq, seq FROM seq_1_to_20;
INSERT INTO rooms SELECT seq, seq, 'public', 'all', 1000, 10, 0, seq, '1', seq MOD 20 + 1, seq, NULL, NULL, seq, '', '' FROM seq_1_to_500;
INSERT INTO rooms SELECT seq, seq, 'direct', 'all', 1000, 10, 0, seq, '', NULL, NULL, seq, seq + 1, '', '', '' FROM seq_501_to_1000;
INSERT INTO memberships SELECT a.seq, b.seq, a.seq * 20 + b.seq, 0, 0, 'member', 0 FROM seq_1_to_500 a, seq_1_to_20 b;
INSERT INTO messages SELECT a.seq, b.seq, b.seq, 'message', b.seq MOD 20 + 1, a.seq * 1000 + b.seq, 0, 0, 0, '', '', '', NULL, 'some text', 0
    FROM seq_1_to_20 a, seq_1_to_1000 b;
INSERT INTO spent_client_ids SELECT seq, seq FROM seq_1_to_1000;
INSERT INTO images SELECT seq, seq MOD 20, seq, 1, 1, '', '', 1, '', 0, IF(seq MOD 20, NULL, seq), IF(seq MOD 20, seq MOD 50, NULL), seq, 0 FROM seq_1_to_2000;
INSERT INTO blob_removals SELECT seq, seq * 1000000 FROM seq_1_to_1000;
ANALYZE TABLE users, sessions, categories, rooms, memberships, messages, spent_client_ids, images, blob_removals;
`

var marks = regexp.MustCompile(`LIMIT \?|\?`)

func plans(t *testing.T, queries []string) {
	server := mariadb.Shared(t)
	if server.Foreign() {
		return // MariaDB alone makes rows and plans in these words
	}
	name := server.Database(t)
	db := openURL(t, server.URL(name))
	begun := time.Now()
	server.Do(t, name, rowsToPlanFor)
	t.Logf("the rows to plan for took %v", time.Since(begun).Round(time.Millisecond))
	for _, query := range queries {
		verb, _, _ := strings.Cut(query, " ")
		if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) {
			continue
		}
		n := 0
		literal := marks.ReplaceAllStringFunc(query, func(mark string) string {
			if mark != "?" {
				return "LIMIT 50"
			}
			n++
			return fmt.Sprint("'", n, "'")
		})
		rows, err := db.writer.conn.c.QueryContext(background, "EXPLAIN "+literal)
		if err != nil {
			t.Errorf("%v: %s", err, query)
			continue
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id, kind, table, access, possible, key, length, ref, examined, extra *string
			if err := rows.Scan(&id, &kind, &table, &access, &possible, &key, &length, &ref, &examined, &extra); err != nil {
				t.Fatal(err)
			}
			step := fmt.Sprint(said(table), " ", said(access), " ", said(key), " ", said(examined), ": ", said(extra))
			if said(examined) != "-" && scans(query, said(table), said(access)) || sorts(query, said(extra)) {
				t.Errorf("%s\n\t%s", step, literal[:min(len(literal), 1500)])
			}
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
	}
}

func said(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

// scans and sorts are mayNot for this database's words.
func scans(query, table, access string) bool {
	if access != "ALL" && access != "index" {
		return false
	}
	switch {
	case strings.HasPrefix(table, "<derived"): // a bounded subquery
	case strings.Contains(query, "INSTR(u.name_key"), strings.Contains(query, "FROM categories c JOIN rooms r") && table == "c":
	default:
		return true
	}
	return false
}

func sorts(query, extra string) bool {
	return strings.Contains(extra, "filesort") && !strings.Contains(query, "FROM sessions s WHERE s.user_id") &&
		!strings.Contains(query, "FROM categories c JOIN rooms r") && !strings.Contains(query, "INSTR(u.name_key")
}
