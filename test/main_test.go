// Package test uses the whole program from outside: the binary, its flags and its signals. What faults may not do to it is
// in faults.
package test

import (
	"os"
	"testing"

	"github.com/maru-chat/maru/test/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
