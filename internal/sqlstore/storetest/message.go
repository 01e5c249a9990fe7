package storetest

import (
	"fmt"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

func messages(t *testing.T, s *store) {
	ctx := t.Context()
	u := s.user("U")
	r := s.room(u)
	load := func(seq int64) chat.Message {
		t.Helper()
		return get(s, func(q chat.Reader) (chat.Message, error) { return q.Message(r.ID, seq) })
	}
	first := s.say(r, u, "héllo\x00 wörld 🦓")
	equal(t, load(first.Seq), first)
	var reply, notice chat.Message
	s.write(func(tx chat.Tx) (err error) {
		if reply, err = say(tx, r.ID, chat.Message{SenderID: u.ID, Text: "re", ReplyTo: first.Seq}); err != nil {
			return err
		}
		notice, err = say(tx, r.ID, chat.Message{
			Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventLeft, UserID: u.ID, ByUserID: "boss"},
		})
		return err
	})
	equal(t, load(reply.Seq), reply)
	got := load(notice.Seq)
	equal(t, *got.Event, *notice.Event)
	got.Event = notice.Event
	equal(t, got, notice)

	edit := s.alter(reply, edited("re: again"))
	equal(t, load(reply.Seq), edit)
	equal(t, edit.ReplyTo, first.Seq)
	equal(t, edit.Rev, int64(4))
	gone := s.alter(edit, erased)
	equal(t, load(reply.Seq), gone)

	for _, seq := range []int64{0, -1, 4, 99} {
		_, err := read1(s, func(q chat.Reader) (chat.Message, error) { return q.Message(r.ID, seq) })
		s.code(err, chat.NotFound)
	}
	_, err := read1(s, func(q chat.Reader) (chat.Message, error) { return q.Message("none", 1) })
	s.code(err, chat.NotFound)
	s.code(s.Write(ctx, func(tx chat.Tx) error {
		return tx.UpdateMessage(chat.Message{RoomID: r.ID, Seq: 99, Rev: 100, Kind: chat.KindMessage})
	}), chat.NotFound)
	if s.Write(ctx, func(tx chat.Tx) error {
		m := first
		m.ClientID = unique("cid")
		return tx.InsertMessage(m, nil)
	}) == nil {
		t.Fatal("two messages of one number")
	}
	other := s.say(r, u, "another")
	if s.Write(ctx, func(tx chat.Tx) error {
		m := first
		m.Rev = other.Rev
		return tx.UpdateMessage(m)
	}) == nil {
		t.Fatal("two messages of one rev")
	}
	equal(t, load(first.Seq), first)
}

func pages(t *testing.T, s *store) {
	u := s.user("U")
	r, neighbour := s.room(u), s.room(u)
	s.write(func(tx chat.Tx) error { // 1 … 10, of which 5 and 8 became changes of 4 and 1
		for seq := int64(1); seq <= 10; {
			m, err := say(tx, r.ID, chat.Message{SenderID: u.ID, Text: fmt.Sprint(seq)})
			if err != nil {
				return err
			}
			if seq == 4 || seq == 7 {
				if _, err := alter(tx, chat.Message{RoomID: r.ID, Seq: map[int64]int64{4: 4, 7: 1}[seq], Kind: chat.KindMessage},
					edited("changed")); err != nil {
					return err
				}
			}
			seq = m.Seq + 1
			if m.Seq == 4 || m.Seq == 7 {
				seq++
			}
			if _, err := say(tx, neighbour.ID, chat.Message{SenderID: u.ID, Text: "not here"}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		page chat.Page
		want []int64
	}{
		{chat.Page{After: -1, Limit: 3}, []int64{7, 9, 10}},
		{chat.Page{After: -1, Limit: 50}, []int64{1, 2, 3, 4, 6, 7, 9, 10}},
		{chat.Page{After: -1, Limit: 50, Floor: 7}, []int64{9, 10}},
		{chat.Page{After: -1, Limit: 50, Floor: 10}, []int64{}},
		{chat.Page{After: -1, Limit: 0}, []int64{}},
		{chat.Page{After: -1, Before: 7, Limit: 2}, []int64{4, 6}},
		{chat.Page{After: -1, Before: 5, Limit: 2}, []int64{3, 4}},
		{chat.Page{After: -1, Before: 1, Limit: 2}, []int64{}},
		{chat.Page{After: -1, Before: 99, Limit: 2}, []int64{9, 10}},
		{chat.Page{After: 2, Before: 4, Limit: 2}, []int64{2, 3}}, // Before decides
		{chat.Page{After: -1, Before: 7, Limit: 5, Floor: 3}, []int64{4, 6}},
		{chat.Page{After: 0, Limit: 2}, []int64{1, 2}},
		{chat.Page{After: 4, Limit: 2}, []int64{6, 7}},
		{chat.Page{After: 5, Limit: 50}, []int64{6, 7, 9, 10}},
		{chat.Page{After: 10, Limit: 2}, []int64{}},
		{chat.Page{After: 2, Limit: 2, Floor: 6}, []int64{7, 9}},
	} {
		got := get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Messages(r.ID, c.page) })
		if fmt.Sprint(seqs(got)) != fmt.Sprint(c.want) {
			t.Errorf("%+v: got %v, want %v", c.page, seqs(got), c.want)
		}
	}
	none := get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Messages("none", chat.Page{After: -1, Limit: 9}) })
	equal(t, len(none), 0)
}

func changes(t *testing.T, s *store) {
	u := s.user("U")
	r := s.room(u)
	check := func(since, visibleAfter int64, limit int, want ...int64) {
		t.Helper()
		got := get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Changes(r.ID, since, visibleAfter, limit) })
		equal(t, revs(got), append([]int64{}, want...))
	}
	check(0, 0, 10)
	all := []chat.Message{}
	for range 5 {
		all = append(all, s.say(r, u, "x"))
	}
	check(0, 0, 10, 1, 2, 3, 4, 5)
	check(0, 0, 2, 1, 2)
	check(3, 0, 10, 4, 5)
	check(5, 0, 10)
	check(9, 0, 10)
	check(0, 0, 0)
	all[1] = s.alter(all[1], edited("first")) // 6
	check(0, 0, 10, 1, 3, 4, 5, 6)
	all[1] = s.alter(all[1], edited("second")) // 7: 6 is superseded
	check(0, 0, 10, 1, 3, 4, 5, 7)
	all = append(all, s.say(r, u, "y")) // 8
	s.alter(all[3], erased)             // 9
	check(0, 0, 10, 1, 3, 5, 7, 8, 9)
	check(0, 0, 4, 1, 3, 5, 7)
	check(5, 0, 10, 7, 8, 9)
	check(5, 0, 1, 7)
	check(7, 0, 1, 8)
	check(8, 0, 5, 9)
	// 7 is a change of 2, 9 one of 4.
	check(0, 3, 10, 5, 8, 9)
	check(5, 4, 10, 8)
	check(5, 8, 10)
	got := get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Changes(r.ID, 6, 0, 1) })
	equal(t, got, []chat.Message{all[1]})
	none := get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Changes("none", 0, 0, 9) })
	equal(t, len(none), 0)
}

func clientIDs(t *testing.T, s *store) {
	ctx := t.Context()
	u, v := s.user("U"), s.user("V")
	r, other := s.room(u, v), s.room(u)
	m := s.say(r, u, "x")
	look := func(sender chat.UserID, id string) (got chat.Message, digest []byte, err error) {
		err = s.Read(ctx, func(q chat.Reader) error {
			got, digest, err = q.MessageByClientID(sender, id)
			return err
		})
		return got, digest, err
	}
	got, digest, err := look(u.ID, m.ClientID)
	s.ok(err)
	equal(t, got, m)
	equal(t, string(digest), "digest of "+m.ClientID)
	_, _, err = look(v.ID, m.ClientID)
	s.code(err, chat.NotFound)
	_, _, err = look("", "")
	s.code(err, chat.NotFound)

	for _, room := range []chat.Room{r, other} {
		s.code(s.Write(ctx, func(tx chat.Tx) error {
			_, err := say(tx, room.ID, chat.Message{SenderID: u.ID, ClientID: m.ClientID, Text: "y"})
			return err
		}), chat.ClientIDReused)
	}
	// Case counts, and so does the sender.
	s.write(func(tx chat.Tx) error {
		if _, err := say(tx, r.ID, chat.Message{SenderID: u.ID, ClientID: "ABC", Text: "y"}); err != nil {
			return err
		}
		if _, err := say(tx, r.ID, chat.Message{SenderID: u.ID, ClientID: "abc", Text: "y"}); err != nil {
			return err
		}
		_, err := say(tx, r.ID, chat.Message{SenderID: v.ID, ClientID: m.ClientID, Text: "y"})
		return err
	})
	// Notices have none, and there may be many.
	s.write(func(tx chat.Tx) error {
		for range 3 {
			if _, err := say(tx, r.ID, chat.Message{
				Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventJoined, UserID: u.ID},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	_, _, err = look("", "")
	s.code(err, chat.NotFound)

	// Editing keeps the digest, deleting drops it and keeps the id.
	m = s.alter(m, edited("z"))
	got, digest, err = look(u.ID, m.ClientID)
	s.ok(err)
	equal(t, got, m)
	equal(t, string(digest), "digest of "+m.ClientID)
	m = s.alter(m, erased)
	got, digest, err = look(u.ID, m.ClientID)
	s.ok(err)
	equal(t, got, m)
	equal(t, digest == nil, true)
}
