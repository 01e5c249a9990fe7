// Package bustest is the conformance suite of every chat.Bus.
package bustest

import (
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Run checks the bus that open makes. The bus is closed by open's cleanup.
func Run(t *testing.T, open func(t *testing.T) chat.Bus) {
	t.Run("every subscriber gets every event in the order of publishing", func(t *testing.T) {
		b := open(t)
		first, second := collect(b), collect(b)
		const total = 1000
		for i := range total {
			b.Publish(readAt(2*i), readAt(2*i+1))
		}
		for _, got := range []*collection{first, second} {
			for i, seq := range got.wait(t, 2*total) {
				if seq != int64(i) {
					t.Fatalf("event %d has number %d", i, seq)
				}
			}
		}
	})

	t.Run("publishers do not mix up what one of them published", func(t *testing.T) {
		b := open(t)
		got := collect(b)
		const publishers, each = 8, 200
		var wg sync.WaitGroup
		for p := range publishers {
			wg.Go(func() {
				for i := range each {
					b.Publish(readAt(p*each + i))
				}
			})
		}
		wg.Wait()
		last := map[int64]int64{}
		for _, seq := range got.wait(t, publishers*each) {
			p := seq / each
			if before, seen := last[p]; seen && seq <= before {
				t.Fatalf("publisher %d: %d after %d", p, seq, before)
			}
			last[p] = seq
		}
	})

	t.Run("a cancelled subscriber hears nothing more", func(t *testing.T) {
		b := open(t)
		stays := collect(b)
		heard := 0
		cancel := b.Subscribe(func(events []chat.Event) { heard += len(events) })
		b.Publish(readAt(1))
		stays.wait(t, 1)
		cancel()
		b.Publish(readAt(2))
		stays.wait(t, 2)
		if heard > 1 {
			t.Fatalf("heard %d events", heard)
		}
	})
}

func readAt(seq int) chat.Event { return chat.ReadMoved{Seq: int64(seq)} }

type collection struct {
	mu   sync.Mutex
	seqs []int64
}

func collect(b chat.Bus) *collection {
	c := &collection{}
	b.Subscribe(func(events []chat.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, e := range events {
			c.seqs = append(c.seqs, e.(chat.ReadMoved).Seq)
		}
	})
	return c
}

func (c *collection) wait(t *testing.T, n int) []int64 {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		c.mu.Lock()
		seqs := append([]int64(nil), c.seqs...)
		c.mu.Unlock()
		if len(seqs) >= n {
			return seqs
		}
	}
	t.Fatalf("waited for %d events", n)
	return nil
}
