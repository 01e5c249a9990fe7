//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/pprof/profile"
	"go.uber.org/goleak"
)

// The whole benchmark, tiny: both ways deliver everything, and the profile and
// the scrapes are read. It says nothing about times.
func TestTiny(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
	out := t.TempDir()
	arguments := []string{"-rounds", "1", "-members", "5", "-crowd", "50", "-scrapes", "2", "-warm", "50ms", "-window", "300ms", "-profile", "1s", "-o", out}
	if err := run(t.Context(), arguments, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		FanOuts []struct {
			Way               way
			Scrapes           int
			ProfileSamples    samples
			MessagesPerSecond struct{ Rounds []float64 }
			Lost              int
		}
		Scrapes []struct{ Connections, Bytes int }
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.FanOuts) != 2*len(outstanding) || len(got.Scrapes) != 2 {
		t.Errorf("%d fan-outs, %d crowds", len(got.FanOuts), len(got.Scrapes))
	}
	for _, f := range got.FanOuts {
		measured := f.Way == with
		if (f.Scrapes > 0) != measured || (f.ProfileSamples.All > 0) != measured || f.Lost > 0 || f.MessagesPerSecond.Rounds[0] <= 0 {
			t.Errorf("%+v", f)
		}
	}
	for _, c := range got.Scrapes {
		if c.Connections < 1 || c.Bytes < 10_000 {
			t.Errorf("%+v", c)
		}
	}
}

// Samples are told apart by what stands in their stacks, wherever.
func TestSamples(t *testing.T) {
	sample := func(value int64, names ...string) *profile.Sample {
		s := &profile.Sample{Value: []int64{value, 0}}
		for _, name := range names {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		return s
	}
	got, err := samplesOf(&profile.Profile{Sample: []*profile.Sample{
		sample(90, "syscall.Syscall", "github.com/maru-chat/maru/socketio/internal/engineio.(*Session).flush"),
		sample(3, "sync/atomic.AddUint64", "github.com/prometheus/client_golang/prometheus.(*histogram).Observe", "github.com/maru-chat/maru/internal/metrics.(*Live).Delivered", "github.com/maru-chat/maru/internal/live.(*stream).announce"),
		sample(5, "runtime.mallocgc", "github.com/prometheus/client_golang/prometheus.(*Registry).Gather", "github.com/prometheus/client_golang/prometheus/promhttp.HandlerFor.func1"),
		sample(2, "main.(*node).moment", "github.com/maru-chat/maru/internal/metrics.(*reader[...]).Collect"),
	}})
	if err != nil || got != (samples{100, 3, 7}) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := samplesOf(&profile.Profile{}); err == nil {
		t.Error("an empty profile has samples")
	}
}

func TestArguments(t *testing.T) {
	for _, arguments := range [][]string{{"-rounds", "0"}, {"-members", "0"}, {"-crowd", "49"}, {"-scrapes", "0"}, {"more"}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%q: accepted", arguments)
		}
	}
}
