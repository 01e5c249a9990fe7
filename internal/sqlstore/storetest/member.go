package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

func memberships(t *testing.T, s *store) {
	ctx := t.Context()
	all := []chat.User{}
	for i := range 5 {
		all = append(all, s.user(fmt.Sprint("user ", i)))
	}
	r := s.room()
	user := func(m chat.Membership) chat.UserID { return m.UserID }
	members := func(after chat.UserID, limit int) []string {
		t.Helper()
		return ids(get(s, func(q chat.Reader) ([]chat.Membership, error) { return q.Members(r.ID, after, limit) }), user)
	}
	get1 := func(u chat.User) (chat.Membership, error) {
		return read1(s, func(q chat.Reader) (chat.Membership, error) { return q.Membership(r.ID, u.ID) })
	}
	_, err := get1(all[0])
	s.code(err, chat.NotFound)
	equal(t, members("", 10), []string{})
	s.code(s.Write(ctx, func(tx chat.Tx) error { _, err := tx.OldestMember(r.ID); return err }), chat.NotFound)

	// Joined in the order 3, 1, 0 and 2 together, 4.
	joined := []int64{20, 10, 20, 5, 30}
	put := func(m chat.Membership) {
		t.Helper()
		s.write(func(tx chat.Tx) error { return tx.PutMembership(m) })
	}
	for i, u := range all {
		m := membership(r, u, joined[i])
		m.VisibleAfter, m.ReadSeq, m.Role = int64(i), int64(2*i), chat.MemberOwner
		put(m)
		got, err := get1(u)
		s.ok(err)
		equal(t, got, m)
	}
	order := []string{string(all[3].ID), string(all[1].ID), string(all[0].ID), string(all[2].ID), string(all[4].ID)}
	equal(t, members("", 10), order)
	for size := 1; size <= 6; size++ {
		paged, after := []string{}, chat.UserID("")
		for {
			page := members(after, size)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
			after = chat.UserID(page[len(page)-1])
		}
		equal(t, paged, order)
	}
	oldest := func() (u chat.UserID) {
		s.write(func(tx chat.Tx) error { m, err := tx.OldestMember(r.ID); u = m.UserID; return err })
		return u
	}
	equal(t, oldest(), all[3].ID)

	// Who has left is found by name, and else not.
	left := membership(r, all[3], 5)
	left.Left = true
	put(left)
	got, err := get1(all[3])
	s.ok(err)
	equal(t, got, left)
	equal(t, members("", 10), order[1:])
	equal(t, oldest(), all[1].ID)
	of := get(s, func(q chat.Reader) ([]chat.Membership, error) { return q.MembershipsOf(all[3].ID) })
	equal(t, of, []chat.Membership{left})

	// ReadSeq only grows.
	for _, step := range []struct{ set, want int64 }{{5, 5}, {3, 5}, {9, 9}} {
		s.write(func(tx chat.Tx) error { return tx.SetReadSeq(r.ID, all[0].ID, step.set) })
		got, err := get1(all[0])
		s.ok(err)
		equal(t, got.ReadSeq, step.want)
	}

	s.write(func(tx chat.Tx) error { return tx.DeleteMembership(r.ID, all[1].ID) })
	_, err = get1(all[1])
	s.code(err, chat.NotFound)
	s.code(s.Write(ctx, func(tx chat.Tx) error { return tx.DeleteMembership(r.ID, all[1].ID) }), chat.NotFound)
	_, err = read1(s, func(q chat.Reader) ([]chat.Membership, error) { return q.Members(r.ID, all[1].ID, 10) })
	s.code(err, chat.NotFound)
	if s.Write(ctx, func(tx chat.Tx) error {
		return tx.PutMembership(chat.Membership{RoomID: "none", UserID: all[0].ID, JoinedAt: start})
	}) == nil {
		t.Fatal("a membership of no room")
	}
}

func recentJoins(t *testing.T, s *store) {
	var users []chat.User
	var everybody []chat.UserID
	for range 5 {
		u := s.user("U")
		users = append(users, u)
		everybody = append(everybody, u.ID)
	}
	a, b := s.room(), s.room()
	put := func(r chat.Room, u chat.User, joined int64) chat.Membership {
		m := membership(r, u, joined)
		s.write(func(tx chat.Tx) error { return tx.PutMembership(m) })
		return m
	}
	recent := func(of []chat.UserID, since int64) []string {
		t.Helper()
		found := get(s, func(q chat.Reader) ([]chat.Membership, error) { return q.RecentJoins(of, at(since)) })
		return sorted(lines(found))
	}
	put(a, users[0], 9)
	one, two, three := put(a, users[1], 10), put(b, users[1], 11), put(b, users[2], 500)
	left := membership(a, users[3], 600)
	left.Left = true
	s.write(func(tx chat.Tx) error { return tx.PutMembership(left) })

	equal(t, recent(everybody, 10), sorted(lines([]chat.Membership{one, two, three})))
	equal(t, recent(everybody, 501), []string{})
	equal(t, recent([]chat.UserID{users[2].ID, users[0].ID, "nobody"}, 10), lines([]chat.Membership{three}))
	equal(t, recent(nil, 0), []string{})
	many := everybody
	for range 2100 { // more than are asked for in one statement
		many = append(many, chat.UserID(unique("nobody")))
	}
	equal(t, recent(many, 11), sorted(lines([]chat.Membership{two, three})))
	back := put(a, users[3], 700)
	equal(t, recent(everybody, 600), lines([]chat.Membership{back}))
	s.remove(b.ID)
	equal(t, recent(everybody, 0), sorted(lines([]chat.Membership{membership(a, users[0], 9), one, back})))
}

// lines prints memberships to be compared in any order.
func lines(of []chat.Membership) []string {
	out := []string{}
	for _, m := range of {
		out = append(out, fmt.Sprintf("%+v", m))
	}
	return out
}

func visitors(t *testing.T, s *store) {
	member, other := s.user("M"), s.user("O")
	r := s.room(member)
	type visitor struct {
		user chat.User
		in   *chat.Membership
	}
	visit := func(room chat.RoomID, user chat.UserID) (visitor, error) {
		return read1(s, func(q chat.Reader) (visitor, error) {
			u, m, err := q.Visitor(room, user)
			return visitor{u, m}, err
		})
	}
	got, err := visit(r.ID, member.ID)
	s.ok(err)
	equal(t, got.user, get(s, func(q chat.Reader) (chat.User, error) { return q.User(member.ID) }))
	equal(t, *got.in, get(s, func(q chat.Reader) (chat.Membership, error) { return q.Membership(r.ID, member.ID) }))
	got, err = visit(r.ID, other.ID)
	s.ok(err)
	equal(t, got.user.ID, other.ID)
	equal(t, got.in == nil, true)
	_, err = visit(r.ID, "nobody")
	s.code(err, chat.NotFound)
	_, err = visit("nowhere", member.ID)
	s.code(err, chat.NotFound)

	// Who changes a room is met as the last transaction left them, and as this one has.
	met := func(user chat.User, name string, membership *chat.Membership) {
		t.Helper()
		for range 2 {
			var got visitor
			s.write(func(tx chat.Tx) error {
				_, err := tx.LockRoom(r.ID)
				if err == nil {
					got.user, got.in, err = tx.Visitor(r.ID, user.ID)
				}
				return err
			})
			equal(t, got.user.Name, name)
			equal(t, got.in, membership)
			if got.in != nil {
				got.in.Left, got.in.ReadSeq = true, 77 // the caller's own copy
			}
		}
	}
	met(other, "O", nil)
	in := membership(r, other, 1000)
	s.write(func(tx chat.Tx) error { return tx.PutMembership(in) })
	met(other, "O", &in)
	s.write(func(tx chat.Tx) error { return tx.SetReadSeq(r.ID, other.ID, 5) })
	in.ReadSeq = 5
	met(other, "O", &in)
	s.write(func(tx chat.Tx) error { return tx.SetReadSeq(r.ID, other.ID, 4) })
	met(other, "O", &in)
	s.code(s.Write(t.Context(), func(tx chat.Tx) error {
		if err := tx.SetReadSeq(r.ID, other.ID, 9); err != nil {
			return err
		}
		return chat.Errorf(chat.Invalid, "undone")
	}), chat.Invalid)
	met(other, "O", &in)
	other.Name = "Renamed"
	s.write(func(tx chat.Tx) error { return tx.UpdateUser(other) })
	met(other, "Renamed", &in)
	s.write(func(tx chat.Tx) error { return tx.DeleteMembership(r.ID, other.ID) })
	met(other, "Renamed", nil)
	s.write(func(tx chat.Tx) error { return tx.AnonymiseUser(other.ID) })
	met(other, "", nil)
	s.write(func(tx chat.Tx) error {
		gone, err := tx.LockRoom(r.ID)
		if err != nil {
			return err
		}
		gone.Deleted = true
		return tx.UpdateRoom(gone)
	})
	s.code(s.Write(t.Context(), func(tx chat.Tx) error {
		_, _, err := tx.Visitor(r.ID, member.ID)
		return err
	}), chat.NotFound)
}

// manyRooms: each room of a long list has its own newest message.
func manyRooms(t *testing.T, s *store) {
	me, other := s.user("Me"), s.user("Other")
	want := map[chat.RoomID]chat.Message{}
	for n := range 75 {
		r := s.room(me, other)
		for range 1 + n%3 {
			want[r.ID] = s.say(r, other, unique("said "))
		}
		if n%10 == 0 {
			s.room(me) // where nothing was said
		}
		mine := get(s, func(r chat.Reader) ([]chat.MyRoom, error) { return r.MyRooms(me.ID) })
		said := 0
		for _, m := range mine {
			if m.Last != nil {
				said++
				equal(t, *m.Last, want[m.Room.ID])
			}
		}
		equal(t, said, len(want))
	}
}

func myRooms(t *testing.T, s *store) {
	me, peer, other := s.user("Me"), s.user("Peer"), s.user("Other")
	mine := func() []chat.MyRoom {
		t.Helper()
		return get(s, func(r chat.Reader) ([]chat.MyRoom, error) { return r.MyRooms(me.ID) })
	}
	order := func() []string { return ids(mine(), func(m chat.MyRoom) chat.RoomID { return m.Room.ID }) }
	only := func(id chat.RoomID) chat.MyRoom {
		t.Helper()
		all := mine()
		i := slices.IndexFunc(all, func(m chat.MyRoom) bool { return m.Room.ID == id })
		if i < 0 {
			t.Fatal("the room is not in the list")
		}
		return all[i]
	}
	equal(t, mine(), []chat.MyRoom{})

	busy, quiet := s.room(other, me), s.room(other)
	s.write(func(tx chat.Tx) error { return tx.PutMembership(membership(quiet, me, 1000)) })
	got := only(quiet.ID)
	equal(t, got.Unread, 0)
	equal(t, got.Last, nil)
	equal(t, order(), []string{string(quiet.ID), string(busy.ID)})

	direct := newRoom(chat.Direct, "", "")
	direct.Pair = [2]chat.UserID{me.ID, peer.ID}
	s.write(func(tx chat.Tx) error {
		if err := tx.InsertRoom(direct); err != nil {
			return err
		}
		if err := tx.PutMembership(membership(direct, me, 500)); err != nil {
			return err
		}
		return tx.PutMembership(membership(direct, peer, 500))
	})
	equal(t, order(), []string{string(quiet.ID), string(direct.ID), string(busy.ID)})
	equal(t, only(direct.ID).PeerLeft, false)
	s.write(func(tx chat.Tx) error {
		m := membership(direct, peer, 500)
		m.Left = true
		return tx.PutMembership(m)
	})
	equal(t, only(direct.ID).PeerLeft, true)
	equal(t, only(quiet.ID).PeerLeft, false)

	// The newest message that is not deleted, and what is unread.
	sent := func(text string, ms int64) (m chat.Message) {
		s.write(func(tx chat.Tx) (err error) {
			m, err = say(tx, busy.ID, chat.Message{SenderID: other.ID, Text: text, SentAt: at(ms)})
			return err
		})
		return m
	}
	first, second, third := sent("one", 2000), sent("two", 2001), sent("three", 2002)
	got = only(busy.ID)
	equal(t, *got.Last, third)
	equal(t, got.Unread, 3)
	equal(t, got.Room.Head, int64(3))
	equal(t, order(), []string{string(busy.ID), string(quiet.ID), string(direct.ID)})
	s.alter(third, erased)
	equal(t, *only(busy.ID).Last, second)
	equal(t, only(busy.ID).Unread, 2)
	second = s.alter(second, edited("two, edited"))
	equal(t, *only(busy.ID).Last, second)
	s.write(func(tx chat.Tx) error { return tx.SetReadSeq(busy.ID, me.ID, first.Seq) })
	equal(t, only(busy.ID).Unread, 1)
	s.write(func(tx chat.Tx) error { return tx.SetReadSeq(busy.ID, me.ID, 5) })
	equal(t, only(busy.ID).Unread, 0)

	// What was before their joining is neither last nor unread.
	m := membership(busy, me, 3000)
	m.VisibleAfter = 5
	s.write(func(tx chat.Tx) error { return tx.PutMembership(m) })
	got = only(busy.ID)
	equal(t, got.Membership, m)
	equal(t, got.Last, nil)
	equal(t, got.Unread, 0)
	s.write(func(tx chat.Tx) error {
		_, err := say(tx, busy.ID, chat.Message{
			Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventJoined, UserID: me.ID}, SentAt: at(3001),
		})
		return err
	})
	got = only(busy.ID)
	equal(t, got.Last.Event, &chat.SystemEvent{Type: chat.EventJoined, UserID: me.ID})
	equal(t, got.Unread, 0)

	// Left: not in the list.
	m.Left = true
	s.write(func(tx chat.Tx) error { return tx.PutMembership(m) })
	equal(t, order(), []string{string(quiet.ID), string(direct.ID)})
}

func unread(t *testing.T, s *store) {
	me, other := s.user("Me"), s.user("Other")
	r := s.room(me, other)
	count := func(after int64) int {
		t.Helper()
		return get(s, func(q chat.Reader) (int, error) { return q.Unread(r.ID, me.ID, after) })
	}
	equal(t, count(0), 0)
	s.write(func(tx chat.Tx) error {
		for i := range chat.MaxUnread + 20 {
			m := chat.Message{SenderID: other.ID, Text: "x"}
			switch i % 100 {
			case 0:
				m.SenderID = me.ID
			case 1:
				m = chat.Message{Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventJoined, UserID: other.ID}}
			}
			m, err := say(tx, r.ID, m)
			if err != nil {
				return err
			}
			if i%100 == 2 {
				if _, err := alter(tx, m, erased); err != nil {
					return err
				}
			}
		}
		return nil
	})
	head := get(s, func(q chat.Reader) (chat.Room, error) { return q.Room(r.ID) }).Head
	equal(t, head, int64(chat.MaxUnread+20+11))
	equal(t, count(0), chat.MaxUnread+20-33)
	equal(t, count(head), 0)
	equal(t, count(head-1), 1)
	s.write(func(tx chat.Tx) error {
		for range 40 {
			if _, err := say(tx, r.ID, chat.Message{SenderID: other.ID, Text: "x"}); err != nil {
				return err
			}
		}
		return nil
	})
	equal(t, count(0), chat.MaxUnread)
	equal(t, count(head), 40)
	equal(t, get(s, func(q chat.Reader) ([]chat.MyRoom, error) { return q.MyRooms(me.ID) })[0].Unread, chat.MaxUnread)
}
