//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/bench/host"
)

// figures is what the test looks at in socketio.json.
type figures struct {
	FanOut []struct {
		Server      kind  `json:"server"`
		Members     int   `json:"members"`
		Outstanding int   `json:"outstanding"`
		Deliveries  []int `json:"deliveries"`
	} `json:"fanOut"`
	Memory []struct {
		Server kind `json:"server"`
		Each   *struct {
			Rounds []float64 `json:"rounds"`
		} `json:"bytesPerConnection"`
	} `json:"memory"`
}

// The whole benchmark, tiny: everybody receives everything from every server,
// and nothing is left over. It says nothing about times.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t)
	kinds := "maru,node,floor,lean floor"
	root, err := host.Repository()
	if err != nil {
		t.Fatal(err)
	}
	if err := installed(t.Context(), root); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Logf("without Node: %v", err)
		kinds = "maru,floor,lean floor"
	}
	out := t.TempDir()
	arguments := []string{
		"-servers", kinds, "-rounds", "2", "-members", "20", "-growth", "10,20", "-idle", "10,20",
		"-warm", "20ms", "-window", "100ms", "-stay", "200ms", "-o", out,
	}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("a child is left: %d, %v", pid, err)
	}

	written, err := os.ReadFile(filepath.Join(out, "socketio.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got figures
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	seen := make(map[kind]int)
	for _, f := range got.FanOut {
		for _, n := range f.Deliveries {
			if n == 0 || n%f.Members != 0 {
				t.Errorf("%s, %d members: %d deliveries", f.Server, f.Members, n)
			}
			seen[f.Server]++
		}
	}
	for k, want := range map[kind]int{maru: 6, floor: 6, node: 4} { // rounds × (4 and 64 outstanding, growth)
		if seen[k] != want && (k != node || kinds == "maru,node,floor,lean floor") {
			t.Errorf("%s was measured %d times, not %d", k, seen[k], want)
		}
	}
	for _, m := range got.Memory {
		if m.Each == nil || len(m.Each.Rounds) != 1 {
			t.Errorf("%s: no memory", m.Server)
		}
	}
	var chart any
	svg, err := os.ReadFile(filepath.Join(out, "socketio.svg"))
	if err != nil || xml.Unmarshal(svg, &chart) != nil {
		t.Errorf("no chart: %v", err)
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{
		{"-only", "nothing"}, {"-servers", "apache"}, {"-growth", "1,x"}, {"-idle", "0"}, {"-members", "0"}, {"-rounds", "0"}, {"more"},
	} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
