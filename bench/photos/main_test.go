//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(asCrowd) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The whole benchmark, tiny. It says nothing about times.
func TestTiny(t *testing.T) {
	out := t.TempDir()
	arguments := []string{
		"-rounds", "1", "-side", "256", "-uploads", "3", "-rate", "50", "-warm", "50ms", "-window", "300ms", "-o", out,
	}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "photos.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Uploads struct {
			PerSecond struct{ Median float64 } `json:"photosPerSecond"`
			Busy      struct{ Lost int }       `json:"chatMeanwhile"`
		} `json:"uploads"`
		Thumbs struct {
			Bytes int `json:"bytes"`
		} `json:"thumbs"`
		Targets []any `json:"targets"`
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if got.Uploads.PerSecond.Median == 0 || got.Uploads.Busy.Lost > 0 || got.Thumbs.Bytes == 0 || len(got.Targets) != 6 {
		t.Errorf("%+v", got)
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{
		{"-only", "nothing"}, {"-uploads", "0"}, {"-uploads", "1000"}, {"-side", "1"}, {"-rate", "0"}, {"-rounds", "0"}, {"more"},
	} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
