package chat

import "context"

// OpenDirect returns the direct room of the asker and another user, made where there is none; who had left it is back.
func (c *Chat) OpenDirect(ctx context.Context, by, with UserID) (RoomSeen, error) {
	if err := c.limits.join.check(by); err != nil {
		return RoomSeen{}, err
	}
	if by == with {
		return RoomSeen{}, InvalidField("userId", FieldMalformed)
	}
	return write(ctx, c.store, func(tx Tx) (RoomSeen, error) {
		if _, err := actor(tx, by); err != nil {
			return RoomSeen{}, err
		}
		other, err := tx.User(with)
		if isNotFound(err) || (err == nil && other.Deleted) {
			return RoomSeen{}, errNotFound("user")
		}
		if err != nil {
			return RoomSeen{}, err
		}
		room, err := tx.DirectRoom(pairOf(by, with))
		switch {
		case isNotFound(err):
			return c.createDirect(tx, by, with)
		case err != nil:
			return RoomSeen{}, err
		}
		if room, err = tx.LockRoom(room.ID); err != nil {
			return RoomSeen{}, err
		}
		m, err := tx.Membership(room.ID, by)
		if err != nil {
			return RoomSeen{}, err
		}
		if m.Left {
			if room, m, err = c.comeBack(tx, room, m); err != nil {
				return RoomSeen{}, err
			}
		}
		return seen(tx, visit{User: User{ID: by}, Room: room, Membership: m, Member: true})
	})
}

func pairOf(a, b UserID) [2]UserID {
	if b < a {
		a, b = b, a
	}
	return [2]UserID{a, b}
}

func (c *Chat) createDirect(tx Tx, by, with UserID) (RoomSeen, error) {
	room := Room{
		ID: RoomID(NewID()), Kind: Direct, Pair: pairOf(by, with), MemberCount: 2,
		History: HistoryAll, CreatedAt: c.now(),
	}
	if err := tx.InsertRoom(room); err != nil {
		return RoomSeen{}, err
	}
	var mine Membership
	for _, user := range []UserID{with, by} {
		mine = Membership{RoomID: room.ID, UserID: user, JoinedAt: room.CreatedAt, Role: MemberOrdinary}
		if err := tx.PutMembership(mine); err != nil {
			return RoomSeen{}, err
		}
		c.publish(tx, MemberJoined{Room: room, Membership: mine})
	}
	return RoomSeen{Room: room, Membership: &mine}, nil
}

// comeBack makes who left a direct room a present member again; what came until they left stays hidden from them.
func (c *Chat) comeBack(tx Tx, room Room, m Membership) (Room, Membership, error) {
	m.Left = false
	m.JoinedAt = c.now()
	if err := tx.PutMembership(m); err != nil {
		return room, m, err
	}
	room.MemberCount++
	if err := tx.UpdateRoom(room); err != nil {
		return room, m, err
	}
	other, err := tx.Membership(room.ID, room.Peer(m.UserID))
	if err != nil {
		return room, m, err
	}
	c.publish(tx, MemberJoined{Room: room, Membership: m, PeerLeft: other.Left})
	return room, m, c.publishRoom(tx, room)
}
