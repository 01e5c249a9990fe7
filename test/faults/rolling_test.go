package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestRollingRestart restarts every node of a town in turn while people write and many are connected through a balancer that
// sends nobody back to where they were: nothing is lost, everybody is back within ten seconds, and not all at once.
func TestRollingRestart(t *testing.T) {
	users, each, rounds, drain := 20, 5, 1, 2*time.Second
	if *soak > 0 {
		users, each, rounds, drain = 200, 10, 3, 5*time.Second
	}
	const rooms, roomsEach = 10, 2
	w := newTown(t, 2)
	w.setDrain(drain)
	w.addr = w.proxy.addr()
	writer := signUp(t, w.direct, "writer")
	for r := range rooms {
		w.rooms = append(w.rooms, w.owner(writer).open(t, fmt.Sprint("차례로 다시 시작하는 방 ", r)))
	}
	all := w.crowd(users, each, roomsEach)
	for _, m := range all {
		m.rest = time.Second // as socket.io-client waits by default
	}
	ctx, cancel := context.WithCancel(t.Context())
	var living sync.WaitGroup
	defer func() { cancel(); living.Wait() }()
	for _, one := range all {
		living.Go(func() { one.live(ctx) })
	}
	w.allReady(all, 1)
	writing, enough := context.WithCancel(ctx)
	var writers sync.WaitGroup
	author := &caller{t: t, account: writer, url: w.proxy.url(), ledger: w.ledger}
	for r, room := range w.rooms {
		writers.Go(func() {
			author.write(writing, fmt.Sprint("w/", r), room, rand.New(rand.NewPCG(1, uint64(r))), 200*time.Millisecond)
		})
	}
	defer func() { enough(); writers.Wait() }()
	must(t, w.wait(20))

	began := time.Now()
	for range rounds {
		for _, n := range w.nodes {
			before := w.ledger.changes()
			n.terminate()
			eventually(t, 20*time.Second, "the node is ready", func() bool { return n.maru.Status("/readyz") == http.StatusOK })
			must(t, w.wait(before+20))
			eventually(t, 20*time.Second, "everybody is connected", func() bool { return away(all) == 0 })
		}
	}
	took := time.Since(began)
	enough()
	writers.Wait()
	w.compare("rolling", writer, all)
	longest, returns, most := returned(all)
	fmt.Printf("rolling: %d nodes restarted %d times in %.0f s under %d changes; %d connections came back %d times, the longest away %.1f s, at most %d in 100 ms\n",
		len(w.nodes), rounds, took.Seconds(), w.ledger.changes(), len(all), returns, longest.Seconds(), most)
	if longest > 10*time.Second {
		t.Errorf("somebody was away for %s", longest)
	}
	// A drain spreads them; a flood would be all of a node's connections at once.
	if flood := len(all) / 2; most > max(10, flood/2) {
		t.Errorf("%d of %d came back within 100 ms", most, flood)
	}
}

// setDrain restarts the nodes with another --drain.
func (w *town) setDrain(drain time.Duration) {
	for _, n := range w.nodes {
		n.args[slices.Index(n.args, "--drain")+1] = drain.String()
		n.terminate()
	}
}

// away counts who is not connected.
func away(all []*member) (n int) {
	for _, m := range all {
		m.mu.Lock()
		if !m.lost.IsZero() {
			n++
		}
		m.mu.Unlock()
	}
	return n
}

// returned tells how long the longest absence was, how many there were, and how many ended within a tenth of a second at most.
func returned(all []*member) (longest time.Duration, returns, most int) {
	at := map[int64]int{}
	for _, m := range all {
		m.mu.Lock()
		for _, r := range m.returns {
			longest = max(longest, r.after)
			at[r.at.UnixMilli()/100]++
			returns++
		}
		m.mu.Unlock()
	}
	for _, n := range at {
		most = max(most, n)
	}
	return longest, returns, most
}
