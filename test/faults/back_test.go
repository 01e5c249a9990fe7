package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// TestEverybodyIsBackAtOnce kills a program with many connections, all of which come back within a second of it, as if
// nobody had taught them to wait. Everybody gets ready, the writer goes on, and in the end each of them has everything.
func TestEverybodyIsBackAtOnce(t *testing.T) {
	users, each, kills := 30, 10, 2
	if *soak > 0 {
		users, each, kills = 500, 10, 3
	}
	const rooms, roomsEach = 10, 2
	data, addr := t.TempDir(), program.FreeAddr(t)
	m := program.Start(t, data, addr)
	h := &house{t: t, ledger: newLedger(), addr: addr, direct: m.URL(), maru: m}
	writer := signUp(t, m.URL(), "writer")
	for r := range rooms {
		h.rooms = append(h.rooms, h.owner(writer).open(t, fmt.Sprint("모두 돌아오는 방 ", r)))
	}
	all := h.crowd(users, each, roomsEach)

	ctx, cancel := context.WithCancel(t.Context())
	var living sync.WaitGroup
	defer func() { cancel(); living.Wait() }()
	for _, one := range all {
		living.Go(func() { one.live(ctx) })
	}
	h.allReady(all, 1)
	writing, enough := context.WithCancel(ctx)
	var writers sync.WaitGroup
	author := &caller{t: t, account: writer, url: m.URL(), ledger: h.ledger}
	for r, room := range h.rooms {
		writers.Go(func() {
			author.write(writing, fmt.Sprint("w/", r), room, rand.New(rand.NewPCG(1, uint64(r))), time.Second)
		})
	}
	defer func() { enough(); writers.Wait() }()

	must(t, h.wait(20))
	for k := range kills {
		before := h.ledger.changes()
		m.Kill()
		m = program.Start(t, data, addr)
		h.maru = m
		began := time.Now()
		h.allReady(all, int64(k)+2)
		took := time.Since(began)
		must(t, h.wait(before+20))
		fmt.Printf("back: %d connections of %d users are ready %.2f s after the start, peak memory %s\n",
			len(all), users, took.Seconds(), peak(t, m.PID()))
	}
	enough()
	writers.Wait()
	h.compare("back", writer, all)
}

// compare checks, once nobody writes any more, that every member has everything.
func (h *house) compare(name string, by account, all []*member) {
	h.t.Helper()
	for _, id := range h.rooms {
		h.ledger.evidence.Rooms = append(h.ledger.evidence.Rooms, h.owner(by).look(h.t, id))
	}
	for _, one := range all {
		h.finish(one)
	}
	found := check(h.ledger.evidence)
	for _, f := range found[:min(len(found), 20)] {
		h.t.Error(f)
	}
	fmt.Println(h.verdict(name, found))
}

// crowd signs people up and makes members of them, with so many connections each.
func (h *house) crowd(users, each, rooms int) []*member {
	h.t.Helper()
	all, failed := make([][]*member, users), make([]error, users)
	var signing sync.WaitGroup
	const atOnce = 4
	for first := range atOnce {
		signing.Go(func() {
			for u := first; u < users; u += atOnce {
				all[u], failed[u] = h.family(u, each, rooms)
			}
		})
	}
	signing.Wait()
	must(h.t, errors.Join(failed...))
	return slices.Concat(all...)
}

// family is one person with many connections.
func (h *house) family(u, each, rooms int) (all []*member, err error) {
	who, err := register(h.t.Context(), h.direct, fmt.Sprint("user-", u))
	for r := range rooms {
		err = errors.Join(err, h.owner(who).enter(h.t.Context(), h.rooms[(u+r*3)%len(h.rooms)]))
	}
	for c := range each {
		one := newMember(fmt.Sprintf("user %d, connection %d", u, c), h.addr, who.token)
		one.rest = time.Second
		all = append(all, one)
	}
	return all, err
}

// allReady waits until everybody was told ready so often.
func (h *house) allReady(all []*member, often int64) {
	h.t.Helper()
	eventually(h.t, 60*time.Second, "everybody is ready", func() bool {
		return !slices.ContainsFunc(all, func(m *member) bool { return m.ready.Load() < often })
	})
}

// finish waits until a member has everything, and puts what it saw into the ledger.
func (h *house) finish(m *member) {
	h.t.Helper()
	heads := map[string]int64{}
	for _, r := range h.ledger.evidence.Rooms {
		heads[r.ID] = r.Head
	}
	complete := func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		for id, s := range m.rooms {
			if s.Cursor < heads[id] {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(12 * time.Second); !complete() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.rooms {
		s.Messages = slices.Collect(maps.Values(s.messages))
		h.ledger.add(nil, s.view)
	}
}

// peak is the most memory that a process ever held, where the system tells.
func peak(t testing.TB, pid int) string {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "unknown"
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
