package faults

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/test/program"
)

// TestSyncedBeforeAcknowledged follows the system calls of a running maru. For every message: its bytes are written to the
// database's log, then a sync of that log returns, and only then its acknowledgement or its event is written to anybody.
// That is what kill -9 cannot show, since the system keeps what a killed program wrote.
func TestSyncedBeforeAcknowledged(t *testing.T) {
	data, addr := t.TempDir(), program.FreeAddr(t)
	stop := trace(t, data, addr)
	served(t, addr)
	people := []account{signUp(t, "http://"+addr, "one"), signUp(t, "http://"+addr, "two")}
	room := newAPI("http://"+addr, people[0].token, 20*time.Second).open(t, "적힌 다음에 답하는 방")
	newAPI("http://"+addr, people[1].token, 20*time.Second).join(t, room)

	// Alone, and many at once, so that they share a commit; over sockets and by HTTP.
	const alone, together, byHTTP = 10, 30, 10
	markers := make([]string, alone+together+byHTTP)
	for i := range markers {
		markers[i] = fmt.Sprintf("marker-%04d-of-this-run", i)
	}
	acked := make(chan int, len(markers))
	sender := newMember("sender", addr, people[0].token)
	sender.onAck = func(id int, ok bool, _ *wire.Message) {
		if !ok {
			t.Errorf("%d was refused", id)
		}
		acked <- id
	}
	reader := newMember("reader", addr, people[1].token)
	var living sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer func() { cancel(); living.Wait() }()
	for _, m := range []*member{sender, reader} {
		living.Go(func() { m.live(ctx) })
		eventually(t, 20*time.Second, "ready", func() bool { return m.ready.Load() > 0 })
	}
	send := func(i int) {
		sender.say(`42%d["message:send",{"roomId":%q,"clientId":"c%d","text":%q}]`, i, room, i, markers[i])
	}
	for i := range alone {
		send(i)
		<-acked
	}
	var others sync.WaitGroup
	for i := range byHTTP {
		others.Go(func() {
			door := newAPI("http://"+addr, people[1].token, 20*time.Second)
			body := wire.SendMessage{ClientID: fmt.Sprint(i), Text: markers[alone+together+i]}
			if err := door.call(t.Context(), http.MethodPost, "/rooms/"+room+"/messages", body, nil); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range together {
		send(alone + i)
	}
	for range together {
		<-acked
	}
	others.Wait()
	eventually(t, 20*time.Second, "the reader has all of it", func() bool {
		reader.mu.Lock()
		defer reader.mu.Unlock()
		return len(reader.rooms[room].messages) == len(markers)
	})

	moments := stop()
	for _, breach := range unsynced(moments, markers) {
		t.Error(breach)
	}
	syncs := 0
	for _, m := range moments {
		if m.call == "sync" && m.done && strings.HasSuffix(m.file, "-wal") {
			syncs++
		}
	}
	t.Logf("%d messages, %d system calls, %d syncs of the log", len(markers), len(moments)/2, syncs)

	// The same trace without its syncs, or with each of them too late, must not pass.
	none := slices.DeleteFunc(slices.Clone(moments), func(m moment) bool { return m.call == "sync" })
	failed := slices.Clone(moments)
	late := slices.Clone(none)
	for i, m := range moments {
		if m.call == "sync" {
			failed[i].good = false
			late = append(late, m)
		}
	}
	for name, spoilt := range map[string][]moment{"without syncs": none, "with syncs that fail": failed, "with late syncs": late} {
		if found := unsynced(spoilt, markers); len(found) < len(markers) {
			t.Errorf("a trace %s has %d breaches", name, len(found))
		}
	}
}

// leaves finds what a frame or an answer that carries a message begins with.
var leaves = regexp.MustCompile(`43\d+\[|42\["message",|HTTP/1\.1 20`)

// unsynced returns what is wrong with a trace, message by message.
func unsynced(moments []moment, markers []string) (breaches []string) {
	for _, marker := range markers {
		if breach := unsyncedOne(moments, []byte(marker)); breach != "" {
			breaches = append(breaches, marker+": "+breach)
		}
	}
	return breaches
}

func unsyncedOne(moments []moment, marker []byte) string {
	var (
		log     string // the file that it was written to
		started bool   // a sync began after it was written
		synced  bool   // and returned
		told    = map[string]int{}
	)
	for _, m := range moments {
		carries := m.call == "write" && bytes.Contains(m.bytes, marker)
		switch {
		case carries && m.done && m.good && strings.HasSuffix(m.file, "-wal"):
			log = m.file
		case m.call == "sync" && m.file == log && log != "":
			if !m.done {
				started = true
			} else if started && m.good {
				synced = true
			}
		case carries && !m.done && strings.HasPrefix(m.file, "socket:"):
			for _, at := range indexes(m.bytes, marker) {
				kinds := leaves.FindAll(m.bytes[:at], -1)
				if len(kinds) == 0 {
					return fmt.Sprintf("left in %q", m.bytes)
				}
				kind := string(kinds[len(kinds)-1][:2])
				if !synced {
					return kind + " left before it was synced"
				}
				told[kind]++
			}
		}
	}
	switch {
	case log == "":
		return "was never written to the log"
	case told["42"] < 2 || told["43"]+told["HT"] != 1:
		return fmt.Sprintf("was told of %v", told)
	}
	return ""
}

// indexes returns where marker stands in p.
func indexes(p, marker []byte) (all []int) {
	for from := 0; ; {
		i := bytes.Index(p[from:], marker)
		if i < 0 {
			return all
		}
		all = append(all, from+i)
		from += i + len(marker)
	}
}
