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
	arguments := []string{"-rounds", "1", "-messages", "2000", "-rate", "50", "-warm", "50ms", "-window", "300ms", "-o", out}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "backup.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Busy      struct{ Lost int }       `json:"chatMeanwhile"`
		Megabytes struct{ Median float64 } `json:"megabytes"`
		Targets   []any                    `json:"targets"`
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if got.Busy.Lost > 0 || got.Megabytes.Median < 0.5 || len(got.Targets) != 1 {
		t.Errorf("%s", written)
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-messages", "1"}, {"-rate", "0"}, {"-rounds", "0"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
