package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// How much work there is between two faults at most, and how long the writers of one line rest.
const (
	apart = 40 // acknowledged changes
	rest  = 60 * time.Millisecond
)

// seeded returns the numbers that MARU_SEED replays.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano()) % 1_000_000_000
	if s, err := strconv.ParseUint(os.Getenv("MARU_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("MARU_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestNothingIsLostRepeatedOrOutOfOrder has people write, edit, delete and read, over every transport and by HTTP, while
// their server and their connections fail in every way that we know. The faults are spread over the work, not over time.
func TestNothingIsLostRepeatedOrOutOfOrder(t *testing.T) {
	h := &house{t: t, ledger: newLedger(), random: seeded(t), addr: program.FreeAddr(t)}
	h.disk = newDisk(t, "256m")
	h.start()
	h.direct = h.maru.URL()
	h.proxy = newProxy(t, h.addr)
	h.chat("faults", 3, func(do func(name string, inject func())) {
		for _, k := range deck(h.random) {
			do(k.name, func() { k.inject(h) })
		}
	})
}

// chat has people chat in so many rooms while deals of faults are done to them, one or, with -soak, one after the other, and checks
// in the end what everybody asked for, was told and saw.
func (h *house) chat(name string, rooms int, deal func(do func(name string, inject func()))) {
	h.t.Helper()
	began := time.Now()
	people, callers := h.moveIn(rooms, 4, 2)
	node := h.startPeople(people)
	writing, writersGo := context.WithCancel(h.t.Context())
	reading, readersGo := context.WithCancel(h.t.Context())
	var writers, readers sync.WaitGroup
	for i, c := range callers {
		for r, room := range h.rooms {
			random := rand.New(rand.NewPCG(h.random.Uint64(), 0))
			writers.Go(func() { c.write(writing, fmt.Sprintf("h%d/%d", i, r), room, random, rest) })
			readers.Go(func() { c.follow(reading, room, rand.New(rand.NewPCG(uint64(i), uint64(r)))) })
		}
	}
	defer func() { writersGo(); readersGo(); writers.Wait(); readers.Wait() }() // also where a fault ends the test

	must(h.t, h.wait(30))
	done := tallyOf{}
	said := time.Now()
	for again := true; again; again = *soak > 0 && time.Since(began) < *soak {
		deal(func(fault string, inject func()) {
			if *soak > 0 && time.Since(began) >= *soak {
				return
			}
			if err := h.wait(h.ledger.changes() + 1 + h.random.IntN(apart)); err != nil {
				h.t.Fatalf("after %s: %v\n%s", done.last, err, h.said())
			}
			inject()
			done.add(fault)
			if *soak > 0 && time.Since(said) > 30*time.Second {
				said = time.Now()
				fmt.Println(h.report(name, done, began))
			}
		})
	}
	must(h.t, h.wait(h.ledger.changes()+30))

	h.proxy.calm()
	writersGo()
	writers.Wait()
	h.stopPeople(node)
	readersGo()
	readers.Wait()
	_, broken := h.ledger.total()
	must(h.t, broken)
	for _, id := range h.rooms {
		h.ledger.evidence.Rooms = append(h.ledger.evidence.Rooms, h.owner(people[0]).look(h.t, id))
	}
	found := check(h.ledger.evidence)
	for _, f := range found[:min(len(found), 50)] {
		h.t.Error(f)
	}
	fmt.Println(h.report(name, done, began))
	fmt.Println(h.verdict(name, found))
}

// tallyOf counts the faults that were injected, by name, in the order of their first.
type tallyOf struct {
	names []string
	count map[string]int
	last  string
}

func (d *tallyOf) add(name string) {
	if d.count == nil {
		d.count = map[string]int{}
	}
	if d.count[name]++; d.count[name] == 1 {
		d.names = append(d.names, name)
	}
	d.last = name
}

// said is the end of what the program wrote.
func (h *house) said() string {
	if h.maru == nil {
		return ""
	}
	return h.maru.Said()
}

// moveIn makes rooms, people for the real client and callers by HTTP, everybody a member of every room.
func (h *house) moveIn(rooms, people, callers int) (theirs []account, ours []*caller) {
	h.t.Helper()
	for n := range people {
		theirs = append(theirs, signUp(h.t, h.direct, fmt.Sprint("person-", n)))
	}
	for n := range callers {
		who := signUp(h.t, h.direct, fmt.Sprint("caller-", n))
		ours = append(ours, &caller{t: h.t, account: who, url: h.proxy.url(), ledger: h.ledger})
	}
	h.reader = signUp(h.t, h.direct, "reader")
	for n := range rooms {
		h.rooms = append(h.rooms, h.owner(theirs[n%len(theirs)]).open(h.t, fmt.Sprint("끊겨도 이어지는 방 ", n)))
	}
	everybody := append(slices.Clone(theirs), h.reader)
	for _, c := range ours {
		everybody = append(everybody, c.account)
	}
	for _, who := range everybody {
		for _, room := range h.rooms {
			h.owner(who).join(h.t, room)
		}
	}
	return theirs, ours
}

// owner is somebody's own way in, past the proxy.
func (h *house) owner(who account) *api { return newAPI(h.direct, who.token, 20*time.Second) }

// people is the running program of those with the real client.
type people struct {
	node  *program.Node
	ended chan error
}

func (h *house) startPeople(all []account) *people {
	h.t.Helper()
	type person struct {
		account
		Connections int      `json:"connections"`
		Owns        []string `json:"owns"`
	}
	config := struct {
		URL    string   `json:"url"`
		Direct string   `json:"direct"`
		Seed   uint32   `json:"seed"`
		Pause  int64    `json:"pause"`
		Rooms  []string `json:"rooms"`
		People []person `json:"people"`
	}{URL: h.proxy.url(), Direct: h.direct, Seed: h.random.Uint32(), Pause: rest.Milliseconds(), Rooms: h.rooms}
	for i, one := range all {
		p := person{account: one, Connections: 3, Owns: []string{}}
		for r, room := range h.rooms {
			if r%len(all) == i {
				p.Owns = append(p.Owns, room)
			}
		}
		config.People = append(config.People, p)
	}
	raw, err := json.Marshal(config)
	must(h.t, err)
	p := &people{node: program.StartNode(h.t, "people.mjs", string(raw)), ended: make(chan error, 1)}
	go func() {
		var failed error
		err := p.node.Lines(func(line []byte) {
			if err := h.hear(line); err != nil {
				failed = err
			}
		})
		if err != nil {
			err = fmt.Errorf("people.mjs: %w: %s", err, p.node.Said())
			h.ledger.fail(err)
		}
		if err == nil {
			err = failed
		}
		p.ended <- err
	}()
	return p
}

// hear takes a line of people.mjs.
func (h *house) hear(line []byte) error {
	var one struct {
		tally
		Change *change `json:"change"`
		View   *view   `json:"view"`
	}
	if err := json.Unmarshal(line, &one); err != nil {
		return err
	}
	switch {
	case one.Change != nil:
		h.ledger.add([]change{*one.Change})
	case one.View != nil:
		h.ledger.add(nil, *one.View)
	default:
		h.ledger.note("people", func(t *tally) { *t = one.tally })
	}
	return nil
}

// stopPeople has everybody finish what they are doing, and returns when all they noted is in the ledger.
func (h *house) stopPeople(p *people) {
	h.t.Helper()
	_, err := fmt.Fprintln(p.node.In, "stop")
	must(h.t, err)
	select {
	case err := <-p.ended:
		must(h.t, err)
	case <-time.After(90 * time.Second):
		h.t.Fatal("people.mjs does not end")
	}
}

// report says in one line what was done so far.
func (h *house) report(name string, done tallyOf, began time.Time) string {
	sum, _ := h.ledger.total()
	var faults []string
	all := 0
	slices.Sort(done.names)
	for _, k := range done.names {
		faults = append(faults, fmt.Sprintf("%s %d", k, done.count[k]))
		all += done.count[k]
	}
	return fmt.Sprintf("%s: %.0f s, %d faults (%s), %d changes acknowledged, %d sends repeated, %d refused while nothing could be stored",
		name, time.Since(began).Seconds(), all, strings.Join(faults, ", "), sum.Acked, sum.Repeated, sum.Refused)
}

// verdict says in one line what the check found.
func (h *house) verdict(name string, found []finding) string {
	deliveries, streams := 0, len(h.ledger.evidence.Views)
	for _, v := range h.ledger.evidence.Views {
		deliveries += len(v.Steps)
	}
	count := map[fault]int{}
	for _, f := range found {
		count[f.fault]++
	}
	return fmt.Sprintf("%s: %d streams with %d deliveries: %d lost, %d repeated, %d disordered, %d stale, %d gaps, %d strays",
		name, streams, deliveries, count[lost], count[repeated], count[disordered], count[stale], count[gap], count[stray])
}
