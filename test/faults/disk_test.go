package faults

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/test/program"
)

// TestFullDisk fills the disk under a running program: sends are refused, reading goes on, nothing is half-written, and once
// there is space it goes on by itself. What is full is a small file system where we may mount one, and the size that files
// may have everywhere.
func TestFullDisk(t *testing.T) {
	t.Run("files may not grow", func(t *testing.T) {
		d := newDisk(t, "64m")
		fullDisk(t, d, func(pid int) { limitFiles(t, pid, 1) }, func(pid int) { limitFiles(t, pid, unlimited) })
	})
	if !newDisk(t, "1m").mounted {
		t.Log("no file system of our own here")
		return
	}
	t.Run("no space is left", func(t *testing.T) {
		d := newDisk(t, "64m")
		fullDisk(t, d, func(int) { d.fill(t) }, func(int) { d.free(t) })
	})
}

func fullDisk(t *testing.T, d *disk, fill, free func(pid int)) {
	addr := program.FreeAddr(t)
	m := program.Start(t, d.folder, addr)
	who := signUp(t, m.URL(), "writer")
	door := newAPI(m.URL(), who.token, 20*time.Second)
	id := door.open(t, "꽉 찬 방")
	first := sendAs(t, door, id, "first", "처음")
	fill(m.PID())

	// What is in the log's file already can be overwritten: it takes some MiB until there is no more space.
	const writers = 4
	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		acked   = map[string]bool{"first": true}
		refused []string
	)
	for w := range writers {
		all.Go(func() {
			for n := 0; n < 2000; n++ {
				clientID := fmt.Sprintf("%d-%d", w, n)
				var answer wire.MessageAnswer
				err := door.call(t.Context(), http.MethodPost, "/rooms/"+id+"/messages", wire.SendMessage{ClientID: clientID, Text: long(clientID)}, &answer)
				mu.Lock()
				switch p, _ := errors.AsType[*problem](err); {
				case err == nil:
					acked[clientID] = true
				case p != nil && p.status == http.StatusServiceUnavailable && p.code == "unavailable":
					refused = append(refused, clientID)
				default:
					t.Errorf("%s: %v", clientID, err)
				}
				enough := len(refused) > 4*writers || t.Failed()
				mu.Unlock()
				if enough {
					return
				}
			}
		})
	}
	all.Wait()
	if len(refused) == 0 {
		t.Fatal("the disk never became full")
	}
	same := func(when string) {
		t.Helper()
		var stored []string
		for _, m := range door.look(t, id).History {
			if m.ClientID != "" {
				stored = append(stored, m.ClientID)
				if m.ClientID != "first" && m.Text != long(m.ClientID) {
					t.Errorf("%s, %s is half-written", when, m.ClientID)
				}
			}
		}
		for _, clientID := range stored {
			if !acked[clientID] {
				t.Errorf("%s, %s is stored, and was refused", when, clientID)
			}
		}
		if len(stored) != len(acked) {
			t.Errorf("%s, %d are stored of %d acknowledged", when, len(stored), len(acked))
		}
	}
	same("while the disk is full")
	err := door.call(t.Context(), http.MethodPatch, fmt.Sprintf("/rooms/%s/messages/%d", id, first.Seq), wire.EditMessage{Text: long("edited")}, nil)
	if code := codeOf(err); code != "unavailable" && err != nil {
		t.Error("editing:", err)
	}
	if status := m.Status("/readyz"); status != http.StatusOK {
		t.Error("readyz is", status)
	}

	free(m.PID())
	for _, clientID := range refused { // the same request again, to the same process
		if sent := sendAs(t, door, id, clientID, long(clientID)); sent.ClientID != clientID {
			t.Errorf("%+v", sent)
		}
		acked[clientID] = true
	}
	same("once there is space")
	m.Kill()
	program.Start(t, d.folder, addr)
	same("after a kill")
}

// long is a text of 4,000 letters that tells where it belongs.
func long(id string) string { return strings.Repeat(id+".", 4000)[:4000] }

func sendAs(t testing.TB, door *api, room, clientID, text string) wire.Message {
	t.Helper()
	var answer wire.MessageAnswer
	must(t, door.call(t.Context(), http.MethodPost, "/rooms/"+room+"/messages", wire.SendMessage{ClientID: clientID, Text: text}, &answer))
	return answer.Message
}

// TestReadOnlyDisk checks that a program on a disk that turned read-only says so and ends, and finds everything once it may
// write again.
func TestReadOnlyDisk(t *testing.T) {
	d := newDisk(t, "64m")
	addr := program.FreeAddr(t)
	m := program.Start(t, d.folder, addr)
	who := signUp(t, m.URL(), "writer")
	door := newAPI(m.URL(), who.token, 20*time.Second)
	id := door.open(t, "읽기만 하는 방")
	for n := range 20 {
		sendAs(t, door, id, fmt.Sprint(n), fmt.Sprint(n, "번째 말"))
	}
	before := door.look(t, id)
	m.Kill() // its log is still to be moved into the database

	d.lock(t)
	var said bytes.Buffer
	refused := program.Command(d.folder, addr)
	refused.Stderr = &said
	ended := time.AfterFunc(10*time.Second, func() { _ = refused.Process.Kill() })
	err := asNobody(refused).Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ended.Stop() || !ok || exit.ExitCode() <= 0 {
		t.Errorf("ended with %v: %s", err, said.String())
	}
	if line := strings.TrimSuffix(said.String(), "\n"); strings.Contains(line, "\n") || !strings.Contains(line, d.folder) {
		t.Errorf("said %q", line)
	}
	d.unlock(t)

	program.Start(t, d.folder, addr)
	after := door.look(t, id)
	if !slices.EqualFunc(before.History, after.History, func(a, b wire.Message) bool { return state(a) == state(b) }) {
		t.Errorf("there was %v and is %v", before.History, after.History)
	}
}
