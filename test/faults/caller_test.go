package faults

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/wire"
)

// caller is somebody who chats by HTTP alone: they send, edit and delete, and follow a room by asking for its changes.
type caller struct {
	t       testing.TB
	account account
	url     string
	ledger  *ledger
}

// ledger is where everybody notes what they did and saw.
type ledger struct {
	mu       sync.Mutex
	count    map[string]tally // by program
	changed  chan struct{}    // something was counted
	evidence evidence
	broken   error
}

// tally counts what one program of people did.
type tally struct {
	Acked    int `json:"acked"`
	Repeated int `json:"repeated"`
	Refused  int `json:"refused"`
}

func newLedger() *ledger {
	return &ledger{count: map[string]tally{}, changed: make(chan struct{}, 1)}
}

func (l *ledger) note(who string, fn func(*tally)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.count[who]
	fn(&t)
	l.count[who] = t
	l.wake()
}

// fail ends the run: somebody got an answer that the contract does not know.
func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
	l.wake()
}

func (l *ledger) wake() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *ledger) total() (sum tally, broken error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.count {
		sum.Acked += t.Acked
		sum.Repeated += t.Repeated
		sum.Refused += t.Refused
	}
	return sum, l.broken
}

func (l *ledger) changes() int { sum, _ := l.total(); return sum.Acked }

func (l *ledger) add(changes []change, views ...view) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.evidence.Changes = append(l.evidence.Changes, changes...)
	l.evidence.Views = append(l.evidence.Views, views...)
}

// write makes one change after the other in one room until the context ends.
func (c *caller) write(ctx context.Context, line, room string, random *rand.Rand, pause time.Duration) {
	door := newAPI(c.url, c.account.token, 1200*time.Millisecond)
	var all []change
	var mine []wire.Message
	for n := 0; ctx.Err() == nil; n++ {
		id, text := fmt.Sprintf("%s-%d", line, n), fmt.Sprintf("%s의 %d번째 말", line, n)
		sent := change{Line: line, Verb: "send", Room: room, By: c.account.ID, ID: id, Text: text}
		c.ask(ctx, door, &sent, random, http.MethodPost, "", wire.SendMessage{ClientID: id, Text: text})
		all = append(all, sent)
		if sent.Got != nil {
			mine = append(mine, *sent.Got)
		}
		switch dice := random.Float64(); {
		case len(mine) > 0 && dice < 0.15:
			m := mine[random.IntN(len(mine))]
			edit := change{Line: line, Verb: "edit", Room: room, By: c.account.ID, ID: m.ClientID, Text: fmt.Sprintf("%s에서 %d번째로 고친 말", line, n)}
			c.ask(ctx, door, &edit, random, http.MethodPatch, fmt.Sprint("/", m.Seq), wire.EditMessage{Text: edit.Text})
			all = append(all, edit)
		case len(mine) > 0 && dice < 0.22:
			i := random.IntN(len(mine))
			remove := change{Line: line, Verb: "delete", Room: room, By: c.account.ID, ID: mine[i].ClientID}
			c.ask(ctx, door, &remove, random, http.MethodDelete, fmt.Sprint("/", mine[i].Seq), nil)
			all = append(all, remove)
			mine = slices.Delete(mine, i, i+1)
		}
		if len(mine) > 10 {
			mine = mine[1:]
		}
		time.Sleep(time.Duration(random.Int64N(int64(pause))))
	}
	c.ledger.add(all)
}

// ask asks for a change until it is answered. A send is sometimes given up.
func (c *caller) ask(ctx context.Context, door *api, one *change, random *rand.Rand, method, path string, body any) {
	for {
		one.Tries++
		var answer wire.MessageAnswer
		err := door.call(context.WithoutCancel(ctx), method, "/rooms/"+one.Room+"/messages"+path, body, &answer)
		switch code := codeOf(err); {
		case err == nil:
			one.Got = &answer.Message
			c.ledger.note(one.Line, func(t *tally) {
				t.Acked++
				if one.Verb == "send" && one.Tries > 1 {
					t.Repeated++
				}
			})
			return
		case code == "forbidden" && one.Verb == "edit": // who owns the room may have deleted it meanwhile
			return
		case code == "unavailable":
			c.ledger.note(one.Line, func(t *tally) { t.Refused++ })
			time.Sleep(time.Duration(20+random.IntN(80)) * time.Millisecond)
		case code == "unauthorized":
			c.renew(ctx, door)
		case code != "":
			c.ledger.fail(fmt.Errorf("%s of %s by HTTP: %w", one.Verb, one.ID, err))
			return
		case one.Verb == "send" && ctx.Err() == nil && random.Float64() < 0.05:
			return
		default:
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// renew logs in again, since a token lasts a quarter of an hour.
func (c *caller) renew(ctx context.Context, door *api) {
	account := c.account
	if account.logIn(context.WithoutCancel(ctx), door) == nil {
		door.token = account.token
	}
}

// follow reads a room by asking for its changes until it has seen all of them after the context ended.
func (c *caller) follow(ctx context.Context, room string, random *rand.Rand) {
	door := newAPI(c.url, c.account.token, 1200*time.Millisecond)
	v := view{Who: c.account.LoginID + " by HTTP", Room: room, Steps: []step{{what: gotReady, since: 1}}}
	seen := map[int64]wire.Message{}
	epoch := ""
	for last := false; ; {
		if !last {
			time.Sleep(time.Duration(20+random.IntN(100)) * time.Millisecond)
			last = ctx.Err() != nil
		}
		var page wire.ChangesAnswer
		path := fmt.Sprintf("/rooms/%s/changes?since=%d&epoch=%s&limit=50", room, v.Cursor, epoch)
		err := door.call(context.WithoutCancel(ctx), http.MethodGet, path, nil, &page)
		if codeOf(err) == "unauthorized" {
			c.renew(ctx, door)
			continue
		}
		if code := codeOf(err); code != "" && code != "unavailable" {
			c.ledger.fail(fmt.Errorf("changes by HTTP: %w", err))
			return
		}
		if err != nil {
			continue
		}
		epoch = page.Epoch
		got := step{gotChanges, v.Cursor, page.Next, 0}
		if page.Reset {
			got.what = gotReset
			clear(seen)
			if len(page.Messages) == 50 {
				got.seq = page.Messages[0].Seq
			}
		}
		v.Steps = append(v.Steps, got)
		for _, m := range page.Messages {
			if m.Rev > seen[m.Seq].Rev {
				seen[m.Seq] = m
			}
		}
		v.Cursor = page.Next
		if last && !page.HasMore {
			break
		}
	}
	v.Messages = slices.Collect(maps.Values(seen))
	c.ledger.add(nil, v)
}
