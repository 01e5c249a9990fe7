package chat

// enter loads a room through who asks; the room does not exist for those who may not know of it.
func enter(r Reader, by UserID, id RoomID) (visit, error) {
	room, err := r.Room(id)
	return meet(r, by, room, err)
}

// lock is enter for those who will change the room.
func lock(tx Tx, by UserID, id RoomID) (visit, error) {
	room, err := tx.LockRoom(id)
	return meet(tx, by, room, err)
}

func meet(r Reader, by UserID, room Room, err error) (visit, error) {
	if isNotFound(err) {
		return visit{}, errNotFound("room")
	}
	if err != nil {
		return visit{}, err
	}
	user, err := actor(r, by)
	if err != nil {
		return visit{}, err
	}
	v := visit{User: user, Room: room}
	v.Membership, err = r.Membership(room.ID, by)
	switch {
	case err == nil:
		v.Member = !v.Membership.Left
	case !isNotFound(err):
		return visit{}, err
	}
	if !v.mayKnow() {
		return visit{}, errNotFound("room")
	}
	return v, nil
}

// actor loads who acts. An account deleted a moment ago acts no more, whatever its session still says.
func actor(r Reader, by UserID) (User, error) {
	user, err := r.User(by)
	if isNotFound(err) || (err == nil && user.Deleted) {
		return User{}, Errorf(Unauthorized, "this account is gone")
	}
	return user, err
}
