//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// The whole benchmark, tiny. It says nothing about times.
func TestTiny(t *testing.T) {
	out := t.TempDir()
	arguments := []string{"-rounds", "1", "-people", "50,100", "-rest", "100ms", "-rate", "50", "-window", "200ms", "-o", out}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "capacity.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Crowds []struct {
			People   int
			Memory   struct{ Median float64 } `json:"bytesEach"`
			Speaking struct{ Lost int }
		}
		Targets []any
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Crowds) != 2 || got.Crowds[1].People != 100 || got.Crowds[1].Speaking.Lost > 0 || got.Crowds[1].Memory.Median == 0 || len(got.Targets) != 3 {
		t.Errorf("%s", written)
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-people", "10"}, {"-people", "75"}, {"-rate", "0"}, {"-rounds", "0"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
