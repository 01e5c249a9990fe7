package faults

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// house is a maru, or several of them, with people before it, and everything that can be done to them.
type house struct {
	t      *testing.T
	disk   *disk
	addr   string
	direct string // its URL, past the proxy
	proxy  *proxy
	maru   *program.Maru // nil where there are several
	ledger *ledger
	random *rand.Rand
	reader account // looks in while the disk is full
	rooms  []string
}

// kind is a kind of fault; in a deck of them each is there so often.
type kind struct {
	name    string
	often   int
	inject  func(*house)
	starves bool // the disk
}

var kinds = []kind{
	{"killed", 6, (*house).kill, false},
	{"killed while starting", 2, (*house).killTwice, false},
	{"terminated", 3, (*house).terminate, false},
	{"frozen", 2, (*house).freeze, false},
	{"disk full", 2, (*house).fillDisk, true},
	{"file size limited", 2, (*house).limitFiles, true},
	{"connections cut", 3, (*house).cut, false},
	{"cut in the middle of a frame", 4, (*house).cutInFrame, false},
	{"paused", 3, (*house).pause, false},
	{"half-closed", 3, (*house).halfClose, false},
	{"delayed", 2, (*house).delay, false},
	{"trickled", 2, (*house).trickle, false},
	{"answers swallowed", 4, (*house).swallow, false},
}

// deck returns every kind as often as it is to be, shuffled.
func deck(random *rand.Rand) []kind {
	var all []kind
	for _, k := range kinds {
		if k.starves && !canStarve {
			continue
		}
		for range k.often {
			all = append(all, k)
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// between returns a random duration of milliseconds.
func (h *house) between(from, to int) time.Duration {
	return time.Duration(from+h.random.IntN(to-from+1)) * time.Millisecond
}

func (h *house) start() {
	h.t.Helper()
	h.maru = program.Start(h.t, h.disk.folder, h.addr, "--drain", h.between(20, 300).String())
}

func (h *house) kill() {
	h.maru.Kill()
	h.start()
}

// killTwice ends the program again while it starts, or a moment after it has.
func (h *house) killTwice() {
	h.maru.Kill()
	for range 1 + h.random.IntN(3) {
		h.maru = program.Launch(h.t, h.disk.folder, h.addr)
		time.Sleep(h.between(0, 60))
		h.maru.Kill()
	}
	h.start()
}

func (h *house) terminate() {
	h.t.Helper()
	if code := h.maru.Terminate(); code != 0 {
		h.t.Fatalf("exit code %d: %s", code, h.maru.Said())
	}
	h.start()
}

// freeze stops the program for longer than most people wait for an answer.
func (h *house) freeze() {
	h.t.Helper()
	h.maru.Signal(syscall.SIGSTOP)
	time.Sleep(h.between(1300, 2600))
	h.maru.Signal(syscall.SIGCONT)
}

// fillDisk leaves no space until sends have been refused for a while; where there is no disk of its own to fill, files may
// not grow.
func (h *house) fillDisk() {
	h.t.Helper()
	if !h.disk.mounted {
		h.limitFiles()
		return
	}
	h.disk.fill(h.t)
	h.starve()
	if h.random.IntN(3) == 0 {
		h.maru.Kill()
		h.disk.free(h.t)
		h.start()
		return
	}
	h.disk.free(h.t)
	h.recover()
}

func (h *house) limitFiles() {
	h.t.Helper()
	limitFiles(h.t, h.maru.PID(), 1)
	h.starve()
	limitFiles(h.t, h.maru.PID(), unlimited)
	h.recover()
}

// starve waits until writes are refused, and reads meanwhile.
func (h *house) starve() {
	h.t.Helper()
	before, _ := h.ledger.total()
	eventually(h.t, 30*time.Second, "somebody is refused", func() bool {
		now, broken := h.ledger.total()
		return now.Refused > before.Refused || broken != nil
	})
	for end := time.Now().Add(h.between(100, 600)); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		h.look()
	}
}

// look reads as everybody can while nothing can be written.
func (h *house) look() {
	h.t.Helper()
	door := newAPI(h.maru.URL(), h.reader.token, 10*time.Second)
	room := h.rooms[h.random.IntN(len(h.rooms))]
	for _, path := range []string{"/messages", "/changes?since=0"} {
		err := door.call(h.t.Context(), http.MethodGet, "/rooms/"+room+path, nil, nil)
		if codeOf(err) == "unauthorized" {
			if err = h.reader.logIn(h.t.Context(), door); codeOf(err) == "unavailable" {
				return // a session is a write
			}
		}
		must(h.t, err)
	}
	if status := h.maru.Status("/readyz"); status != http.StatusOK {
		h.t.Errorf("readyz is %d while the disk is full", status)
	}
}

// recover waits until changes are acknowledged again, by the same process.
func (h *house) recover() {
	h.t.Helper()
	before := h.ledger.changes()
	eventually(h.t, 20*time.Second, "somebody is acknowledged once there is space", func() bool {
		_, broken := h.ledger.total()
		return h.ledger.changes() > before || broken != nil
	})
}

// part is how many of the connections something happens to.
func (h *house) part() float64 { return 0.3 + 0.7*h.random.Float64() }

func (h *house) cut() { h.proxy.each(h.part(), h.random, (*link).cut) }

func (h *house) either(l *link) *pipe {
	if h.random.IntN(2) == 0 {
		return &l.up
	}
	return &l.down
}

// trouble befalls a direction of some connections; they go on afterwards.
func (h *house) trouble(kind troubleKind, lasts time.Duration) {
	until := time.Now().Add(lasts)
	h.proxy.each(h.part(), h.random, func(l *link) { h.either(l).set(trouble{kind: kind, until: until}) })
}

func (h *house) cutInFrame() {
	h.proxy.each(h.part(), h.random, func(l *link) { h.either(l).set(trouble{kind: cutIn, bytes: 1 + h.random.IntN(600)}) })
}

func (h *house) pause()   { h.trouble(paused, h.between(300, 2000)) }
func (h *house) delay()   { h.trouble(delayed, h.between(300, 1500)) }
func (h *house) trickle() { h.trouble(trickled, h.between(200, 800)) }

// halfClose ends one direction. Who still sends in the other one learns of the end later.
func (h *house) halfClose() {
	h.proxy.each(h.part(), h.random, func(l *link) { _ = h.either(l).to.CloseWrite() })
}

// swallow throws away what the server answers, and then cuts: what was sent meanwhile is committed, and nobody was told.
func (h *house) swallow() {
	lasts := h.between(100, 900)
	h.proxy.each(h.part(), h.random, func(l *link) {
		l.down.set(trouble{kind: swallow})
		time.AfterFunc(lasts, l.cut)
	})
}

// wait returns once so many changes have been acknowledged.
func (h *house) wait(changes int) error {
	for patience := time.NewTimer(60 * time.Second); ; {
		sum, broken := h.ledger.total()
		if broken != nil || sum.Acked >= changes {
			patience.Stop()
			return broken
		}
		select {
		case <-h.ledger.changed:
		case <-patience.C:
			return errors.New("nothing is acknowledged any more")
		}
	}
}
