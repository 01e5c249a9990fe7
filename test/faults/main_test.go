// Package faults ends, freezes, starves and cuts off a running maru while people chat, and checks what is promised: nothing
// is lost, nothing is there twice, everything is in order.
package faults

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// soak is how long the long forms run; 0 for the short ones.
var soak = flag.Duration("soak", 0, "how long to inject faults, instead of a fixed amount of work")

func TestMain(m *testing.M) {
	flag.Parse()
	if code, was := inOwnMounts(); was {
		os.Exit(code)
	}
	os.Exit(program.Main(m))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something is so.
func eventually(t testing.TB, within time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}
