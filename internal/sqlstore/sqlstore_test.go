package sqlstore

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/test/mariadb"
)

func TestMain(m *testing.M) {
	if where := os.Getenv(upgradeEnv); where != "" {
		os.Exit(upgradeAndDie(where))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		mariadb.Stop()
		os.Exit(code)
	}))
}

// openMySQL opens a fresh database of the test process's server, and closes it when the test ends.
func openMySQL(t testing.TB) *DB {
	t.Helper()
	server := mariadb.Shared(t)
	return openURL(t, server.URL(server.Database(t)))
}

func openURL(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{MySQL: url, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// openTest opens the database at path, or a fresh one for "", and closes it when the test ends.
func openTest(t testing.TB, path string) *DB {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "maru.db")
	}
	db, err := Open(t.Context(), Options{Path: path, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
