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
	user, membership, err := r.Visitor(room.ID, by)
	if err := gone(user, err); err != nil {
		return visit{}, err
	}
	v := visit{User: user, Room: room}
	if membership != nil {
		v.Membership, v.Member = *membership, !membership.Left
	}
	if !v.mayKnow() {
		return visit{}, errNotFound("room")
	}
	return v, nil
}

// actor loads who acts.
func actor(r Reader, by UserID) (User, error) {
	user, err := r.User(by)
	if err := gone(user, err); err != nil {
		return User{}, err
	}
	return user, nil
}

// lockActor is actor for those who will change the user.
func lockActor(tx Tx, by UserID) (User, error) {
	user, err := tx.LockUser(by)
	if err := gone(user, err); err != nil {
		return User{}, err
	}
	return user, nil
}

// gone refuses who acts where their account was deleted a moment ago, whatever its session still says.
func gone(user User, err error) error {
	if isNotFound(err) || (err == nil && user.Deleted) {
		return Errorf(Unauthorized, "this account is gone")
	}
	return err
}
