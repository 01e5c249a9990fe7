package wire

// RoomRef names a room: the payload of room:join, room:leave and room:typing.
type RoomRef struct {
	RoomID string `json:"roomId"`
}

// SendEvent is the payload of message:send.
type SendEvent struct {
	RoomID string `json:"roomId"`
	SendMessage
}

// EditEvent is the payload of message:edit.
type EditEvent struct {
	RoomID string `json:"roomId"`
	Seq    int64  `json:"seq"`
	Text   string `json:"text"`
}

// MessageRef names a message: the payload of message:delete.
type MessageRef struct {
	RoomID string `json:"roomId"`
	Seq    int64  `json:"seq"`
}

// ChangesEvent is the payload of room:changes. Limit is at most 200, and 200 when absent.
type ChangesEvent struct {
	RoomID string `json:"roomId"`
	Since  int64  `json:"since"`
	Epoch  string `json:"epoch,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// ReadEvent is the payload of room:read from a client.
type ReadEvent struct {
	RoomID string `json:"roomId"`
	Seq    int64  `json:"seq"`
}

// ReadAnswer acknowledges room:read.
type ReadAnswer struct {
	ReadSeq int64 `json:"readSeq"`
	Unread  int   `json:"unread"`
}

// Empty is an answer without content.
type Empty struct{}

// Ready is the first event on every connection.
type Ready struct {
	Epoch string   `json:"epoch"`
	User  User     `json:"user"`
	Rooms []MyRoom `json:"rooms"`
	Users []User   `json:"users"`
}

// MessageEvent carries a message's newest state. After is the rev that the room's stream delivered before it: a number
// strictly between was superseded.
type MessageEvent struct {
	Message Message `json:"message"`
	After   int64   `json:"after"`
	User    *User   `json:"user,omitempty" doc:"The sender, or who a system message is about."`
}

// RoomUpdated tells that a room changed, or, with a membership, that the user is now a member; then room.head is a
// position.
type RoomUpdated struct {
	Room       Room        `json:"room"`
	Membership *Membership `json:"membership,omitempty"`
}

// RoomRemoved tells that the room is no longer among the user's.
type RoomRemoved struct {
	RoomID string `json:"roomId"`
	Reason string `json:"reason" enum:"left,deleted"`
}

// ReadMark tells how far a member has read.
type ReadMark struct {
	RoomID string `json:"roomId"`
	UserID string `json:"userId"`
	Seq    int64  `json:"seq"`
}

// Typing tells that a member is typing now.
type Typing struct {
	RoomID string `json:"roomId"`
	UserID string `json:"userId"`
}

// Presence tells that a user came or went.
type Presence struct {
	UserID string `json:"userId"`
	Online bool   `json:"online"`
}

// UserUpdated carries a user who changed.
type UserUpdated struct {
	User User `json:"user"`
}

// LobbyEvent tells that the public list changed: either Room or RemovedRoomID is there.
type LobbyEvent struct {
	Room          *Room     `json:"room,omitempty"`
	Category      *Category `json:"category,omitempty" doc:"The room's category without its rooms, where it may be new."`
	RemovedRoomID string    `json:"removedRoomId,omitempty"`
}

// SessionEnded is the last event of a connection whose session ended.
type SessionEnded struct {
	Reason string `json:"reason" enum:"logged_out,revoked,password_changed,account_deleted,token_reused,expired"`
}
