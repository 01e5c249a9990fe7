package chat

// The policy: who may do what. Pure functions of who asks, the room, and their membership.

// visit is a user at a room's door: everything that the policy asks about.
type visit struct {
	User       User
	Room       Room
	Membership Membership // meaningful where Member
	Member     bool       // present: has joined and not left
}

// mayKnow tells whether the room exists for them at all. Admins know of private rooms, to remove them, without seeing
// what is said there; nobody but the two knows of a direct room.
func (v visit) mayKnow() bool {
	return v.Room.Kind == Public || v.Member || (v.Room.Kind == Private && v.User.Role == RoleAdmin)
}

// mayRead tells whether they may see messages and members: members alone, also in public rooms.
func (v visit) mayRead() bool { return v.Member }

// maySend tells whether they may write.
func (v visit) maySend() bool { return v.Member }

// mayJoin tells whether they may become a member by themselves.
func (v visit) mayJoin() bool { return v.Room.Kind == Public }

// mayManage tells whether they may rename or delete the room: its owner or an admin.
func (v visit) mayManage() bool {
	if v.Room.Kind == Direct {
		return false
	}
	return v.Room.OwnerID == v.User.ID || v.User.Role == RoleAdmin
}

// mayEdit tells whether they may change the text: of their own messages, while they may write.
func (v visit) mayEdit(m Message) bool {
	return v.maySend() && m.Kind == KindMessage && m.SenderID == v.User.ID && v.maySee(m)
}

// mayDelete tells whether they may delete the message: their own, or as the room's owner or an admin who may see it.
func (v visit) mayDelete(m Message) bool {
	if !v.maySee(m) || m.Kind == KindSystem {
		return false
	}
	return m.SenderID == v.User.ID || v.mayManage()
}

// maySee tells whether the message is within what they may read.
func (v visit) maySee(m Message) bool {
	if v.Member {
		return !m.HiddenFrom(v.Membership.VisibleAfter)
	}
	// An admin moderates public rooms without joining them.
	return v.Room.Kind == Public && v.User.Role == RoleAdmin
}

// maySeeImage tells whether a user may see an image: of a message who may see that, of a user every user, and what is
// attached to nothing its owner. m is the membership of the image's room, nil for none.
func maySeeImage(by UserID, i Image, m *Membership) bool {
	switch {
	case i.Photo:
		return true
	case i.Loose():
		return i.OwnerID == by
	}
	v := visit{}
	if m != nil {
		v.Membership, v.Member = *m, !m.Left
	}
	return i.RoomID != "" && v.mayRead() && v.maySee(Message{Seq: i.Seq})
}

// refusal is the answer to who may not: NotFound where they may not even know, else Forbidden.
func (v visit) refusal() *Error {
	if !v.mayKnow() {
		return errNotFound("room")
	}
	return Errorf(Forbidden, "not allowed in this room")
}
