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

// The whole benchmark, tiny: everybody receives everything, on the same node and on the other. It says nothing about times.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t)
	out := t.TempDir()
	arguments := []string{
		"-rounds", "1", "-rooms", "2", "-members", "4", "-rate", "50", "-outstanding", "2", "-watched", "20",
		"-warm", "50ms", "-window", "200ms", "-o", out,
	}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "cluster.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sendings []struct {
			Kind      kind
			Scenario  string
			Elsewhere struct {
				P50 struct{ Rounds []float64 }
			} `json:"receivedElsewhereMillis"`
			Lost, Repeated, Disordered int
		}
		Subscriptions []int
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Sendings) != 2*len(kinds) || len(got.Subscriptions) != 2 {
		t.Errorf("%d scenarios, %v subscriptions", len(got.Sendings), got.Subscriptions)
	}
	for _, s := range got.Sendings {
		if s.Lost+s.Repeated+s.Disordered > 0 || (len(s.Elsewhere.P50.Rounds) == 1) != (s.Kind == pair) {
			t.Errorf("%+v", s)
		}
	}
	for _, n := range got.Subscriptions {
		if n > 20+otherSubscriptions {
			t.Errorf("%d subscriptions for 20 rooms", n)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-rate", "0"}, {"-members", "1"}, {"-rounds", "0"}, {"-outstanding", "0"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
