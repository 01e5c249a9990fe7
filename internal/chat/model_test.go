package chat_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// TestAgainstAModel sends, edits, deletes, joins and leaves at random, up to fifty sends at once with client ids that are
// repeated and reused and with images of anybody's, while some transactions fail and the clock jumps, and compares every
// answer, everything that can be read and everything that was published with a model that is as plain as can be.
func TestAgainstAModel(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { againstAModel(t, onSQLite(t)) })
	t.Run("MySQL", func(t *testing.T) {
		checks := flag.Lookup("rapid.checks")
		was := checks.Value.String()
		defer func() { must(t, checks.Value.Set(was)) }()
		must(t, checks.Value.Set("20")) // the rules are the same, and each commit waits for a server
		againstAModel(t, onMySQL(t))
	})
}

func againstAModel(t *testing.T, on sqlstore.Options) {
	failing := &failing{}
	h := openOn(t, on, func(o *chat.Options) {
		failing.Store = o.Store
		o.Store = failing
		withImages(t, o)
	})
	h.user("관리") // the first account may do more
	users := []chat.UserID{h.user("지수"), h.user("민호"), h.user("서연")}
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(h, failing, users)
		rt.Repeat(map[string]func(*rapid.T){
			"upload": m.upload,
			"sweep":  m.sweep,
			"send":   m.send,
			"burst":  m.burst,
			"edit":   m.edit,
			"delete": m.remove,
			"join":   m.join,
			"leave":  m.leave,
			"jump":   m.jump,
			"":       m.compare,
		})
	})
}

// failing is a store some of whose transactions fail after everything in them was done.
type failing struct {
	chat.Store
	one   atomic.Bool  // the next one fails
	every atomic.Int64 // each so-manieth fails; 0 for none
	count atomic.Int64
}

var errFailing = chat.Errorf(chat.Unavailable, "failed on purpose")

func (f *failing) Write(ctx context.Context, fn func(chat.Tx) error, rooms ...chat.RoomID) error {
	return f.Begin(ctx, fn, rooms...)()
}

func (f *failing) Begin(ctx context.Context, fn func(chat.Tx) error, rooms ...chat.RoomID) func() error {
	every := f.every.Load()
	fails := f.one.Swap(false) || every > 0 && f.count.Add(1)%every == 0 // however often fn is run
	return f.Store.Begin(ctx, func(tx chat.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if fails {
			return errFailing
		}
		return nil
	}, rooms...)
}

// model is two rooms and everything that was ever sent.
type model struct {
	h       *house
	failing *failing
	users   []chat.UserID
	prefix  string // of this run's client ids
	rooms   []*roomModel
	sent    map[sending]original
	images  []*imageModel
}

type roomModel struct {
	id        chat.RoomID
	sinceJoin bool
	owner     chat.UserID
	head      int64
	published int64
	messages  map[int64]chat.Message
	members   map[chat.UserID]int64 // visible after
}

// sending is what may happen once.
type sending struct {
	by       chat.UserID
	clientID string
}

// original is what was sent first.
type original struct {
	room   *roomModel
	text   string
	images []chat.ImageID
	seq    int64
}

func newModel(h *house, f *failing, users []chat.UserID) *model {
	f.one.Store(false)
	f.every.Store(0)
	m := &model{h: h, failing: f, users: users, prefix: chat.NewID(), sent: map[sending]original{}}
	for _, history := range []chat.History{chat.HistoryAll, chat.HistorySinceJoin} {
		r := &roomModel{sinceJoin: history == chat.HistorySinceJoin, owner: users[0], messages: map[int64]chat.Message{}, members: map[chat.UserID]int64{}}
		r.id = h.room(users[0], chat.NewRoom{History: history})
		for _, one := range h.history(users[0], r.id) {
			r.messages[one.Seq] = one
		}
		seen, err := h.Room(h.t.Context(), users[0], r.id)
		must(h.t, err)
		r.members[users[0]] = seen.Membership.VisibleAfter
		r.head, r.published = seen.Room.Head, seen.Room.Head
		m.rooms = append(m.rooms, r)
	}
	h.take()
	return m
}

func (m *model) who(rt *rapid.T) chat.UserID {
	return m.users[rapid.IntRange(0, len(m.users)-1).Draw(rt, "who")]
}

func (m *model) room(rt *rapid.T) *roomModel { return m.rooms[rapid.IntRange(0, 1).Draw(rt, "room")] }

// fails has the next transaction fail, now and then. Where it changes nothing it may not even begin.
func (m *model) fails(rt *rapid.T) bool {
	fails := rapid.IntRange(0, 5).Draw(rt, "fails") == 0
	m.failing.one.Store(fails)
	return fails
}

// answered compares an answer with the one expected, and reports whether the model is to do the same.
func (m *model) answered(rt *rapid.T, err error, want chat.Code, fails bool) bool {
	m.failing.one.Store(false)
	if want == "" && fails {
		want = chat.Unavailable
	}
	if chat.CodeOf(err) != want {
		rt.Fatalf("got %v, want %q", err, want)
	}
	return err == nil
}

// request is one send.
type request struct {
	by   chat.UserID
	room *roomModel
	d    chat.Draft
}

func (m *model) request(rt *rapid.T, ids int) request {
	id := fmt.Sprint(m.prefix, rapid.IntRange(0, ids).Draw(rt, "client id"))
	text := rapid.SampledFrom([]string{"가", "나"}).Draw(rt, "text")
	return request{m.who(rt), m.room(rt), chat.Draft{ClientID: id, Text: text, ImageIDs: m.someImages(rt)}}
}

// expect says how a request is answered that comes alone.
func (m *model) expect(r request) (earlier int64, want chat.Code) {
	was, known := m.sent[sending{r.by, r.d.ClientID}]
	_, member := r.room.members[r.by]
	switch {
	case known && was.room.messages[was.seq].Kind == chat.KindDeleted, known && was.room == r.room && was.text == r.d.Text && slices.Equal(was.images, r.d.ImageIDs):
		return was.seq, ""
	case known:
		return 0, chat.ClientIDReused
	case !member:
		return 0, chat.Forbidden
	case !m.attachable(r.by, r.d.ImageIDs):
		return 0, chat.Invalid
	}
	return 0, ""
}

func (m *model) send(rt *rapid.T) {
	r := m.request(rt, 8)
	earlier, want := m.expect(r)
	fails := m.fails(rt)
	got, created, err := m.h.Send(m.h.t.Context(), r.by, r.room.id, r.d)
	if !m.answered(rt, err, want, fails) {
		return
	}
	if earlier != 0 {
		m.repeated(rt, r, got, created)
		return
	}
	m.created(rt, r, got, created)
}

func (m *model) repeated(rt *rapid.T, r request, got chat.Message, created bool) {
	was := m.sent[sending{r.by, r.d.ClientID}]
	if created || !same(got, was.room.messages[was.seq]) {
		rt.Fatalf("%+v again is %+v, created %v", r.d, got, created)
	}
}

func (m *model) created(rt *rapid.T, r request, got chat.Message, created bool) {
	r.room.head++
	if !created || got.Seq != r.room.head || got.Rev != got.Seq || got.SenderID != r.by || got.Text != r.d.Text || got.ClientID != r.d.ClientID {
		rt.Fatalf("%+v is %+v at %d, created %v", r.d, got, r.room.head, created)
	}
	m.attached(rt, r, got)
	r.room.messages[got.Seq] = got
	m.sent[sending{r.by, r.d.ClientID}] = original{r.room, r.d.Text, r.d.ImageIDs, got.Seq}
}

// burst sends many at once, of which the first of a client id decides what the others are.
func (m *model) burst(rt *rapid.T) {
	if rapid.IntRange(0, 4).Draw(rt, "seldom") > 0 {
		rt.Skip()
	}
	requests := make([]request, rapid.IntRange(2, 50).Draw(rt, "at once"))
	ids := rapid.IntRange(9, 20).Draw(rt, "ids")
	for i := range requests {
		requests[i] = m.request(rt, ids)
	}
	every := int64(rapid.IntRange(0, 4).Draw(rt, "every"))
	m.failing.every.Store(every)
	type result struct {
		request
		got     chat.Message
		created bool
		err     error
	}
	results := make([]result, len(requests))
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() {
			got, created, err := m.h.Send(m.h.t.Context(), r.by, r.room.id, r.d)
			results[i] = result{r, got, created, err}
		})
	}
	all.Wait()
	m.failing.every.Store(0)
	slices.SortStableFunc(results, func(a, b result) int { return cmp.Compare(a.got.Seq, b.got.Seq) })
	for _, one := range results {
		if one.err == nil && one.created {
			if _, want := m.expect(one.request); want != "" {
				rt.Fatalf("%+v was created, want %s", one.d, want)
			}
			m.created(rt, one.request, one.got, true)
		}
	}
	for _, one := range results {
		earlier, want := m.expect(one.request)
		_, member := one.room.members[one.by]
		switch code := chat.CodeOf(one.err); {
		case code == chat.Unavailable && every > 0:
		case code == chat.Forbidden && !member, code == chat.Invalid && !m.attachable(one.by, one.d.ImageIDs):
			// It came before the client id was somebody's elsewhere.
		case code != want:
			rt.Fatalf("%+v: %v, want %q", one.d, one.err, want)
		case code == "" && earlier == 0:
			rt.Fatalf("%+v: acknowledged and not created", one.d)
		case code == "" && !one.created:
			m.repeated(rt, one.request, one.got, false)
		}
	}
}

// target draws a message of a room, or none.
func (m *model) target(rt *rapid.T) (by chat.UserID, r *roomModel, seq int64) {
	by, r = m.who(rt), m.room(rt)
	return by, r, rapid.Int64Range(1, r.head+1).Draw(rt, "seq")
}

// mayTouch is what both edit and delete ask first.
func (r *roomModel) mayTouch(by chat.UserID, seq int64) chat.Code {
	after, member := r.members[by]
	_, there := r.messages[seq]
	switch {
	case !member:
		return chat.Forbidden
	case !there || seq <= after:
		return chat.NotFound
	}
	return ""
}

func (m *model) edit(rt *rapid.T) {
	by, r, seq := m.target(rt)
	text := rapid.SampledFrom([]string{"가", "다", "라"}).Draw(rt, "text")
	was := r.messages[seq]
	want := r.mayTouch(by, seq)
	if want == "" && (was.SenderID != by || was.Kind != chat.KindMessage) {
		want = chat.Forbidden
	}
	if ahead := was.EditedAt.Sub(m.h.clock.Now()); want == "" && was.Text != text && ahead > 0 && ahead <= 5*time.Second {
		want = chat.Unavailable // the clock was set back a little: it could be a late edit
	}
	fails := m.fails(rt)
	got, err := m.h.Edit(m.h.t.Context(), by, r.id, seq, text, time.Time{})
	if !m.answered(rt, err, want, fails) {
		return
	}
	if was.Text != text {
		r.head++
		was.Rev, was.Text, was.EditedAt = r.head, text, got.EditedAt
	}
	m.changed(rt, r, got, was)
}

func (m *model) remove(rt *rapid.T) {
	by, r, seq := m.target(rt)
	was := r.messages[seq]
	want := r.mayTouch(by, seq)
	if want == "" && (was.Kind == chat.KindSystem || was.SenderID != by && r.owner != by) {
		want = chat.Forbidden
	}
	fails := m.fails(rt)
	got, err := m.h.Delete(m.h.t.Context(), by, r.id, seq)
	if !m.answered(rt, err, want, fails) {
		return
	}
	if was.Kind != chat.KindDeleted {
		r.head++
		was.Rev, was.Kind, was.Text, was.Images = r.head, chat.KindDeleted, "", nil
		m.removed(r, seq)
	}
	m.changed(rt, r, got, was)
}

func (m *model) changed(rt *rapid.T, r *roomModel, got, want chat.Message) {
	if !same(got, want) {
		rt.Fatalf("got %+v, want %+v", got, want)
	}
	r.messages[got.Seq] = got
}

func (m *model) join(rt *rapid.T) {
	by, r := m.who(rt), m.room(rt)
	_, member := r.members[by]
	fails := m.fails(rt)
	seen, err := m.h.Join(m.h.t.Context(), by, r.id)
	if !m.answered(rt, err, "", fails) || member {
		return
	}
	m.noted(rt, r, chat.SystemEvent{Type: chat.EventJoined, UserID: by})
	r.members[by] = 0
	if r.sinceJoin {
		r.members[by] = r.head
	}
	if seen.Room.Head != r.head || seen.Membership.VisibleAfter != r.members[by] {
		rt.Fatalf("joined %+v %+v at %d", seen.Room, seen.Membership, r.head)
	}
}

func (m *model) leave(rt *rapid.T) {
	by, r := m.who(rt), m.room(rt)
	if by == r.owner {
		rt.Skip()
	}
	_, member := r.members[by]
	fails := m.fails(rt)
	if m.answered(rt, m.h.Leave(m.h.t.Context(), by, r.id), "", fails) && member {
		delete(r.members, by)
		m.noted(rt, r, chat.SystemEvent{Type: chat.EventLeft, UserID: by})
	}
}

// noted is a system message that the room got; its time is taken from what is stored.
func (m *model) noted(rt *rapid.T, r *roomModel, event chat.SystemEvent) {
	r.head++
	page, err := m.h.History(m.h.t.Context(), r.owner, r.id, chat.HistoryPage{After: r.head - 1, HasAfter: true, Limit: 1})
	must(m.h.t, err)
	want := chat.Message{RoomID: r.id, Seq: r.head, Rev: r.head, Kind: chat.KindSystem, Event: &event}
	if len(page.Messages) == 1 {
		want.SentAt = page.Messages[0].SentAt
	}
	if len(page.Messages) != 1 || !same(page.Messages[0], want) {
		rt.Fatalf("got %+v, want %+v", page.Messages, want)
	}
	r.messages[r.head] = want
}

// jump sets the clock, back as well as forth.
func (m *model) jump(rt *rapid.T) {
	m.h.clock.pass(time.Duration(rapid.IntRange(-3600, 3600).Draw(rt, "seconds")) * time.Second)
}

// compare takes what was published, and reads as somebody.
func (m *model) compare(rt *rapid.T) {
	for _, e := range m.h.take() {
		if e, ok := e.(chat.MessageChanged); ok {
			i := slices.IndexFunc(m.rooms, func(r *roomModel) bool { return r.id == e.Message.RoomID })
			r := m.rooms[i]
			r.published++
			if e.Message.Rev != r.published {
				rt.Fatalf("%d was published, %d is next", e.Message.Rev, r.published)
			}
			if now := r.messages[e.Message.Seq]; now.Rev == e.Message.Rev && !same(now, e.Message) {
				rt.Fatalf("published %+v, want %+v", e.Message, now)
			}
		}
	}
	for _, r := range m.rooms {
		if r.published != r.head {
			rt.Fatalf("%d is published of %d", r.published, r.head)
		}
	}
	m.compareFor(rt, m.room(rt), m.who(rt))
}

func (m *model) compareFor(rt *rapid.T, r *roomModel, by chat.UserID) {
	ctx := m.h.t.Context()
	since := rapid.Int64Range(-1, r.head+2).Draw(rt, "since")
	limit := rapid.IntRange(1, 60).Draw(rt, "limit")
	epoch := rapid.SampledFrom([]string{"", m.h.Epoch(), "another"}).Draw(rt, "epoch")
	got, err := m.h.Changes(ctx, by, r.id, since, epoch, limit)
	after, member := r.members[by]
	want := chat.Code("")
	switch {
	case since < 0:
		want = chat.Invalid
	case !member:
		want = chat.Forbidden
	}
	if chat.CodeOf(err) != want {
		rt.Fatalf("changes since %d: %v, want %q", since, err, want)
	}
	if err != nil {
		return
	}
	visible := slices.SortedFunc(maps.Values(r.messages), func(a, b chat.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	visible = slices.DeleteFunc(visible, func(one chat.Message) bool { return one.Seq <= after })
	expected, next, more := visible[max(0, len(visible)-chat.DefaultPage):], r.head, false
	reset := since > r.head || epoch == "another"
	if !reset {
		expected = slices.DeleteFunc(slices.Clone(visible), func(one chat.Message) bool { return one.Rev <= since })
		slices.SortFunc(expected, func(a, b chat.Message) int { return cmp.Compare(a.Rev, b.Rev) })
		if more = len(expected) > limit; more {
			expected = expected[:limit]
			next = expected[limit-1].Rev
		}
	}
	if got.Reset != reset || got.Head != r.head || got.Next != next || got.HasMore != more || !slices.EqualFunc(got.Messages, expected, same) {
		rt.Fatalf("changes since %d: %+v\nwant %v next %d", since, got, expected, next)
	}
	page, err := m.h.History(ctx, by, r.id, chat.HistoryPage{Limit: limit})
	must(m.h.t, err)
	if newest := visible[max(0, len(visible)-limit):]; !slices.EqualFunc(page.Messages, newest, same) {
		rt.Fatalf("history is %+v\nwant %+v", page.Messages, newest)
	}
	m.compareImages(rt, by)
	m.compareGallery(rt, r, by, visible, limit)
}
