package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"github.com/maru-chat/maru/bench/report"
)

// samples are those of CPU profiles, a hundred in a second of one processor:
// all of them, those with a function in their stack that counts for metrics, and
// those with one that answers a scrape.
type samples struct {
	All      int64 `json:"all"`
	Counting int64 `json:"counting"`
	Scraping int64 `json:"scraping"`
}

func (s *samples) add(more samples) {
	s.All, s.Counting, s.Scraping = s.All+more.All, s.Counting+more.Counting, s.Scraping+more.Scraping
}

// percent is what part of all some are, nothing where there are none.
func (s samples) percent(some int64) report.Figure {
	if s.All == 0 {
		return nil
	}
	return report.Figure{100 * float64(some) / float64(s.All)}
}

// of shows some of all.
func (s samples) of(some int64) string {
	return fmt.Sprintf("%d of %d (%s %%)", some, s.All, s.percent(some))
}

// profiled takes a CPU profile of a server while it is measured, and tells what
// part of it goes into metrics. That is finer than two measurements can be
// compared: a percent of the CPU is less than what they differ by anyway.
func profiled(ctx context.Context, address string, window time.Duration) (finish func() (samples, error)) {
	folder, err := os.MkdirTemp("", "maru-bench-profile-")
	if err != nil {
		return func() (samples, error) { return samples{}, err }
	}
	done := report.Profile(ctx, address, folder, "fanout", window)
	return func() (s samples, err error) {
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		if err := done(); err != nil {
			return s, err
		}
		file, err := os.Open(filepath.Join(folder, "fanout.cpu.pprof")) //nolint:gosec // our own
		if err != nil {
			return s, err
		}
		defer func() { _ = file.Close() }() // it was only read
		p, err := profile.Parse(file)
		if err != nil {
			return s, fmt.Errorf("profile: %w", err)
		}
		return samplesOf(p)
	}
}

func samplesOf(p *profile.Profile) (s samples, err error) {
	for _, sample := range p.Sample {
		n := sample.Value[0]
		s.All += n
		switch partOf(sample) {
		case "counting":
			s.Counting += n
		case "scraping":
			s.Scraping += n
		}
	}
	if s.All == 0 {
		return s, errors.New("the profile is empty")
	}
	return s, nil
}

// partOf tells what a sample was taken of.
func partOf(sample *profile.Sample) (part string) {
	for _, location := range sample.Location {
		for _, line := range location.Line {
			name := line.Function.Name
			for _, scraping := range []string{"prometheus/promhttp.", "(*Registry).Gather", "prometheus/common/expfmt.", ").Collect"} {
				if strings.Contains(name, scraping) {
					return "scraping"
				}
			}
			for _, counting := range []string{"internal/metrics.", "client_golang/prometheus."} {
				if strings.Contains(name, counting) {
					part = "counting"
				}
			}
		}
	}
	return part
}
