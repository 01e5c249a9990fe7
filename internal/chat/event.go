package chat

// Event is something that was committed, or a fleeting sign, on its way to those connected. Events of one commit are
// published together and in order.
type Event interface{ isEvent() }

// MessageChanged tells of a message created, edited or deleted: its newest state, and the user it is from or about.
type MessageChanged struct {
	Message Message
	User    User
}

// MemberJoined tells that a user became a member, or that a direct room was opened for them. Room.Head is a position:
// their connections receive exactly the changes after it. Peer is set for direct rooms.
type MemberJoined struct {
	Room       Room
	Membership Membership
	PeerLeft   bool
	Elsewhere  bool // another node tells it; what others told may have overtaken it
}

// MemberLeft tells that a user is no longer a member; nothing of the room may reach them from here on. Rev is the number of
// the notice that says so: it tells a leaving from a coming back after it.
type MemberLeft struct {
	RoomID RoomID
	UserID UserID
	Rev    int64
}

// RoomUpdated tells that a room's own fields or its number of members changed.
type RoomUpdated struct {
	Room     Room
	Category Category        // of a public room
	Left     map[UserID]bool // of a direct room: who has left
}

// RoomDeleted tells that a room is gone.
type RoomDeleted struct {
	Room Room
}

// ReadMoved tells how far a member has read.
type ReadMoved struct {
	RoomID RoomID
	UserID UserID
	Seq    int64
}

// Typed tells that a member is typing; fleeting.
type Typed struct {
	RoomID RoomID
	UserID UserID
}

// UserChanged tells that a user's public fields changed.
type UserChanged struct {
	User User
}

// SessionEnded tells that a login ended: its connections close.
type SessionEnded struct {
	SessionID string
	UserID    UserID
	Reason    string // as in the contract's session:ended
}

// EventsMissed tells that events of other nodes may have been lost: what they told is to be read from the database.
type EventsMissed struct{}

func (MessageChanged) isEvent() {}
func (MemberJoined) isEvent()   {}
func (MemberLeft) isEvent()     {}
func (RoomUpdated) isEvent()    {}
func (RoomDeleted) isEvent()    {}
func (ReadMoved) isEvent()      {}
func (Typed) isEvent()          {}
func (UserChanged) isEvent()    {}
func (SessionEnded) isEvent()   {}
func (EventsMissed) isEvent()   {}
