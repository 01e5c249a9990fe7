package storetest

import (
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

func categories(t *testing.T, s *store) {
	talk := s.category("Talk")
	equal(t, get(s, func(r chat.Reader) (chat.Category, error) { return r.Category(talk.ID) }), talk)
	equal(t, get(s, func(r chat.Reader) (chat.Category, error) { return r.CategoryByName("tALK") }), talk)
	_, err := read1(s, func(r chat.Reader) (chat.Category, error) { return r.Category("none") })
	s.code(err, chat.NotFound)
	_, err = read1(s, func(r chat.Reader) (chat.Category, error) { return r.CategoryByName("none") })
	s.code(err, chat.NotFound)
	err = s.Write(t.Context(), func(tx chat.Tx) error {
		return tx.InsertCategory(chat.Category{ID: chat.CategoryID(unique("c")), Name: "TALK"})
	})
	if err == nil {
		t.Fatal("two categories of one name")
	}
}

func rooms(t *testing.T, s *store) {
	ctx := t.Context()
	insert := func(r chat.Room) error {
		return s.Write(ctx, func(tx chat.Tx) error { return tx.InsertRoom(r) })
	}
	later, empty, sooner := s.category("Zebra"), s.category("Empty"), s.category("Apple")
	_ = empty
	first := newRoom(chat.Public, "Straße", later.ID)
	first.Topic, first.Emoji, first.OwnerID, first.MemberCount, first.Head = "a topic", "🦓", "someone", 3, 7
	first.History = chat.HistorySinceJoin
	second, third := newRoom(chat.Public, "Alpha", sooner.ID), newRoom(chat.Public, "Beta", later.ID)
	private := newRoom(chat.Private, "Alpha", "")
	for _, r := range []chat.Room{first, second, third, private, newRoom(chat.Private, "Alpha", "")} {
		s.ok(insert(r))
	}
	room := func(id chat.RoomID) chat.Room {
		t.Helper()
		return get(s, func(r chat.Reader) (chat.Room, error) { return r.Room(id) })
	}
	equal(t, room(first.ID), first)
	equal(t, room(private.ID), private)
	_, err := read1(s, func(r chat.Reader) (chat.Room, error) { return r.Room("none") })
	s.code(err, chat.NotFound)

	s.read(func(r chat.Reader) error {
		cs, rs, err := r.PublicRooms()
		equal(t, cs, []chat.Category{later, sooner})
		equal(t, rs, []chat.Room{first, third, second})
		return err
	})

	s.code(insert(newRoom(chat.Public, "STRASSE", later.ID)), chat.RoomNameTaken)
	s.ok(insert(newRoom(chat.Public, "STRASSE", sooner.ID)))
	if insert(first) == nil {
		t.Fatal("two rooms of one id")
	}

	// All fields that may change, and each way of changing them.
	update := func(id chat.RoomID, change func(*chat.Room)) error {
		return s.Write(ctx, func(tx chat.Tx) error {
			r, err := tx.LockRoom(id)
			if err != nil {
				return err
			}
			change(&r)
			if err := tx.UpdateRoom(r); err != nil {
				return err
			}
			again, err := tx.Room(id)
			if err == nil && again != r {
				t.Errorf("inside: got %+v, want %+v", again, r)
			}
			return err
		})
	}
	s.ok(update(first.ID, func(r *chat.Room) { r.Head, r.MemberCount = 9, 2 }))
	first.Head, first.MemberCount = 9, 2
	equal(t, room(first.ID), first)
	s.ok(update(first.ID, func(r *chat.Room) { r.Name, r.Topic, r.Emoji, r.OwnerID, r.Head = "strasse", "", "", "", 10 }))
	first.Name, first.Topic, first.Emoji, first.OwnerID, first.Head = "strasse", "", "", "", 10
	equal(t, room(first.ID), first)
	s.code(update(third.ID, func(r *chat.Room) { r.Name = "straSSe" }), chat.RoomNameTaken)
	equal(t, room(third.ID), third)
	s.code(update("none", func(*chat.Room) {}), chat.NotFound)

	// Two updates in one transaction, of which the second only counts.
	s.write(func(tx chat.Tx) error {
		r, err := tx.LockRoom(third.ID)
		if err != nil {
			return err
		}
		for _, name := range []string{"Gamma", "Delta"} {
			r.Name = name
			if err := tx.UpdateRoom(r); err != nil {
				return err
			}
		}
		r.Head = 5
		return tx.UpdateRoom(r)
	})
	third.Name, third.Head = "Delta", 5
	equal(t, room(third.ID), third)

	heads := get(s, func(r chat.Reader) (map[chat.RoomID]int64, error) {
		return r.Heads([]chat.RoomID{first.ID, third.ID, private.ID, "none"})
	})
	equal(t, heads, map[chat.RoomID]int64{first.ID: 10, third.ID: 5, private.ID: 0})
}

func directRooms(t *testing.T, s *store) {
	ctx := t.Context()
	r := newRoom(chat.Direct, "", "")
	r.Pair = [2]chat.UserID{"a", "b"}
	s.write(func(tx chat.Tx) error { return tx.InsertRoom(r) })
	equal(t, get(s, func(q chat.Reader) (chat.Room, error) { return q.DirectRoom(r.Pair) }), r)
	_, err := read1(s, func(q chat.Reader) (chat.Room, error) { return q.DirectRoom([2]chat.UserID{"a", "c"}) })
	s.code(err, chat.NotFound)
	twin := newRoom(chat.Direct, "", "")
	twin.Pair = r.Pair
	if s.Write(ctx, func(tx chat.Tx) error { return tx.InsertRoom(twin) }) == nil {
		t.Fatal("two rooms of one pair")
	}
	equal(t, get(s, func(q chat.Reader) (chat.Room, error) { return q.DirectRoom(r.Pair) }), r)
}

func deletedRooms(t *testing.T, s *store) {
	ctx := t.Context()
	u, other := s.user("A"), s.user("B")
	c := s.category("Talk")
	public := newRoom(chat.Public, "Doomed", c.ID)
	s.write(func(tx chat.Tx) error {
		if err := tx.InsertRoom(public); err != nil {
			return err
		}
		return tx.PutMembership(membership(public, u, 0))
	})
	m := s.say(public, other, "hello")
	s.remove(public.ID)

	missing := func(err error) {
		t.Helper()
		s.code(err, chat.NotFound)
	}
	s.read(func(r chat.Reader) error {
		_, err := r.Room(public.ID)
		missing(err)
		_, err = r.Membership(public.ID, u.ID)
		missing(err)
		_, err = r.Message(public.ID, m.Seq)
		missing(err)
		_, _, err = r.MessageByClientID(other.ID, m.ClientID)
		missing(err)
		cs, rs, err := r.PublicRooms()
		s.ok(err)
		equal(t, len(cs)+len(rs), 0)
		mine, err := r.MyRooms(u.ID)
		s.ok(err)
		equal(t, len(mine), 0)
		members, err := r.Members(public.ID, "", 10)
		s.ok(err)
		equal(t, len(members), 0)
		of, err := r.MembershipsOf(u.ID)
		s.ok(err)
		equal(t, len(of), 0)
		page, err := r.Messages(public.ID, chat.Page{After: -1, Limit: 10})
		s.ok(err)
		equal(t, len(page), 0)
		page, err = r.Changes(public.ID, 0, 0, 10)
		s.ok(err)
		equal(t, len(page), 0)
		heads, err := r.Heads([]chat.RoomID{public.ID})
		s.ok(err)
		equal(t, len(heads), 0)
		return nil
	})
	missing(s.Write(ctx, func(tx chat.Tx) error { _, err := tx.LockRoom(public.ID); return err }))
	missing(s.Write(ctx, func(tx chat.Tx) error { return tx.UpdateRoom(public) }))
	missing(s.Write(ctx, func(tx chat.Tx) error { _, err := tx.OldestMember(public.ID); return err }))
	missing(s.Write(ctx, func(tx chat.Tx) error { return tx.SetReadSeq(public.ID, u.ID, 1) }))

	// Its name is free.
	again := newRoom(chat.Public, "doomed", c.ID)
	s.write(func(tx chat.Tx) error { return tx.InsertRoom(again) })
}

func sweeping(t *testing.T, s *store) {
	ctx := t.Context()
	a, b := s.user("A"), s.user("B")
	kept, doomed, empty := s.room(a, b), s.room(a, b), s.room()
	for range 10 {
		s.say(kept, a, "stays")
		s.say(doomed, a, "goes")
	}
	n, err := s.SweepDeletedRooms(ctx, 100)
	s.ok(err)
	equal(t, n, 0)
	s.remove(doomed.ID)
	s.remove(empty.ID)
	total := 0
	for {
		n, err := s.SweepDeletedRooms(ctx, 4)
		s.ok(err)
		if n == 0 {
			break
		}
		if n > 4 {
			t.Fatalf("swept %d rows at once", n)
		}
		total += n
	}
	equal(t, total, 10+2+1+1)
	equal(t, len(get(s, func(r chat.Reader) ([]chat.Message, error) {
		return r.Messages(kept.ID, chat.Page{After: -1, Limit: 100})
	})), 10)
	equal(t, len(get(s, func(r chat.Reader) ([]chat.Membership, error) { return r.Members(kept.ID, "", 10) })), 2)
}
