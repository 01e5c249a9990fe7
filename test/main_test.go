// Package test uses the whole program from outside: the binary, its flags and its signals. What faults may not do to it is
// in faults.
package test

import (
	"os"
	"testing"

	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/program"
)

func TestMain(m *testing.M) {
	code := program.Main(m)
	mariadb.Stop()
	os.Exit(code)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
