package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// copiedTables is everything that a copy takes along, parents before children, since SQLite holds foreign keys. A migration
// that adds a table or a column adds it here too: TestCopyKnowsTheSchema says so.
var copiedTables = []table{
	{name: "meta", key: "name", texts: "name", blobs: "value", where: "name <> '" + metaCopying + "'"},
	{
		name: "users", key: "id", texts: "id login_id name name_key role password_hash photo_id",
		integers: "created_at deleted",
	},
	{name: "admin_claim", key: "one", texts: "user_id", integers: "one"},
	{
		name: "sessions", key: "id", texts: "id user_id kind user_agent address",
		integers: "rotated_at created_at last_used_at expires_at", blobs: "refresh_hash previous_hash",
	},
	{name: "categories", key: "num", texts: "id name name_key", integers: "num", counted: true},
	{
		name: "rooms", key: "num",
		texts:    "id kind history owner_id category_id name_key pair_low pair_high name topic emoji",
		integers: "num head member_count deleted created_at", counted: true,
	},
	{
		name: "memberships", key: "room, user_id", texts: "user_id role",
		integers: "room joined_at visible_after read_seq has_left",
	},
	{
		name: "messages", key: "room, seq", texts: "kind sender_id client_id event_type event_user event_by text",
		integers: "room seq rev sent_at edited_at reply_to images", blobs: "digest",
	},
	{name: "spent_client_ids", key: "sender_id, client_id", texts: "sender_id client_id"},
	{
		name: "images", key: "id", texts: "id owner_id content_type thumb_type blur",
		integers: "created_at width height size photo loose_since room seq place",
	},
	{name: "blob_removals", key: "blob_key", texts: "blob_key", integers: "due_at"},
}

// leftTables are a database's own: the version of its schema, and whose commits are in doubt.
var leftTables = []string{"schema_version", "schema_progress", "writers"}

// table is one that is copied; columns are named by what they hold, with spaces between them.
type table struct {
	name                   string
	key                    string // its primary key
	texts, integers, blobs string
	where                  string // which rows, "" for all
	counted                bool   // its key is numbered by the database
}

type kind byte

const (
	textual kind = iota
	integral
	binaryKind
)

// columns returns the names and kinds of all columns, always in the same order.
func (t table) columns() (names []string, kinds []kind) {
	for i, list := range []string{t.texts, t.integers, t.blobs} {
		for _, name := range strings.Fields(list) {
			names, kinds = append(names, name), append(kinds, kind(i)) // #nosec G115 -- three of them
		}
	}
	return names, kinds
}

func (t table) filter() string {
	if t.where == "" {
		return ""
	}
	return " WHERE " + t.where
}

func (t table) count(ctx context.Context, c *sql.Conn) (n int64, err error) {
	err = c.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.name+t.filter()).Scan(&n) // #nosec G202 -- names of ours
	return n, err
}

// read calls fn with every row in the order of the key; it may not keep the cells.
func (t table) read(ctx context.Context, d dialect, c *sql.Conn, fn func([]cell) error) (err error) {
	names, kinds := t.columns()
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + t.name + d.using("") + t.filter() + " ORDER BY " + t.key // #nosec G202 -- names of ours
	rows, err := c.QueryContext(background, query)                                                                       // a context would cost a goroutine's word for every row
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err
	cells, into := make([]cell, len(kinds)), make([]any, len(kinds))
	for i, kind := range kinds {
		cells[i].kind = kind
		into[i] = &cells[i]
	}
	for n := 0; rows.Next(); n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := fn(cells); err != nil {
			return err
		}
	}
	return rows.Err()
}

// cell is one value, whatever type a driver has for it.
type cell struct {
	kind   kind
	null   bool
	number int64
	bytes  string
}

// Scan implements sql.Scanner.
func (c *cell) Scan(value any) (err error) {
	c.null, c.number, c.bytes = value == nil, 0, ""
	switch v := value.(type) {
	case nil:
		return nil
	case int64:
		if c.kind == integral {
			c.number = v
			return nil
		}
	case string:
		c.bytes = v
	case []byte:
		c.bytes = string(v)
	}
	if c.kind != integral {
		switch value.(type) {
		case string, []byte:
			return nil
		}
		return fmt.Errorf("a %T where text or bytes should be", value)
	}
	c.number, err = strconv.ParseInt(c.bytes, 10, 64)
	return err
}

// value is what an INSERT takes: SQLite tells text and bytes apart.
func (c *cell) value() any {
	switch {
	case c.null:
		return nil
	case c.kind == integral:
		return c.number
	case c.kind == binaryKind:
		return []byte(c.bytes)
	}
	return c.bytes
}

// encode appends the value in a form that is the same for every driver, and that no two rows share: text and bytes come with
// their length.
func (c *cell) encode(to []byte) []byte {
	switch {
	case c.null:
		return append(to, 0)
	case c.kind == integral:
		return binary.BigEndian.AppendUint64(append(to, 1), uint64(c.number)) // #nosec G115 -- its bits
	}
	return append(binary.BigEndian.AppendUint64(append(to, 2), uint64(len(c.bytes))), c.bytes...)
}
