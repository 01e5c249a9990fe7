package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/chat"
)

// waitUntilQueued gives a goroutine that is about to call Write the time to do so.
func waitUntilQueued() { time.Sleep(2 * time.Millisecond) }

// model is one room as plain as can be.
type model struct {
	room     chat.Room
	messages map[int64]chat.Message
	members  map[chat.UserID]chat.Membership
	byClient map[string]int64
}

func (m *model) clone() *model {
	return &model{m.room, maps.Clone(m.messages), maps.Clone(m.members), maps.Clone(m.byClient)}
}

func (m *model) list(keep func(chat.Message) bool, order func(chat.Message) int64) []chat.Message {
	out := []chat.Message{}
	for _, one := range m.messages {
		if keep(one) {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b chat.Message) int { return cmp.Compare(order(a), order(b)) })
	return out
}

func bySeq(m chat.Message) int64 { return m.Seq }
func byRev(m chat.Message) int64 { return m.Rev }

func firstOf(all []chat.Message, limit int) []chat.Message { return all[:min(limit, len(all))] }
func lastOf(all []chat.Message, limit int) []chat.Message  { return all[max(0, len(all)-limit):] }

// againstModel writes at random, several steps to a transaction, some of which fail, and compares everything that can be
// read with the model.
func againstModel(t *testing.T, s *store) {
	people := []chat.User{s.user("A"), s.user("B"), s.user("C")}
	rapid.Check(t, func(rt *rapid.T) {
		s := &store{Store: s.Store, t: t}
		truth := &model{
			room: s.room(), messages: map[int64]chat.Message{},
			members: map[chat.UserID]chat.Membership{}, byClient: map[string]int64{},
		}
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			steps := rapid.SliceOfN(rapid.IntRange(0, 7), 1, 6).Draw(rt, "steps")
			fails := rapid.IntRange(0, 4).Draw(rt, "fails") == 0
			next := truth.clone()
			err := s.Write(t.Context(), func(tx chat.Tx) error {
				for _, step := range steps {
					if err := next.step(rt, tx, people, step); err != nil {
						return err
					}
				}
				if fails {
					return errOnPurpose
				}
				return nil
			})
			if fails != (err != nil) {
				rt.Fatalf("write: %v", err)
			}
			if !fails {
				truth = next
			}
		}
		truth.compare(rt, s, people)
	})
}

// meet looks at somebody as every change of a room does.
func (m *model) meet(tx chat.Tx, who chat.User) error {
	if _, err := tx.LockRoom(m.room.ID); err != nil {
		return err
	}
	user, in, err := tx.Visitor(m.room.ID, who.ID)
	if err != nil {
		return err
	}
	want, member := m.members[who.ID]
	if user != who || (in != nil) != member || (member && *in != want) {
		return fmt.Errorf("%+v came as %+v, want %+v", user, in, want)
	}
	return nil
}

func (m *model) step(rt *rapid.T, tx chat.Tx, people []chat.User, step int) error {
	who := rapid.SampledFrom(people).Draw(rt, "who")
	id := m.room.ID
	if err := m.meet(tx, who); err != nil {
		return err
	}
	switch {
	case step <= 3:
		client := fmt.Sprintf("%s-%d", id, rapid.IntRange(0, 40).Draw(rt, "client id"))
		fresh := chat.Message{SenderID: who.ID, ClientID: client, Text: rapid.StringN(0, 20, -1).Draw(rt, "text")}
		if step == 3 {
			fresh = chat.Message{Kind: chat.KindSystem, Event: &chat.SystemEvent{Type: chat.EventJoined, UserID: who.ID}}
		}
		key := string(who.ID) + client
		if seq, used := m.byClient[key]; used && step < 3 {
			found, _, err := tx.MessageByClientID(who.ID, client)
			if err == nil && fmt.Sprintf("%+v", found) != fmt.Sprintf("%+v", m.messages[seq]) {
				err = fmt.Errorf("found %+v, want %+v", found, m.messages[seq])
			}
			return err
		}
		said, err := say(tx, id, fresh)
		if err != nil {
			return err
		}
		m.room.Head = said.Seq
		m.messages[said.Seq] = said
		if step < 3 {
			m.byClient[key] = said.Seq
		}
		return nil
	case step <= 5:
		all := m.list(func(m chat.Message) bool { return m.Kind == chat.KindMessage }, bySeq)
		if len(all) == 0 {
			return nil
		}
		change := edited(rapid.StringN(0, 20, -1).Draw(rt, "text"))
		if step == 5 {
			change = erased
		}
		changed, err := alter(tx, rapid.SampledFrom(all).Draw(rt, "message"), change)
		if err != nil {
			return err
		}
		m.room.Head = changed.Rev
		m.messages[changed.Seq] = changed
		return nil
	case step == 6:
		one := chat.Membership{
			RoomID: id, UserID: who.ID, JoinedAt: at(rapid.Int64Range(0, 5).Draw(rt, "joined")), Role: chat.MemberOrdinary,
			VisibleAfter: rapid.Int64Range(0, m.room.Head).Draw(rt, "visible after"),
			ReadSeq:      rapid.Int64Range(0, m.room.Head).Draw(rt, "read"),
		}
		m.members[who.ID] = one
		return tx.PutMembership(one)
	default:
		one, member := m.members[who.ID]
		if !member {
			return nil
		}
		if rapid.Bool().Draw(rt, "leaves") {
			delete(m.members, who.ID)
			return tx.DeleteMembership(id, who.ID)
		}
		seq := rapid.Int64Range(0, m.room.Head).Draw(rt, "read")
		one.ReadSeq = max(one.ReadSeq, seq)
		m.members[who.ID] = one
		return tx.SetReadSeq(id, who.ID, seq)
	}
}

func (m *model) compare(rt *rapid.T, s *store, people []chat.User) {
	same := func(what string, got, want any) {
		if g, w := fmt.Sprintf("%+v", plain(got)), fmt.Sprintf("%+v", plain(want)); g != w {
			rt.Fatalf("%s:\n got %s\nwant %s", what, g, w)
		}
	}
	number := rapid.Int64Range(0, m.room.Head+1)
	a, b, floor := number.Draw(rt, "a"), number.Draw(rt, "b"), number.Draw(rt, "floor")
	limit := rapid.IntRange(0, 10).Draw(rt, "limit")
	id := m.room.ID
	err := s.Read(rt.Context(), func(r chat.Reader) error {
		room, err := r.Room(id)
		if err != nil {
			return err
		}
		same("room", room, m.room)
		seen := map[int64]bool{}
		for _, one := range m.messages {
			if seen[one.Rev] {
				rt.Fatalf("two messages have rev %d", one.Rev)
			}
			seen[one.Rev] = true
		}
		above := m.list(func(m chat.Message) bool { return m.Seq > floor }, bySeq)
		page, err := r.Messages(id, chat.Page{After: -1, Floor: floor, Limit: limit})
		same("newest", page, lastOf(above, limit))
		if err != nil {
			return err
		}
		page, err = r.Messages(id, chat.Page{After: -1, Before: a + 1, Floor: floor, Limit: limit})
		same("before", page, lastOf(slices.DeleteFunc(slices.Clone(above),
			func(m chat.Message) bool { return m.Seq > a }), limit))
		if err != nil {
			return err
		}
		page, err = r.Messages(id, chat.Page{After: a, Floor: floor, Limit: limit})
		same("after", page, firstOf(slices.DeleteFunc(slices.Clone(above),
			func(m chat.Message) bool { return m.Seq <= a }), limit))
		if err != nil {
			return err
		}
		page, err = r.Changes(id, a, b, limit)
		same("changes", page, firstOf(m.list(func(m chat.Message) bool { return m.Rev > a && m.Seq > b }, byRev), limit))
		if err != nil {
			return err
		}
		for _, who := range people {
			unread, err := r.Unread(id, who.ID, a)
			if err != nil {
				return err
			}
			same("unread", unread, len(m.list(func(m chat.Message) bool {
				return m.Kind == chat.KindMessage && m.Seq > a && m.SenderID != who.ID
			}, bySeq)))
			if err := m.compareMine(r, who, same); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
}

// compareMine compares how the room stands in its member's list.
func (m *model) compareMine(r chat.Reader, who chat.User, same func(what string, got, want any)) error {
	mine, err := r.MyRooms(who.ID)
	if err != nil {
		return err
	}
	mine = slices.DeleteFunc(mine, func(one chat.MyRoom) bool { return one.Room.ID != m.room.ID })
	one, member := m.members[who.ID]
	same("is in the list", len(mine) == 1, member)
	if !member {
		return nil
	}
	same("membership", mine[0].Membership, one)
	last := lastOf(m.list(func(m chat.Message) bool {
		return m.Seq > one.VisibleAfter && m.Kind != chat.KindDeleted
	}, bySeq), 1)
	got := []chat.Message{}
	if mine[0].Last != nil {
		got = append(got, *mine[0].Last)
	}
	same("last", got, last)
	same("unread in the list", mine[0].Unread, len(m.list(func(m chat.Message) bool {
		return m.Kind == chat.KindMessage && m.Seq > max(one.ReadSeq, one.VisibleAfter) && m.SenderID != who.ID
	}, bySeq)))
	return nil
}

// plain prints a message's event by value.
func plain(v any) any {
	messages, ok := v.([]chat.Message)
	if !ok {
		return v
	}
	out := make([]string, len(messages))
	for i, m := range messages {
		event := m.Event
		m.Event = nil
		out[i] = fmt.Sprintf("%+v", m)
		if event != nil {
			out[i] += fmt.Sprintf("%+v", *event)
		}
	}
	return out
}
