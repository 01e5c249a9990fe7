package wire

// UserAnswer carries one user.
type UserAnswer struct {
	User User `json:"user"`
}

// UsersAnswer carries several users.
type UsersAnswer struct {
	Users []User `json:"users"`
}

// TokensAnswer carries a program's tokens. ExpiresIn is the access token's life in seconds.
type TokensAnswer struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ExpiresIn    int    `json:"expiresIn"`
}

// SessionsAnswer lists the user's sessions, newest use first.
type SessionsAnswer struct {
	Sessions []Session `json:"sessions"`
}

// MyRoomsAnswer lists the user's rooms and the users that they mention.
type MyRoomsAnswer struct {
	Rooms []MyRoom `json:"rooms"`
	Users []User   `json:"users"`
}

// CategoriesAnswer is the lobby: every category with its public rooms.
type CategoriesAnswer struct {
	Categories []Category `json:"categories"`
}

// RoomAnswer carries a room, and the asker's membership where they have one.
type RoomAnswer struct {
	Room       Room        `json:"room"`
	Membership *Membership `json:"membership,omitempty"`
}

// JoinAnswer carries a room and the membership in it; room.head is a position.
type JoinAnswer struct {
	Room       Room       `json:"room"`
	Membership Membership `json:"membership"`
}

// MembersAnswer lists a room's members.
type MembersAnswer struct {
	Members []Member `json:"members"`
}

// MessagesAnswer is a page of history, ascending by seq; HasMore tells whether more lies in the direction asked.
type MessagesAnswer struct {
	Messages []Message `json:"messages"`
	Users    []User    `json:"users"`
	HasMore  bool      `json:"hasMore"`
}

// ChangesAnswer is a page of changes, ascending by rev. Next is the cursor to go on from. With Reset the client drops
// what it cached of the room and takes Messages as the newest page.
type ChangesAnswer struct {
	Epoch    string    `json:"epoch"`
	Messages []Message `json:"messages"`
	Users    []User    `json:"users"`
	Head     int64     `json:"head"`
	Next     int64     `json:"next"`
	HasMore  bool      `json:"hasMore"`
	Reset    bool      `json:"reset,omitempty"`
}

// MessageAnswer carries one message in its newest state.
type MessageAnswer struct {
	Message Message `json:"message"`
}

// ImageAnswer carries one image.
type ImageAnswer struct {
	Image Image `json:"image"`
}

// RoomImagesAnswer is a page of a room's gallery, newest first, with the users who sent them.
type RoomImagesAnswer struct {
	Images  []RoomImage `json:"images"`
	Users   []User      `json:"users"`
	HasMore bool        `json:"hasMore"`
}
