//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/bench/host"
)

// The whole benchmark, tiny: everybody receives everything from every server,
// of the two forms of the original the quicker one.
// It says nothing about times.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t)
	wanted := []host.Kind{host.Maru, host.Pooled, host.Limit}
	kinds := host.Available(t.Context(), wanted)
	if len(kinds) < len(wanted) && os.Getenv("CI") == "true" {
		t.Fatalf("only %v can be started", kinds)
	}
	out := t.TempDir()
	arguments := []string{
		"-servers", host.List(kinds), "-rounds", "1", "-rooms", "2", "-members", "3", "-rate", "50", "-history", "200,400",
		"-warm", "50ms", "-window", "100ms", "-o", out,
	}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "sends.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sendings []struct {
			Server    host.Kind `json:"server"`
			Scenario  string    `json:"scenario"`
			PerSecond struct {
				Rounds []float64 `json:"rounds"`
			} `json:"messagesPerSecond"`
			Lost     int `json:"lost"`
			Repeated int `json:"repeated"`
		} `json:"sendings"`
		Pages []any `json:"pages"`
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Sendings) != 3*len(kinds) || len(got.Pages) != 6 {
		t.Errorf("%d scenarios, %d pages", len(got.Sendings), len(got.Pages))
	}
	for _, s := range got.Sendings {
		if s.Lost+s.Repeated > 0 || len(s.PerSecond.Rounds) != 1 {
			t.Errorf("%+v", s)
		}
	}
	var chart any
	svg, err := os.ReadFile(filepath.Join(out, "sends.svg"))
	if err != nil || xml.Unmarshal(svg, &chart) != nil {
		t.Errorf("no chart: %v", err)
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{
		{"-only", "nothing"}, {"-servers", "apache"}, {"-history", "5"}, {"-rate", "0"}, {"-members", "0"}, {"-rounds", "0"}, {"more"},
	} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
