package chat_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/chat"
)

func TestHistoryPages(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	id := h.room(jisu, chat.NewRoom{})
	for i := range 20 {
		h.say(jisu, id, fmt.Sprint(i)) // seq 2 to 21
	}
	for name, c := range map[string]struct {
		page  chat.HistoryPage
		first int64
		last  int64
		more  bool
	}{
		"newest":                {chat.HistoryPage{Limit: 5}, 17, 21, true},
		"everything":            {chat.HistoryPage{Limit: 200}, 1, 21, false},
		"beyond the limit":      {chat.HistoryPage{Limit: 10_000}, 1, 21, false},
		"before":                {chat.HistoryPage{Before: 17, Limit: 5}, 12, 16, true},
		"before the first page": {chat.HistoryPage{Before: 6, Limit: 5}, 1, 5, false},
		"after":                 {chat.HistoryPage{After: 5, HasAfter: true, Limit: 5}, 6, 10, true},
		"after nothing":         {chat.HistoryPage{After: 0, HasAfter: true, Limit: 5}, 1, 5, true},
		"the last after":        {chat.HistoryPage{After: 16, HasAfter: true, Limit: 5}, 17, 21, false},
		"around":                {chat.HistoryPage{Around: 10, Limit: 6}, 8, 13, true},
		"around the first":      {chat.HistoryPage{Around: 1, Limit: 6}, 1, 4, false},
	} {
		page, err := h.History(t.Context(), jisu, id, c.page)
		must(t, err)
		got := page.Messages
		if len(got) == 0 || got[0].Seq != c.first || got[len(got)-1].Seq != c.last || page.HasMore != c.more {
			t.Errorf("%s: %d messages, more %v: %+v", name, len(got), page.HasMore, got)
		}
		if len(page.Users) != 1 || page.Users[0].ID != jisu {
			t.Errorf("%s: users %v", name, page.Users)
		}
	}
	for _, bad := range []chat.HistoryPage{
		{Before: -1},
		{After: -1, HasAfter: true},
		{Around: -1},
		{Limit: -1},
		{Before: 2, After: 1, HasAfter: true},
		{Around: 2, Before: 3},
	} {
		_, err := h.History(t.Context(), jisu, id, bad)
		refused(t, err, chat.Invalid)
	}
}

func TestChanges(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	id := h.room(jisu, chat.NewRoom{})
	var sent []chat.Message
	for i := range 10 {
		sent = append(sent, h.say(jisu, id, fmt.Sprint(i)))
	}
	edited, err := h.Edit(t.Context(), jisu, id, sent[2].Seq, "고침", time.Time{})
	must(t, err)
	deleted, err := h.Delete(t.Context(), jisu, id, sent[5].Seq)
	must(t, err)

	revs := func(c chat.Changes) []int64 {
		var out []int64
		for _, m := range c.Messages {
			out = append(out, m.Rev)
		}
		return out
	}
	all, err := h.Changes(t.Context(), jisu, id, 0, h.Epoch(), 0)
	must(t, err)
	equal(t, "revs", revs(all), []int64{1, 2, 3, 5, 6, 8, 9, 10, 11, edited.Rev, deleted.Rev})
	if all.Head != deleted.Rev || all.Next != all.Head || all.HasMore || all.Reset {
		t.Fatalf("%+v", all)
	}

	page, err := h.Changes(t.Context(), jisu, id, 5, "", 3)
	must(t, err)
	equal(t, "a page", revs(page), []int64{6, 8, 9})
	if page.Next != 9 || !page.HasMore || page.Head != deleted.Rev {
		t.Fatalf("%+v", page)
	}
	none, err := h.Changes(t.Context(), jisu, id, all.Head, "", 0)
	must(t, err)
	if len(none.Messages) != 0 || none.Next != all.Head || none.Reset {
		t.Fatalf("%+v", none)
	}

	for name, c := range map[string]struct {
		since int64
		epoch string
	}{"the future": {all.Head + 1, ""}, "another epoch": {3, "another"}, "both": {1 << 62, "another"}} {
		reset, err := h.Changes(t.Context(), jisu, id, c.since, c.epoch, 0)
		must(t, err)
		if !reset.Reset || reset.Next != all.Head || reset.Epoch != h.Epoch() || len(reset.Messages) != 11 {
			t.Errorf("%s: %+v", name, reset)
		}
	}
	_, err = h.Changes(t.Context(), jisu, id, -1, "", 0)
	refused(t, err, chat.Invalid)
	_, err = h.Changes(t.Context(), jisu, id, 0, "", -1)
	refused(t, err, chat.Invalid)
}

func TestChangesTooFarBehind(t *testing.T) {
	h := open(t)
	jisu := h.user("지수")
	id := h.room(jisu, chat.NewRoom{})
	for range chat.MaxCatchUp {
		h.say(jisu, id, "말")
	}
	seen, err := h.Room(t.Context(), jisu, id)
	must(t, err)
	far, err := h.Changes(t.Context(), jisu, id, seen.Room.Head-chat.MaxCatchUp-1, "", 0)
	must(t, err)
	near, err := h.Changes(t.Context(), jisu, id, seen.Room.Head-chat.MaxCatchUp, "", 0)
	must(t, err)
	if !far.Reset || len(far.Messages) != chat.DefaultPage || near.Reset || len(near.Messages) != chat.MaxPage {
		t.Fatalf("far %v %d, near %v %d", far.Reset, len(far.Messages), near.Reset, len(near.Messages))
	}
}

// TestTheStreamIsTheHistory checks the promise that everything else serves: whatever is sent, edited and deleted, the
// published stream folded, the changes folded from any cursor, and the history are the same.
func TestTheStreamIsTheHistory(t *testing.T) {
	h := open(t)
	users := []chat.UserID{h.user("지수"), h.user("민호"), h.user("서연")}
	rapid.Check(t, func(rt *rapid.T) {
		id := h.room(users[0], chat.NewRoom{}, users[1:]...)
		h.take()
		start, err := h.Room(t.Context(), users[0], id)
		must(t, err)
		fold := foldOf(h.history(users[0], id))
		cursor := start.Room.Head
		middle := foldOf(h.history(users[0], id))
		middleCursor := cursor

		steps := rapid.IntRange(1, 25).Draw(rt, "steps")
		var sent []chat.Message
		for range steps {
			by := rapid.SampledFrom(users).Draw(rt, "by")
			switch action := rapid.IntRange(0, 9).Draw(rt, "action"); {
			case action < 5 || len(sent) == 0:
				sent = append(sent, h.say(by, id, rapid.StringMatching(`[가-힣a-z]{1,8}`).Draw(rt, "text")))
			case action < 7:
				m := rapid.SampledFrom(sent).Draw(rt, "message")
				_, err := h.Edit(t.Context(), m.SenderID, id, m.Seq, rapid.StringMatching(`[가-힣]{1,8}`).Draw(rt, "text"), time.Time{})
				if err != nil {
					refused(t, err, chat.Forbidden) // deleted already
				}
			case action < 8:
				m := rapid.SampledFrom(sent).Draw(rt, "message")
				_, err := h.Delete(t.Context(), m.SenderID, id, m.Seq)
				must(t, err)
			case action < 9: // somebody looks in
				changes, err := h.Changes(t.Context(), users[0], id, middleCursor, "", rapid.IntRange(1, 5).Draw(rt, "limit"))
				must(t, err)
				middle.apply(changes.Messages...)
				middleCursor = changes.Next
			default:
				must(t, h.Leave(t.Context(), users[2], id))
				_, err := h.Join(t.Context(), users[2], id)
				must(t, err)
			}
		}
		for _, e := range h.take() {
			if changed, ok := e.(chat.MessageChanged); ok {
				if changed.Message.Rev != cursor+1 {
					rt.Fatalf("rev %d published after %d", changed.Message.Rev, cursor)
				}
				cursor = changed.Message.Rev
				fold.apply(changed.Message)
			}
		}
		for more := true; more; {
			changes, err := h.Changes(t.Context(), users[0], id, middleCursor, "", 3)
			must(t, err)
			middle.apply(changes.Messages...)
			middleCursor, more = changes.Next, changes.HasMore
		}
		history := h.history(users[0], id)
		if !slices.EqualFunc(fold.messages(), history, same) {
			rt.Fatalf("stream %+v\nhistory %+v", fold.messages(), history)
		}
		if !slices.EqualFunc(middle.messages(), history, same) {
			rt.Fatalf("changes %+v\nhistory %+v", middle.messages(), history)
		}
	})
}

type fold map[int64]chat.Message

func foldOf(messages []chat.Message) fold {
	f := fold{}
	f.apply(messages...)
	return f
}

func (f fold) apply(messages ...chat.Message) {
	for _, m := range messages {
		if m.Rev > f[m.Seq].Rev {
			f[m.Seq] = m
		}
	}
}

func (f fold) messages() []chat.Message {
	var out []chat.Message
	for _, m := range f {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b chat.Message) int { return int(a.Seq - b.Seq) })
	return out
}

func same(a, b chat.Message) bool {
	return reflect.DeepEqual(a, b)
}
