package sqlstore

import (
	"slices"
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/sqlstore/storetest"
)

// TestStore runs the conformance suite, and looks at the plan of every statement that it has run: none may walk through
// a table that grows, and the pages of a room's history and changes may sort nothing.
func TestStore(t *testing.T) {
	planned := map[string]bool{}
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Store {
			db := openTest(t, "")
			t.Cleanup(func() { explain(t, db, planned) })
			return db
		})
	})
	if len(planned) < 40 {
		t.Fatalf("only %d statements were looked at", len(planned))
	}
}

func explain(t *testing.T, db *DB, planned map[string]bool) {
	conns := []*conn{db.writer.conn}
	for range cap(db.readers) {
		c := <-db.readers
		defer func() { db.readers <- c }()
		if c != nil {
			conns = append(conns, c)
		}
	}
	for _, c := range conns {
		for query := range c.statements {
			verb, _, _ := strings.Cut(query, " ")
			if planned[query] || !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) {
				continue
			}
			planned[query] = true
			rows, err := c.c.QueryContext(background, "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
			if err != nil {
				t.Errorf("%v: %s", err, query)
				continue
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Error(err)
				}
				if mayNot(query, detail) {
					t.Errorf("%s\n\t%s", detail, query)
				}
			}
			if err := rows.Err(); err != nil {
				t.Error(err)
			}
		}
	}
}

func mayNot(query, detail string) bool {
	switch {
	case strings.Contains(detail, "SCAN") && !strings.Contains(detail, "SCAN CONSTANT ROW") && detail != "SCAN one":
		// FindUsers looks inside names; the lobby is every public room, and walks their index; an unread count walks a
		// bounded subquery; a deleted room is found in the index of deleted rooms.
		for _, allowed := range []string{"INSTR(u.name_key", "FROM categories c JOIN rooms r"} {
			if strings.Contains(query, allowed) && detail != "SCAN r" {
				return false
			}
		}
		return !strings.Contains(detail, "SCAN few") && !strings.Contains(detail, "rooms_deleted")
	case strings.Contains(detail, "TEMP B-TREE"):
		// These sort one user's sessions, or everything that the lobby shows, or the users found.
		return !strings.Contains(query, "FROM sessions s WHERE s.user_id") &&
			!strings.Contains(query, "FROM categories c JOIN rooms r") && !strings.Contains(query, "INSTR(u.name_key")
	}
	return false
}
