//go:build linux

package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The whole benchmark, tiny, against maru alone: sends has the others. It says
// nothing about times.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t)
	out := t.TempDir()
	arguments := []string{
		"-servers", "maru", "-rounds", "1", "-members", "8", "-poll", "50ms", "-warm", "50ms", "-window", "100ms", "-o", out,
	}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(out, "transports.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range ways(1) {
		if !strings.Contains(string(table), w.Name+" · maru") {
			t.Errorf("nothing about %s", w.Name)
		}
	}
	var chart any
	svg, err := os.ReadFile(filepath.Join(out, "transports.svg"))
	if err != nil || xml.Unmarshal(svg, &chart) != nil {
		t.Errorf("no chart: %v", err)
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-servers", "apache"}, {"-members", "2"}, {"-rate", "0"}, {"-poll", "0"}, {"-rounds", "0"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
