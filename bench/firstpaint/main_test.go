//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/bench/host"
)

// The whole benchmark, tiny. It says nothing about times, but the site may not
// show a visitor while it has the session's data, and the way that is made to
// must be seen to.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t)
	root, err := host.Repository()
	if err != nil {
		t.Fatal(err)
	}
	_, missing := needs(t.Context(), root)
	if _, err := os.Stat(filepath.Join(root, "web", "dist", "index.html")); err != nil {
		missing = err
	}
	if missing != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	out := t.TempDir()
	arguments := []string{
		"-only", "expired", "-rounds", "1", "-often", "1", "-warm", "0", "-latency", "0", "-down", "1000", "-up", "1000", "-cpu", "1", "-o", out,
	}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "firstpaint.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Measured []struct {
			Way                                                  string
			Reloads                                              int
			NameInFirstPaint, EmptyFirst, PaintedAsVisitor       int
			VisitorInDocument, PaintedWithoutName, NameGoneAgain int
		}
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Measured) != len(ways) {
		t.Errorf("%d measured", len(got.Measured))
	}
	for _, f := range got.Measured {
		switch {
		case f.Reloads != 1:
			t.Errorf("%+v", f)
		case f.Way == control && f.PaintedAsVisitor+f.VisitorInDocument != 2:
			t.Errorf("the check does not see the flash: %+v", f)
		case f.Way != control && f.PaintedAsVisitor+f.VisitorInDocument != 0:
			t.Errorf("shown as a visitor: %+v", f)
		case f.Way == inPage && (f.NameInFirstPaint != 1 || f.EmptyFirst+f.PaintedWithoutName+f.NameGoneAgain != 0):
			t.Errorf("the name is not in the first paint: %+v", f)
		}
	}
	table, err := os.ReadFile(filepath.Join(out, "firstpaint.md"))
	if err != nil || strings.Contains(string(table), "FAIL") {
		t.Errorf("%v %s", err, table)
	}
	for _, name := range []string{"firstpaint.svg", "firstpaint-film.svg"} {
		var drawn any
		if svg, err := os.ReadFile(filepath.Join(out, name)); err != nil || xml.Unmarshal(svg, &drawn) != nil {
			t.Errorf("no %s: %v", name, err)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-rounds", "0"}, {"-often", "0"}, {"-cpu", "0.5"}, {"-down", "0"}, {"-latency", "-1s"}, {"-only", "fast"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
