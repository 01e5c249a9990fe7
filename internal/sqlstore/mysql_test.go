package sqlstore

import (
	"testing"

	"github.com/maru-chat/maru/internal/sqlstore/storetest"
)

// TestStoreOnMySQL runs the suite that SQLite runs.
func TestStoreOnMySQL(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return openMySQL(t) })
}
