package chat

import (
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var p pulse
	beat := 0
	beatUntil := func(ms int) {
		for ; beat <= ms; beat += 50 {
			p.beat(at(beat))
		}
	}
	earliest := func(what string, read, now, want int) {
		t.Helper()
		if got := p.earliest(at(read), at(now)); !got.Equal(at(want)) {
			t.Errorf("%s: %v, want %v", what, got.Sub(start), at(want).Sub(start))
		}
	}
	earliest("without a beat", 0, 0, 0)
	beatUntil(1000)
	earliest("in the flow", 1010, 1020, 1010)
	earliest("after standing still, before the next beat", 4000, 4001, 1000)
	beat = 4050
	beatUntil(4900)
	earliest("read then, and handled later", 4000, 4900, 1000)
	earliest("read before it, and handled after", 990, 4900, 990)
	earliest("read while what had waited is still being read", 4700, 4900, 1000)
	beatUntil(5300)
	earliest("read long after", 5200, 5300, 5200)
	beat = 9000
	beatUntil(9000) // the beat is the first to notice
	earliest("after standing still once more", 9000, 9010, 5300)
}
