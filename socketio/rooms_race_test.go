package socketio_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// Sockets join, leave and go while everyone broadcasts to overlapping rooms:
// nobody stands in anybody's way for ever, and nothing that was broadcast
// after Leave returned, or before Join was called, arrives.
func TestRoomsUnderContention(t *testing.T) {
	seed := rand.Uint64()
	const members, rooms = 4, 3
	server := newServer(t, socketio.Options{SendQueue: 64 << 20, MaxPayload: 64 << 20})
	p := newParty(t, server, members+2)
	name := func(i int) string { return fmt.Sprint("room ", i) }

	// Every broadcast has a number, given out before it begins. Those are surely
	// out of a member's hearing that began after Leave had returned and ended
	// before Join was called.
	const speakers = 3
	var number atomic.Int64
	var ended [speakers]atomic.Int64
	type span struct {
		from int64
		to   [speakers]int64
	}
	out := make([][rooms][]span, members)
	over := time.Now().Add(600 * time.Millisecond)
	var everyone sync.WaitGroup
	for i := range members {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		s := p.sockets[i]
		everyone.Go(func() {
			var since [rooms]int64 // of what is surely out, -1 inside
			for time.Now().Before(over) {
				r := random.IntN(rooms)
				if since[r] < 0 {
					s.Leave(name(r))
					since[r] = number.Load() + 1
				} else {
					spell := span{from: since[r]}
					for k := range ended {
						spell.to[k] = ended[k].Load()
					}
					out[i][r] = append(out[i][r], spell)
					must(t, s.Join(name(r)))
					since[r] = -1
				}
				time.Sleep(time.Duration(random.IntN(300)) * time.Microsecond)
			}
			for r := range rooms {
				s.Leave(name(r))
			}
		})
	}
	// Two more churn the same rooms, so that they vanish and come back, and go
	// in the end.
	for i := members; i < members+2; i++ {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		s := p.sockets[i]
		everyone.Go(func() {
			for time.Now().Before(over) {
				p.n.To(name(random.IntN(rooms))).But(p.sockets[:members]...).Join(name(random.IntN(2)))
				must(t, s.Join(name(0), name(2)))
				s.Leave(s.Rooms()...)
				p.n.To(name(0), name(1)).But(p.sockets[:members]...).Leave(name(1))
			}
			s.Disconnect()
		})
	}
	for i := range speakers {
		random := rand.New(rand.NewPCG(seed, uint64(100+i)))
		everyone.Go(func() {
			for time.Now().Before(over) {
				r := random.IntN(rooms)
				n := number.Add(1)
				_, err := p.n.To(name(r)).Emit("one", n, r, i)
				must(t, err)
				ended[i].Store(n)
				_, err = p.n.To(name((r+1)%rooms), name(r)).Except(name((r+2)%rooms)).Emit("two", n)
				must(t, err)
				_, _ = p.n.RoomCount(), p.n.To(name(r)).Count()
				time.Sleep(50 * time.Microsecond)
			}
		})
	}
	done := make(chan struct{})
	go func() { everyone.Wait(); close(done) }()
	within(t, "everyone is done", done)
	if p.n.RoomCount() != 0 || p.n.Count() != members {
		t.Errorf("seed %d: %d rooms, %d sockets", seed, p.n.RoomCount(), p.n.Count())
	}
	_, err := p.n.Emit("end")
	must(t, err)
	heard := 0
	for i := range members {
		last := make(map[string]int64)
		for {
			packet := p.clients[i].next()
			if packet == `42["end"]` {
				break
			}
			var n int64
			var r, speaker int
			switch {
			case strings.HasPrefix(packet, `42["one",`):
				if _, err := fmt.Sscanf(packet, `42["one",%d,%d,%d]`, &n, &r, &speaker); err != nil {
					t.Fatal(packet, err)
				}
				heard++
				for _, s := range out[i][r] {
					if s.from <= n && n <= s.to[speaker] {
						t.Fatalf("seed %d: member %d heard broadcast %d to room %d, and was out from %d to %d", seed, i, n, r, s.from, s.to[speaker])
					}
				}
				if last[packet]++; last[packet] > 1 {
					t.Fatalf("seed %d: %s twice", seed, packet)
				}
			case strings.HasPrefix(packet, `42["two",`):
				if last[packet]++; last[packet] > 1 {
					t.Fatalf("seed %d: %s twice", seed, packet)
				}
			default:
				t.Fatal(packet)
			}
		}
	}
	t.Logf("%d broadcasts, %d heard", number.Load(), heard)
}
