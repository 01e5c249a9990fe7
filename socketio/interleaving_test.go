package socketio_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// Attack 14: whatever the two sides say before, while and after the transport
// changes arrives once and in order, over attempts that fail too.
func TestNothingIsLostWhileUpgrading(t *testing.T) {
	seed := rand.Uint64()
	server := newServer(t, socketio.Options{PingInterval: 20 * time.Millisecond, PingTimeout: time.Minute})
	const rounds = 25
	var mu sync.Mutex
	var heard [rounds][]int
	socketio.On(server.Of("/"), "n", func(_ context.Context, _ *socketio.Socket, said [2]int) (struct{}, error) {
		mu.Lock()
		defer mu.Unlock()
		heard[said[0]] = append(heard[said[0]], said[1])
		return struct{}{}, nil
	})
	socketio.On(server.Of("/"), "ticks", func(_ context.Context, s *socketio.Socket, count int) (struct{}, error) {
		go func() {
			random := rand.New(rand.NewPCG(seed, uint64(count)))
			for i := range count {
				_ = s.Emit("tick", i) // a test that fails may have ended it
				pause(random)
			}
			_ = s.Emit("done")
		}()
		return struct{}{}, nil
	})
	address := serve(t, server)
	for round := range rounds {
		t.Run(fmt.Sprintf("seed %d round %d", seed, round), func(t *testing.T) {
			u := &upgrader{p: pollIn(t, address), round: round, random: rand.New(rand.NewPCG(seed, uint64(round)))}
			ticks := u.random.IntN(60)
			u.p.send(fmt.Sprintf(`42["ticks",%d]`, ticks))
			u.run()
			want := make([]string, 0, ticks+1)
			for i := range ticks {
				want = append(want, fmt.Sprintf(`42["tick",%d]`, i))
			}
			want = append(want, `42["done"]`)
			if got := strings.Join(u.heard, " "); got != strings.Join(want, " ") {
				t.Errorf("the client heard %s", got)
			}
			eventually(t, "the server heard everything", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(heard[round]) >= u.said
			})
			mu.Lock()
			defer mu.Unlock()
			for i, n := range heard[round] {
				if n != i || i >= u.said {
					t.Fatalf("the server heard %v of %d", heard[round], u.said)
				}
			}
		})
	}
}

func pause(random *rand.Rand) {
	if random.IntN(2) == 0 {
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
	}
}

// upgrader is a client that keeps the protocol's rules while it changes over:
// it asks until the probe is answered, then lets what is under way end.
type upgrader struct {
	p      *poller
	round  int
	random *rand.Rand
	said   int
	heard  []string
	bad    answer // what ended the asking
}

// bring sends some events.
func (u *upgrader) bring(send func(packets []string)) {
	for range u.random.IntN(4) {
		var packets []string
		for range 1 + u.random.IntN(3) {
			packets = append(packets, fmt.Sprintf(`42["n",[%d,%d]]`, u.round, u.said))
			u.said++
		}
		send(packets)
		pause(u.random)
	}
}

// ask polls until it is told to stop, and its last request was answered.
func (u *upgrader) ask(stop *atomic.Bool) (stopped chan struct{}) {
	stopped = make(chan struct{})
	go func() {
		defer close(stopped)
		for !stop.Load() {
			a := u.p.get()
			if a.status != 200 {
				u.bad = a
				return
			}
			for packet := range strings.SplitSeq(a.body, "\x1e") {
				if packet != "6" && packet != "2" { // there is time enough for pongs
					u.heard = append(u.heard, packet)
				}
			}
		}
	}()
	return stopped
}

func (u *upgrader) run() {
	t := u.p.t
	t.Helper()
	post := func(packets []string) { u.p.send(packets...) }
	var stop atomic.Bool
	stopped := u.ask(&stop)
	for range u.random.IntN(3) { // attempts that come to nothing
		u.bring(post)
		var c *client
		if u.random.IntN(2) == 0 {
			c = u.p.probed()
		} else {
			c = u.p.upgrade()
		}
		u.bring(post)
		if u.random.IntN(2) == 0 {
			c.send("nonsense")
			c.expectClose()
		}
		_ = c.conn.Close()
	}
	u.bring(post)
	c := u.p.probed()
	u.bring(post)
	stop.Store(true)
	within(t, "the last answer", stopped)
	if u.bad.status != 0 {
		t.Fatalf("polling ended with %+v", u.bad)
	}
	c.send("5")
	u.bring(func(packets []string) {
		for _, packet := range packets {
			c.send(packet)
		}
	})
	for len(u.heard) == 0 || u.heard[len(u.heard)-1] != `42["done"]` {
		u.heard = append(u.heard, c.next())
	}
	_ = c.conn.Close()
}
