package chat

import (
	"context"
	"time"
)

// MemberRole is what a member may do in their room.
type MemberRole string

// The roles in a room.
const (
	MemberOrdinary MemberRole = "member"
	MemberOwner    MemberRole = "owner"
)

// Membership ties a user to a room. Its member sees messages with seq > VisibleAfter.
//
// A direct room keeps both memberships for ever: who leaves it is marked Left, and comes back with what they wrote and
// read since hidden behind VisibleAfter. In other rooms leaving removes the membership.
type Membership struct {
	RoomID       RoomID
	UserID       UserID
	JoinedAt     time.Time
	VisibleAfter int64
	ReadSeq      int64 // how far they have read; only grows
	Role         MemberRole
	Left         bool // direct rooms only
}

// unreadFrom is the number after which messages count as unread.
func (m Membership) unreadFrom() int64 { return max(m.ReadSeq, m.VisibleAfter) }

// Join makes the asker a member of a public room; who is one already stays as they are. The room's head is a position.
func (c *Chat) Join(ctx context.Context, by UserID, id RoomID) (RoomSeen, error) {
	if err := c.limits.join.check(by); err != nil {
		return RoomSeen{}, err
	}
	return write(ctx, c.store, func(tx Tx) (RoomSeen, error) {
		v, err := lock(tx, by, id)
		if err != nil {
			return RoomSeen{}, err
		}
		if v.Member {
			return seen(tx, v)
		}
		if !v.mayJoin() {
			return RoomSeen{}, v.refusal()
		}
		v.Room.MemberCount++
		notice, err := c.note(tx, &v.Room, SystemEvent{Type: EventJoined, UserID: by})
		if err != nil {
			return RoomSeen{}, err
		}
		m := Membership{RoomID: id, UserID: by, JoinedAt: notice.SentAt, ReadSeq: notice.Seq, Role: MemberOrdinary}
		if v.Room.History == HistorySinceJoin {
			m.VisibleAfter = notice.Seq
		}
		if err := tx.PutMembership(m); err != nil {
			return RoomSeen{}, err
		}
		c.publish(tx,
			MessageChanged{Message: notice, User: v.User},
			MemberJoined{Room: v.Room, Membership: m})
		return RoomSeen{Room: v.Room, Membership: &m}, c.publishRoom(tx, v.Room)
	}, id)
}

// Leave ends the asker's membership; who has none is done already. A direct room is hidden from who leaves it until the
// other one writes.
func (c *Chat) Leave(ctx context.Context, by UserID, id RoomID) error {
	if err := c.limits.join.check(by); err != nil {
		return err
	}
	return c.store.Write(ctx, func(tx Tx) error {
		v, err := lock(tx, by, id)
		if err != nil {
			return err
		}
		if !v.Member {
			return nil
		}
		return c.depart(tx, v)
	}, id)
}

// depart ends a present membership of a locked room. An owner is succeeded by the longest-standing member; a private
// room that nobody can enter any more is removed.
func (c *Chat) depart(tx Tx, v visit) error {
	room, m := v.Room, v.Membership
	room.MemberCount--
	c.publish(tx, MemberLeft{RoomID: room.ID, UserID: m.UserID, Rev: room.Head + 1})
	if room.Kind != Direct {
		if err := tx.DeleteMembership(room.ID, m.UserID); err != nil {
			return err
		}
		if room.Kind == Private && room.MemberCount == 0 {
			return c.removeRoom(tx, room)
		}
		if room.OwnerID == m.UserID {
			if err := succeed(tx, &room); err != nil {
				return err
			}
		}
	}
	notice, err := c.note(tx, &room, SystemEvent{Type: EventLeft, UserID: m.UserID})
	if err != nil {
		return err
	}
	if room.Kind == Direct {
		m.Left, m.VisibleAfter = true, notice.Seq
		if err := tx.PutMembership(m); err != nil {
			return err
		}
	}
	c.publish(tx, MessageChanged{Message: notice, User: v.User})
	return c.publishRoom(tx, room)
}

// succeed gives an ownerless room to its longest-standing member. An empty one has no owner until an admin cares.
func succeed(tx Tx, room *Room) error {
	heir, err := tx.OldestMember(room.ID)
	if isNotFound(err) {
		room.OwnerID = ""
		return nil
	}
	if err != nil {
		return err
	}
	heir.Role = MemberOwner
	room.OwnerID = heir.UserID
	return tx.PutMembership(heir)
}

// Member is a member as a room's panel shows them.
type Member struct {
	User       User
	Membership Membership
	Online     bool
}

// Members returns a room's members in the order of joining, beginning after one of them ("" for the first).
func (c *Chat) Members(ctx context.Context, by UserID, id RoomID, after UserID, limit int) ([]Member, error) {
	limit, err := pageSizeOr(limit, MaxPage)
	if err != nil {
		return nil, err
	}
	return read(ctx, c.store, func(r Reader) ([]Member, error) {
		v, err := enter(r, by, id)
		if err != nil {
			return nil, err
		}
		if !v.mayRead() {
			return nil, v.refusal()
		}
		memberships, err := r.Members(id, after, limit)
		if err != nil {
			return nil, err
		}
		ids := make([]UserID, len(memberships))
		for i, m := range memberships {
			ids[i] = m.UserID
		}
		users, err := r.Users(ids)
		if err != nil {
			return nil, err
		}
		byID := make(map[UserID]User, len(users))
		for _, u := range users {
			byID[u.ID] = u
		}
		members := make([]Member, len(memberships))
		for i, m := range memberships {
			members[i] = Member{User: byID[m.UserID], Membership: m, Online: c.presence.Online(m.UserID)}
		}
		return members, nil
	})
}

// MyRooms returns the asker's rooms, newest first, and the users that the list mentions.
func (c *Chat) MyRooms(ctx context.Context, by UserID) ([]MyRoom, []User, error) {
	type found struct {
		rooms []MyRoom
		users []User
	}
	out, err := read(ctx, c.store, func(r Reader) (found, error) {
		rooms, err := r.MyRooms(by)
		if err != nil {
			return found{}, err
		}
		var ids []UserID
		for _, m := range rooms {
			if m.Room.Kind == Direct {
				ids = append(ids, m.Room.Peer(by))
			}
			if m.Last != nil {
				ids = append(ids, m.Last.About())
			}
		}
		users, err := r.Users(distinct(ids))
		return found{rooms, users}, err
	})
	return out.rooms, out.users, err
}

// Read moves how far the asker has read to seq, bounded by the room's head; it never moves back. It returns where the
// mark is now and what is unread beyond it.
func (c *Chat) Read(ctx context.Context, by UserID, id RoomID, seq int64) (readSeq int64, unread int, err error) {
	if seq < 0 {
		return 0, 0, InvalidField("seq", FieldMalformed)
	}
	type mark struct {
		moved  bool
		seq    int64
		unread int
	}
	look := func(r Reader) (mark, error) {
		v, err := enter(r, by, id)
		if err != nil {
			return mark{}, err
		}
		if !v.mayRead() {
			return mark{}, v.refusal()
		}
		to := min(seq, v.Room.Head)
		moved := to > v.Membership.ReadSeq
		if moved {
			v.Membership.ReadSeq = to
		}
		unread, err := r.Unread(id, by, v.Membership.unreadFrom())
		return mark{moved, v.Membership.ReadSeq, unread}, err
	}
	// Most marks repeat an earlier one: those cost no transaction.
	m, err := read(ctx, c.store, look)
	if err == nil && m.moved {
		m, err = write(ctx, c.store, func(tx Tx) (mark, error) {
			m, err := look(tx)
			if err != nil || !m.moved {
				return m, err
			}
			c.publish(tx, ReadMoved{RoomID: id, UserID: by, Seq: m.seq})
			return m, tx.SetReadSeq(id, by, m.seq)
		}, id)
	}
	return m.seq, m.unread, err
}

// Type tells the room that the asker is typing. It is fleeting: too much of it is dropped, and so is every failure but
// not being allowed.
func (c *Chat) Type(ctx context.Context, by UserID, id RoomID) error {
	if c.limits.typing.check(by) != nil {
		return nil
	}
	err := c.store.Read(ctx, func(r Reader) error {
		v, err := enter(r, by, id)
		if err == nil && !v.maySend() {
			err = v.refusal()
		}
		return err
	})
	if err == nil {
		c.bus.Publish(Typed{RoomID: id, UserID: by})
	}
	return err
}
