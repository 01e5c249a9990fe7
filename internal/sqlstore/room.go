package sqlstore

import (
	"errors"
	"maps"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

const roomColumns = "r.num, r.id, r.kind, r.name, r.topic, r.emoji, COALESCE(r.category_id, ''), r.owner_id," +
	" COALESCE(r.pair_low, ''), COALESCE(r.pair_high, ''), r.member_count, r.head, r.history, r.created_at"

// room is a stored room with its short key.
type room struct {
	num int64
	chat.Room
}

func roomInto(r *room) []any {
	return []any{
		&r.num, &r.ID, &r.Kind, &r.Name, &r.Topic, &r.Emoji, &r.CategoryID, &r.OwnerID,
		&r.Pair[0], &r.Pair[1], &r.MemberCount, &r.Head, &r.History,
		millis{&r.CreatedAt},
	}
}

// Room implements chat.Reader.
func (s *snapshot) Room(id chat.RoomID) (chat.Room, error) {
	return s.room("SELECT "+roomColumns+" FROM rooms r WHERE r.id = ? AND r.deleted = 0", string(id))
}

// DirectRoom implements chat.Reader.
func (s *snapshot) DirectRoom(pair [2]chat.UserID) (chat.Room, error) {
	return s.room("SELECT "+roomColumns+" FROM rooms r WHERE r.pair_low = ? AND r.pair_high = ? AND r.deleted = 0",
		string(pair[0]), string(pair[1]))
}

func (s *snapshot) room(query string, args ...any) (chat.Room, error) {
	var r room
	if err := s.one("room", roomInto(&r), query, args...); err != nil {
		return chat.Room{}, err
	}
	s.remember(r.ID, r.num)
	return r.Room, nil
}

// num returns the short key of a room that is not deleted.
func (s *snapshot) num(id chat.RoomID) (int64, error) {
	if num, ok := s.nums[id]; ok {
		return num, nil
	}
	var num int64
	err := s.one("room", []any{&num}, "SELECT num FROM rooms WHERE id = ? AND deleted = 0", string(id))
	if err == nil {
		s.remember(id, num)
	}
	return num, err
}

func (s *snapshot) remember(id chat.RoomID, num int64) {
	if s.nums == nil {
		s.nums = map[chat.RoomID]int64{}
	}
	s.nums[id] = num
}

// Heads implements chat.Reader.
func (s *snapshot) Heads(ids []chat.RoomID) (map[chat.RoomID]int64, error) {
	type entry struct {
		id   chat.RoomID
		head int64
	}
	heads := make(map[chat.RoomID]int64, len(ids))
	err := pieces(ids, manyAtOnce, func(marks string, args []any) error {
		found, err := list(s, func(e *entry) []any { return []any{&e.id, &e.head} },
			"SELECT id, head FROM rooms WHERE id IN ("+marks+") AND deleted = 0", args...)
		for _, e := range found {
			heads[e.id] = e.head
		}
		return err
	})
	return heads, err
}

// LockRoom implements chat.Tx.
func (t *tx) LockRoom(id chat.RoomID) (chat.Room, error) {
	if err := t.usable(); err != nil {
		return chat.Room{}, err
	}
	if r, ok := t.locked[id]; ok {
		return r, nil
	}
	t.wanted[id] = true
	r, err := t.room("SELECT "+roomColumns+" FROM rooms r WHERE r.id = ? AND r.deleted = 0"+t.db.dialect.forUpdate(),
		string(id))
	if err == nil {
		t.stored(r)
	}
	return r, err
}

// stored remembers how a locked room is stored now, also for later writes of the same commit.
func (t *tx) stored(r chat.Room) {
	t.locked[r.ID] = r
}

// keys returns the columns that keep rooms unique: a public room's category and name, a direct room's pair. Deleted
// rooms have none, so that their names are free again.
func keys(r chat.Room) (category, name, low, high any) {
	switch {
	case r.Deleted:
	case r.Kind == chat.Public:
		category, name = string(r.CategoryID), fold(r.Name)
	case r.Kind == chat.Direct:
		low, high = string(r.Pair[0]), string(r.Pair[1])
	}
	return category, name, low, high
}

// InsertRoom implements chat.Tx.
func (t *tx) InsertRoom(r chat.Room) error {
	category, name, low, high := keys(r)
	_, err := t.exec("INSERT INTO rooms (id, kind, history, head, member_count, deleted, created_at, owner_id,"+
		" category_id, name_key, pair_low, pair_high, name, topic, emoji) VALUES ("+placeholders(15)+")",
		string(r.ID), string(r.Kind), string(r.History), r.Head, r.MemberCount, r.Deleted, r.CreatedAt.UnixMilli(),
		string(r.OwnerID), category, name, low, high, r.Name, r.Topic, r.Emoji)
	if err == nil {
		r.CreatedAt = time.UnixMilli(r.CreatedAt.UnixMilli()).UTC() // as it will be read
		t.stored(r)
	}
	return errRoom(r, err)
}

// UpdateRoom implements chat.Tx. Most changes are a new head alone: that is stored once for all writes that share the
// transaction, and leaves the row's keys, and so its indexes, untouched.
func (t *tx) UpdateRoom(r chat.Room) error {
	was, known := t.locked[r.ID]
	was.Head, was.MemberCount, was.CreatedAt = r.Head, r.MemberCount, r.CreatedAt
	if known && was == r {
		if err := t.usable(); err != nil {
			return err
		}
		t.locked[r.ID], t.moved[r.ID], t.changed = r, true, true
		return nil
	}
	category, name, low, high := keys(r)
	err := t.change("room", "UPDATE rooms SET category_id = ?, name_key = ?, pair_low = ?, pair_high = ?, name = ?,"+
		" topic = ?, emoji = ?, owner_id = ?, member_count = ?, head = ?, deleted = ? WHERE id = ? AND deleted = 0",
		category, name, low, high, r.Name,
		r.Topic, r.Emoji, string(r.OwnerID), r.MemberCount, r.Head, r.Deleted, string(r.ID))
	if err != nil {
		return errRoom(r, err)
	}
	delete(t.moved, r.ID)
	if r.Deleted {
		delete(t.nums, r.ID)
		delete(t.locked, r.ID)
		maps.DeleteFunc(t.marks, func(v visit, _ int64) bool { return v.room == r.ID })
	} else {
		t.stored(r)
	}
	return nil
}

// settle stores what UpdateRoom and SetReadSeq have put off.
func (t *tx) settle() error {
	if err := t.settleMarks(); err != nil {
		return err
	}
	for id := range t.moved {
		num, err := t.num(id)
		if err != nil {
			return err
		}
		r := t.locked[id]
		err = t.change("room", "UPDATE rooms SET head = ?, member_count = ? WHERE num = ?", r.Head, r.MemberCount, num)
		if err != nil {
			return err
		}
	}
	clear(t.moved)
	return nil
}

// Room implements chat.Reader, as do the following: they read what may have been put off.
func (t *tx) Room(id chat.RoomID) (chat.Room, error) {
	if r, ok := t.locked[id]; ok {
		return r, t.usable()
	}
	return t.snapshot.Room(id)
}

// DirectRoom implements chat.Reader.
func (t *tx) DirectRoom(pair [2]chat.UserID) (chat.Room, error) {
	if err := t.settle(); err != nil {
		return chat.Room{}, err
	}
	return t.snapshot.DirectRoom(pair)
}

// PublicRooms implements chat.Reader.
func (t *tx) PublicRooms() ([]chat.Category, []chat.Room, error) {
	if err := t.settle(); err != nil {
		return nil, nil, err
	}
	return t.snapshot.PublicRooms()
}

// MyRooms implements chat.Reader.
func (t *tx) MyRooms(user chat.UserID) ([]chat.MyRoom, error) {
	if err := t.settle(); err != nil {
		return nil, err
	}
	return t.snapshot.MyRooms(user)
}

// Heads implements chat.Reader.
func (t *tx) Heads(ids []chat.RoomID) (map[chat.RoomID]int64, error) {
	if err := t.settle(); err != nil {
		return nil, err
	}
	return t.snapshot.Heads(ids)
}

// errRoom says which key was taken.
func errRoom(r chat.Room, err error) error {
	switch {
	case !errors.Is(err, errDuplicate):
		return err
	case r.Kind == chat.Public:
		return chat.Errorf(chat.RoomNameTaken, "a room of that name is in the category")
	default:
		return chat.Errorf(chat.Internal, "the room's id or pair is taken")
	}
}
