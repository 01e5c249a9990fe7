//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// The whole benchmark, tiny. It says nothing about times.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t)
	out := t.TempDir()
	if err := run(t.Context(), []string{"-rounds", "1", "-messages", "120", "-pages", "lobby", "-o", out}, io.Discard); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(out, "web.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Scroll struct{ Rows struct{ Median float64 } }
		Back   struct {
			MedianMs struct{ Median float64 }
		}
		Pages []struct {
			Name          string
			Accessibility struct{ Median float64 }
		}
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if r.Scroll.Rows.Median < 60 || r.Back.MedianMs.Median <= 0 || len(r.Pages) != 1 || r.Pages[0].Name != "lobby" {
		t.Fatalf("%s", raw)
	}
	for _, p := range r.Pages {
		if p.Accessibility.Median < 95 { // that does not depend on the machine
			t.Errorf("%s: accessibility %v", p.Name, p.Accessibility.Median)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-rounds", "0"}, {"-messages", "0"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
