package test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"
)

// report is the last line of chatter.mjs.
type report struct {
	Acked  int `json:"acked"`
	Ledger []struct {
		ClientID string `json:"clientId"`
		Seq      int64  `json:"seq"`
	} `json:"ledger"`
	History []message `json:"history"`
	Views   []struct {
		Cursor     int64     `json:"cursor"`
		Violations []string  `json:"violations"`
		Messages   []message `json:"messages"`
	} `json:"views"`
	Head int64 `json:"head"`
}

type message = map[string]any

// TestEndedInTheMiddleOfSending ends the program again and again while people send, edit and delete, with SIGKILL and with
// SIGTERM, and starts it anew: what was acknowledged is there, once and in its sender's order, and everybody's stream is
// the history. The ends are spread over the work, not over time; MARU_SEED replays them.
func TestEndedInTheMiddleOfSending(t *testing.T) {
	const senders, messages, ends = 4, 100, 12
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("MARU_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("MARU_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var points []int
	for range ends {
		points = append(points, 1+random.IntN(senders*messages-2))
	}
	slices.Sort(points)
	points = slices.Compact(points)

	data, addr := t.TempDir(), freeAddr(t)
	m := start(t, data, addr, "--drain", "50ms")
	var last report
	node(t, t.Context(), func(line []byte) {
		last = report{}
		must(t, json.Unmarshal(line, &last))
		if len(points) > 0 && last.Acked >= points[0] {
			points = points[1:]
			if random.IntN(3) == 0 {
				if code := m.terminate(); code != 0 {
					t.Errorf("exit code %d: %s", code, m.stderr)
				}
			} else {
				m.kill()
			}
			m = start(t, data, addr, "--drain", "50ms")
		}
	}, "chatter.mjs", m.url(), strconv.Itoa(senders), strconv.Itoa(messages))

	if len(points) > 0 || len(last.Ledger) != senders*messages {
		t.Fatalf("%d ends left, %d acknowledged", len(points), len(last.Ledger))
	}
	stored := map[string][]int64{}
	next := map[byte]int{} // by sender: which of theirs comes next
	for _, m := range last.History {
		id, ok := m["clientId"].(string)
		if !ok {
			continue
		}
		stored[id] = append(stored[id], int64(m["seq"].(float64)))
		if n, _ := strconv.Atoi(id[2:]); n != next[id[0]] {
			t.Errorf("sender %c: %d came where %d was due", id[0], n, next[id[0]])
		}
		next[id[0]]++
	}
	for _, acked := range last.Ledger {
		if seqs := stored[acked.ClientID]; !slices.Equal(seqs, []int64{acked.Seq}) {
			t.Errorf("%s was acknowledged as %d and is stored as %v", acked.ClientID, acked.Seq, seqs)
		}
	}
	for i, view := range last.Views {
		if len(view.Violations) > 0 {
			t.Errorf("person %d: %v", i, view.Violations)
		}
		if view.Cursor != last.Head {
			t.Errorf("person %d is at %d of %d", i, view.Cursor, last.Head)
		}
		// A view begins at the person's first position; what they saw must be what is stored.
		seen := view.Messages
		history := last.History[len(last.History)-len(seen):]
		if !reflect.DeepEqual(seen, history) {
			t.Errorf("person %d saw something else than the history", i)
		}
	}
}
