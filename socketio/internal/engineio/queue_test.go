package engineio

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// The right to drain is one, and passes on as the queue says: to whoever
// pushes first, closes an idle queue, or could not rest.
func TestQueueRightToDrain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := queue{limit: 1 << 20, volatile: 1 << 20}
		var waiting, model int // frames; 1 if somebody has the right
		closed, goodbye := false, false
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"push", "push", "take", "rest", "close", "drop"}).Draw(t, "step") {
			case "push":
				want := queued
				switch {
				case closed:
					want = refused
				case model == 0:
					want, model = started, 1
				}
				if !closed {
					waiting++
				}
				if got := q.push(false, pingFrame); got != want {
					t.Fatalf("push: %d, want %d", got, want)
				}
			case "take":
				if model == 0 || goodbye {
					continue
				}
				b, last := q.take()
				if last != closed || (b == nil) != (waiting == 0) {
					t.Fatalf("take: %v, %v, want %d frames, %v", b, last, waiting, closed)
				}
				if b != nil && len(b.frames) != waiting {
					t.Fatalf("take: %d frames, want %d", len(b.frames), waiting)
				}
				if b == nil {
					model, goodbye = 0, closed
				} else {
					q.release(cost(b.frames))
					b.free()
				}
				waiting = 0
			case "rest":
				if model == 0 || goodbye {
					continue
				}
				want := waiting == 0 && !closed
				if got := q.rest(); got != want {
					t.Fatalf("rest: %v, want %v", got, want)
				}
				if want {
					model = 0
				}
			default:
				drop := rapid.Bool().Draw(t, "drop")
				want := model == 0 && !goodbye
				if got := q.close(drop); got != want {
					t.Fatalf("close: %v, want %v", got, want)
				}
				closed = true
				if drop {
					waiting = 0
				}
				if !goodbye {
					model = 1
				}
			}
		}
	})
}

// The same with everyone at once: one drains at a time, in either way, whoever
// closes; what was taken is delivered once and in order, and one says goodbye.
func TestQueueUnderContention(t *testing.T) {
	seed := rand.Uint64()
	for round := range 100 {
		q := queue{limit: 1 << 30, volatile: 1 << 30}
		const pushers, each = 3, 100
		var draining, goodbyes, accepted atomic.Int64
		var delivered []byte // by the one who drains
		var everyone sync.WaitGroup
		var drain func(random *rand.Rand)
		drain = func(random *rand.Rand) {
			for {
				b, last := q.take()
				if b == nil {
					if last {
						goodbyes.Add(1)
					}
					return
				}
				if draining.Add(1) != 1 {
					t.Error("two drain at once")
				}
				for _, f := range b.frames {
					delivered = append(delivered, f.Packet()...)
				}
				q.release(cost(b.frames))
				b.free()
				draining.Add(-1)
				switch random.IntN(3) {
				case 0: // as a websocket does
				case 1: // as polling does
					if q.rest() {
						return
					}
				case 2: // and whom it wakes
					if q.rest() {
						return
					}
					next := rand.New(rand.NewPCG(random.Uint64(), 1))
					everyone.Go(func() { drain(next) })
					return
				}
			}
		}
		for p := range pushers {
			random := rand.New(rand.NewPCG(seed, uint64(round*pushers+p)))
			everyone.Go(func() {
				for i := range each {
					switch q.push(false, sealed(ws.OpText, []byte{byte(p), byte(i)})) {
					case started:
						accepted.Add(1)
						drain(random)
					case queued:
						accepted.Add(1)
					case refused:
						return
					default:
						t.Error("nothing else can come of it")
					}
					if random.IntN(10) == 0 {
						runtime.Gosched()
					}
				}
			})
		}
		everyone.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(round)<<32))
			for range random.IntN(200) {
				runtime.Gosched()
			}
			for range 2 { // the second one changes nothing
				if q.close(false) {
					drain(random)
				}
			}
		})
		everyone.Wait()
		var next [pushers]byte
		for i := 0; i < len(delivered); i += 2 {
			p, n := delivered[i], delivered[i+1]
			if n != next[p] {
				t.Fatalf("seed %d, round %d: frame %d of pusher %d, want %d", seed, round, n, p, next[p])
			}
			next[p]++
		}
		if got := int64(len(delivered) / 2); got != accepted.Load() || goodbyes.Load() != 1 || q.size() != 0 {
			t.Fatalf("seed %d, round %d: %d of %d delivered, %d goodbyes, %d bytes left",
				seed, round, got, accepted.Load(), goodbyes.Load(), q.size())
		}
	}
}
