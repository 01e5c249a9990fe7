package sqlstore

import (
	"slices"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

const memberColumns = "m.user_id, m.joined_at, m.visible_after, m.read_seq, m.role, m.has_left"

func memberInto(m *chat.Membership) []any {
	return []any{&m.UserID, millis{&m.JoinedAt}, &m.VisibleAfter, &m.ReadSeq, &m.Role, &m.Left}
}

// Visitor implements chat.Reader. It is one statement, since much begins with it.
func (s *snapshot) Visitor(id chat.RoomID, user chat.UserID) (u chat.User, _ *chat.Membership, err error) {
	num, err := s.num(id)
	if err != nil {
		return u, nil, err
	}
	m := chat.Membership{RoomID: id}
	err = s.one("user", append(userInto(&u), memberInto(&m)...), "SELECT "+userColumns+
		", COALESCE(m.user_id, ''), COALESCE(m.joined_at, 0), COALESCE(m.visible_after, 0), COALESCE(m.read_seq, 0),"+
		" COALESCE(m.role, ''), COALESCE(m.has_left, 0)"+
		fromUsers+" LEFT JOIN memberships m ON m.room = ? AND m.user_id = u.id WHERE u.id = ?"+s.share, num, string(user))
	if err != nil || m.UserID == "" {
		return u, nil, err
	}
	return u, &m, nil
}

// Visitor implements chat.Reader. Every change of a room asks it, so what is known of who acts in a locked room is remembered.
func (t *tx) Visitor(id chat.RoomID, user chat.UserID) (chat.User, *chat.Membership, error) {
	if _, locked := t.locked[id]; !locked {
		return t.snapshot.Visitor(id, user)
	}
	if err := t.usable(); err != nil {
		return chat.User{}, nil, err
	}
	v, known := t.visitors[visit{id, user}]
	if !known {
		var err error
		if _, put := t.marks[visit{id, user}]; put {
			if err := t.settleMarks(); err != nil {
				return chat.User{}, nil, err
			}
		}
		if v.user, v.membership, err = t.snapshot.Visitor(id, user); err != nil {
			return chat.User{}, nil, err
		}
		t.visitors[visit{id, user}] = v
	}
	if v.membership == nil {
		return v.user, nil, nil
	}
	own := *v.membership // the caller's to change
	return v.user, &own, nil
}

// Membership implements chat.Reader; in a deleted room there is none.
func (s *snapshot) Membership(id chat.RoomID, user chat.UserID) (m chat.Membership, err error) {
	num, err := s.num(id)
	if err != nil {
		return m, err
	}
	m.RoomID = id
	err = s.one("membership", memberInto(&m),
		"SELECT "+memberColumns+" FROM memberships m WHERE m.room = ? AND m.user_id = ?", num, string(user))
	return m, err
}

// Members implements chat.Reader. A user to begin after who is no member (any more) is NotFound.
func (s *snapshot) Members(id chat.RoomID, after chat.UserID, limit int) ([]chat.Membership, error) {
	num, err := s.num(id)
	if chat.CodeOf(err) == chat.NotFound {
		return []chat.Membership{}, nil
	}
	if err != nil {
		return nil, err
	}
	const begin = "SELECT " + memberColumns + " FROM memberships m WHERE m.room = ? AND m.has_left = 0"
	const end = " ORDER BY m.joined_at, m.user_id LIMIT ?"
	var found []chat.Membership
	if after == "" {
		found, err = list(s, memberInto, begin+end, num, limit)
	} else {
		var joined int64
		err = s.one("membership", []any{&joined},
			"SELECT joined_at FROM memberships WHERE room = ? AND user_id = ?", num, string(after))
		if err != nil {
			return nil, err
		}
		// What joined in the same millisecond, then the rest: both walk along the index.
		found, err = list(s, memberInto, begin+" AND m.joined_at = ? AND m.user_id > ?"+end,
			num, joined, string(after), limit)
		if err == nil && len(found) < limit {
			var later []chat.Membership
			later, err = list(s, memberInto, begin+" AND m.joined_at > ?"+end, num, joined, limit-len(found))
			found = append(found, later...)
		}
	}
	for i := range found {
		found[i].RoomID = id
	}
	return found, err
}

// MembershipsOf implements chat.Reader; those of deleted rooms are left out.
func (s *snapshot) MembershipsOf(user chat.UserID) ([]chat.Membership, error) {
	return list(s, func(m *chat.Membership) []any { return append(memberInto(m), &m.RoomID) },
		"SELECT "+memberColumns+", r.id FROM memberships m JOIN rooms r ON r.num = m.room"+
			" WHERE m.user_id = ? AND r.deleted = 0", string(user))
}

// RecentJoins implements chat.Reader; those of deleted rooms are left out. The index on the time of joining is walked, not
// the users' memberships: few have joined anything lately.
func (s *snapshot) RecentJoins(users []chat.UserID, since time.Time) ([]chat.Membership, error) {
	found := []chat.Membership{}
	err := pieces(users, manyAtOnce, func(marks string, args []any) error {
		some, err := list(s, func(m *chat.Membership) []any { return append(memberInto(m), &m.RoomID) },
			"SELECT "+memberColumns+", r.id FROM memberships m"+s.db.dialect.using("memberships_recent")+
				" JOIN rooms r ON r.num = m.room WHERE m.joined_at >= ? AND m.user_id IN ("+marks+") AND m.has_left = 0 AND r.deleted = 0",
			append([]any{since.UnixMilli()}, args...)...)
		found = append(found, some...)
		return err
	})
	return found, err
}

// OldestMember implements chat.Tx.
func (t *tx) OldestMember(id chat.RoomID) (chat.Membership, error) {
	found, err := t.Members(id, "", 1)
	if err == nil && len(found) == 0 {
		err = notFound("membership")
	}
	if err != nil {
		return chat.Membership{}, err
	}
	return found[0], nil
}

// PutMembership implements chat.Tx.
func (t *tx) PutMembership(m chat.Membership) error {
	num, err := t.num(m.RoomID)
	if err != nil {
		return err
	}
	_, err = t.exec(t.db.dialect.upsert("memberships", []string{"room", "user_id"},
		[]string{"joined_at", "visible_after", "read_seq", "role", "has_left"}),
		num, string(m.UserID), m.JoinedAt.UnixMilli(), m.VisibleAfter, m.ReadSeq, string(m.Role), m.Left)
	t.forgetVisit(visit{m.RoomID, m.UserID})
	return err
}

// DeleteMembership implements chat.Tx.
func (t *tx) DeleteMembership(id chat.RoomID, user chat.UserID) error {
	num, err := t.num(id)
	if err != nil {
		return err
	}
	t.forgetVisit(visit{id, user})
	return t.change("membership", "DELETE FROM memberships WHERE room = ? AND user_id = ?", num, string(user))
}

// SetReadSeq implements chat.Tx. A mark of who has visited a locked room is known, and stored with others of the room.
func (t *tx) SetReadSeq(id chat.RoomID, user chat.UserID, seq int64) error {
	if v := t.visitors[visit{id, user}]; v.membership != nil {
		if err := t.usable(); err != nil {
			return err
		}
		if seq > v.membership.ReadSeq {
			v.membership.ReadSeq = seq
			t.marks[visit{id, user}], t.changed = seq, true
		}
		return nil
	}
	num, err := t.num(id)
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE memberships SET read_seq = ? WHERE room = ? AND user_id = ? AND read_seq < ?",
		seq, num, string(user), seq)
	return err
}

// settleMarks stores what SetReadSeq has put off, in one statement for many members of a room.
func (t *tx) settleMarks() error {
	if len(t.marks) == 0 {
		return nil
	}
	members := map[chat.RoomID][]chat.UserID{}
	for v := range t.marks {
		members[v.room] = append(members[v.room], v.user)
	}
	for id, users := range members {
		num, err := t.num(id)
		if err != nil {
			return err
		}
		slices.Sort(users)
		err = chunks(users, func(marks string, args []any) error {
			cases := make([]any, 0, 3*len(args)+1)
			for _, user := range args {
				cases = append(cases, user, t.marks[visit{id, user.(chat.UserID)}])
			}
			_, err := t.exec("UPDATE memberships SET read_seq = CASE user_id"+strings.Repeat(" WHEN ? THEN ?", len(args))+
				" END WHERE room = ? AND user_id IN ("+marks+")", append(append(cases, num), args...)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	clear(t.marks)
	return nil
}

// Membership implements chat.Reader, as do the following: they read what may have been put off.
func (t *tx) Membership(id chat.RoomID, user chat.UserID) (chat.Membership, error) {
	if err := t.settleMarks(); err != nil {
		return chat.Membership{}, err
	}
	return t.snapshot.Membership(id, user)
}

// MembershipsOf implements chat.Reader.
func (t *tx) MembershipsOf(user chat.UserID) ([]chat.Membership, error) {
	if err := t.settleMarks(); err != nil {
		return nil, err
	}
	return t.snapshot.MembershipsOf(user)
}

// Members implements chat.Reader.
func (t *tx) Members(id chat.RoomID, after chat.UserID, limit int) ([]chat.Membership, error) {
	if err := t.settleMarks(); err != nil {
		return nil, err
	}
	return t.snapshot.Members(id, after, limit)
}

// RecentJoins implements chat.Reader.
func (t *tx) RecentJoins(users []chat.UserID, since time.Time) ([]chat.Membership, error) {
	if err := t.settleMarks(); err != nil {
		return nil, err
	}
	return t.snapshot.RecentJoins(users, since)
}

// ImageSeenBy implements chat.Reader.
func (t *tx) ImageSeenBy(id chat.ImageID, viewer chat.UserID) (chat.Image, *chat.Membership, error) {
	if err := t.settleMarks(); err != nil {
		return chat.Image{}, nil, err
	}
	return t.snapshot.ImageSeenBy(id, viewer)
}

// Unread implements chat.Reader.
func (s *snapshot) Unread(id chat.RoomID, reader chat.UserID, after int64) (n int, err error) {
	num, err := s.num(id)
	if err != nil {
		return 0, err
	}
	err = s.one("count", []any{&n}, "SELECT COUNT(*) FROM (SELECT 1 FROM messages x WHERE x.room = ? AND x.seq > ?"+
		" AND x.kind = 'message' AND x.sender_id <> ? LIMIT ?) few", num, after, string(reader), chat.MaxUnread)
	return n, err
}

// myRooms takes the room's newest visible message and the unread count along, so that the list is one query. What is
// read up to the head is not counted at all.
func myRooms(d dialect) string {
	return "SELECT " + roomColumns + ", " + memberColumns + "," +
		" CASE WHEN r.kind = 'direct' THEN (SELECT p.has_left FROM memberships p" +
		" WHERE p.room = m.room AND p.user_id = CASE WHEN r.pair_low = m.user_id THEN r.pair_high ELSE r.pair_low END)" +
		" ELSE 0 END," +
		" CASE WHEN r.head <= m.read_seq OR r.head <= m.visible_after THEN 0 ELSE " +
		d.atMost(chat.MaxUnread, "messages x WHERE x.room = m.room AND x.kind = 'message' AND x.sender_id <> m.user_id"+
			" AND x.seq > CASE WHEN m.read_seq > m.visible_after THEN m.read_seq ELSE m.visible_after END") + " END," +
		" COALESCE((SELECT l.seq FROM messages l WHERE l.room = m.room AND l.seq > m.visible_after AND l.kind <> 'deleted'" +
		" ORDER BY l.seq DESC LIMIT 1), 0)" +
		" FROM memberships m JOIN rooms r ON r.num = m.room WHERE m.user_id = ? AND m.has_left = 0 AND r.deleted = 0"
}

// MyRooms implements chat.Reader. A room stands where its newest visible message or the user's joining puts it,
// whichever is later.
func (s *snapshot) MyRooms(user chat.UserID) ([]chat.MyRoom, error) {
	type entry struct {
		room
		mine     chat.Membership
		peerLeft bool
		unread   int
		last     int64
	}
	entries, err := list(s, func(e *entry) []any {
		return append(append(roomInto(&e.room), memberInto(&e.mine)...), &e.peerLeft, &e.unread, &e.last)
	}, myRooms(s.db.dialect), string(user))
	if err != nil {
		return nil, err
	}
	rooms := make([]chat.MyRoom, len(entries))
	var lasts []place
	for i, e := range entries {
		e.mine.RoomID = e.ID
		rooms[i] = chat.MyRoom{Room: e.Room, Membership: e.mine, PeerLeft: e.peerLeft, Unread: e.unread}
		s.remember(e.ID, e.num)
		if e.last > 0 {
			lasts = append(lasts, place{e.ID, e.num, e.last})
		}
	}
	last, err := s.messagesAt(lasts)
	if err != nil {
		return nil, err
	}
	for i := range rooms {
		rooms[i].Last = last[rooms[i].Room.ID]
	}
	moved := func(r chat.MyRoom) time.Time {
		if r.Last != nil && r.Last.SentAt.After(r.Membership.JoinedAt) {
			return r.Last.SentAt
		}
		return r.Membership.JoinedAt
	}
	slices.SortStableFunc(rooms, func(a, b chat.MyRoom) int {
		if c := moved(b).Compare(moved(a)); c != 0 {
			return c
		}
		return strings.Compare(string(a.Room.ID), string(b.Room.ID))
	})
	return rooms, nil
}
