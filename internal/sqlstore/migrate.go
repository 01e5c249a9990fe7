package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed migration
var migrations embed.FS

// migrationFS holds migration/<dialect>/<number>_<what>.sql, numbered from 1 without gaps.
type migrationFS interface {
	fs.ReadDirFS
	fs.ReadFileFS
}

// recordStep records a migration.
const recordStep = "INSERT INTO schema_version (version, applied_at) VALUES (?, ?)"

// migrate brings the schema up to date, forward only; one that was interrupted goes on. Where the database is newer than the
// files it changes nothing, and accepts what the newer program has left usable.
func migrate(ctx context.Context, d dialect, c *sql.Conn, steps migrationFS, now time.Time) error {
	folder := path.Join("migration", d.folder())
	files, err := steps.ReadDir(folder)
	if err != nil {
		return err
	}
	version, err := schemaVersion(ctx, d, c)
	if err != nil {
		return err
	}
	if version > len(files) {
		return usable(ctx, c, version, len(files))
	}
	if version > 0 && version < len(files) {
		if err := d.keep(ctx, c, version); err != nil {
			return fmt.Errorf("keeping a copy of the database before its upgrade: %w", err)
		}
	}
	for _, file := range files[version:] {
		number, _, _ := strings.Cut(file.Name(), "_")
		if n, err := strconv.Atoi(number); err != nil || n != version+1 {
			return fmt.Errorf("migration %s: number %d was expected", file.Name(), version+1)
		}
		script, err := steps.ReadFile(path.Join(folder, file.Name()))
		if err != nil {
			return err
		}
		if err := d.step(ctx, c, version+1, noteOldest(d, string(script)), now); err != nil {
			return fmt.Errorf("migration %s: %w", file.Name(), err)
		}
		version++
	}
	return nil
}

// schemaVersion returns the number of the newest migration that the database has; a new database has 0.
func schemaVersion(ctx context.Context, d dialect, c *sql.Conn) (int, error) {
	var version sql.NullInt64
	const ask = "SELECT MAX(version) FROM schema_version"
	if c.QueryRowContext(ctx, ask).Scan(&version) == nil {
		return int(version.Int64), nil
	}
	foreign, err := d.foreign(ctx, c)
	if err != nil {
		return 0, err
	}
	if foreign {
		return 0, fmt.Errorf("%w: it holds another program's tables", ErrNotDatabase)
	}
	_, err = c.ExecContext(ctx,
		"CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)"+d.tableOptions())
	return 0, err
}

// oldest is the line of a migration that names the oldest schema whose program works with this one too: what that program
// reads is still there, and what it writes is enough. A release's migrations name at least the schema of the release before
// it, so that one may go back without a restore. Without the line there is no way back.
var oldest = regexp.MustCompile(`(?m)^-- oldest: ([0-9]+)$`)

// noteOldest has the migration keep that number, before it changes anything.
func noteOldest(d dialect, script string) string {
	found := oldest.FindStringSubmatch(script)
	if found == nil {
		return script
	}
	note := d.upsert("meta", []string{"name"}, []string{"value"})
	note = strings.Replace(note, "?", "'"+metaOldest+"'", 1)
	note = strings.Replace(note, "?", fmt.Sprintf("x'%x'", found[1]), 1)
	return note + ";\n" + script
}

// usable reports whether a program that knows fewer migrations works with a database of that version.
func usable(ctx context.Context, c *sql.Conn, version, known int) error {
	var value []byte
	err := c.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", metaOldest).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if n, err := strconv.Atoi(string(value)); err != nil || n > known {
		return newerSchema(version, known)
	}
	return nil
}

func newerSchema(version, known int) error {
	return fmt.Errorf("%w: schema version %d is newer than this maru knows (%d): use a newer maru", ErrNewerSchema, version, known)
}
