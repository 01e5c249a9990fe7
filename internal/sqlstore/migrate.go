package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
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
// files it changes nothing.
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
		return newerSchema(version, len(files))
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
		if err := d.step(ctx, c, version+1, string(script), now); err != nil {
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

func newerSchema(version, known int) error {
	return fmt.Errorf("%w: schema version %d is newer than this maru knows (%d): use a newer maru", ErrNewerSchema, version, known)
}
