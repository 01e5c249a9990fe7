package wire

// SignUp is the body of POST /users.
type SignUp struct {
	LoginID  string `json:"loginId" doc:"3–32 of a-z 0-9 _ . - (case folded)."`
	Password string `json:"password" doc:"8–1,024 bytes."`
	Name     string `json:"name" doc:"1–20 characters."`
}

// LogIn is the body of POST /session.
type LogIn struct {
	LoginID  string `json:"loginId"`
	Password string `json:"password"`
}

// TokenRequest is the body of POST /tokens: either a login id and password, or a refresh token.
type TokenRequest struct {
	LoginID      string `json:"loginId,omitempty"`
	Password     string `json:"password,omitempty"`
	RefreshToken string `json:"refreshToken,omitempty"`
}

// UpdateMe is the body of PATCH /me; an absent field stays as it is.
type UpdateMe struct {
	Name         *string `json:"name,omitempty"`
	PhotoImageID *string `json:"photoImageId,omitempty" nullable:"true" doc:"An image of yours, attached nowhere yet: its middle square becomes your photo. null removes the photo (decoded as an empty string)."`
}

// ChangePassword is the body of PUT /me/password.
type ChangePassword struct {
	Current string `json:"current"`
	New     string `json:"new"`
}

// DeleteMe is the body of DELETE /me.
type DeleteMe struct {
	Password string `json:"password"`
}

// CreateRoom is the body of POST /rooms.
type CreateRoom struct {
	Category string `json:"category,omitempty" doc:"The category's name, for public rooms, which need one; an unknown one is created. 1–20 characters."`
	Name     string `json:"name" doc:"1–40 characters."`
	Topic    string `json:"topic,omitempty" doc:"At most 200 characters."`
	Emoji    string `json:"emoji,omitempty" doc:"One emoji."`
	Kind     string `json:"kind,omitempty" enum:"public,private" doc:"public when absent."`
	History  string `json:"history,omitempty" enum:"all,sinceJoin" doc:"all for public rooms, sinceJoin for private ones, when absent."`
}

// UpdateRoom is the body of PATCH /rooms/{id}; an absent field stays as it is, an empty topic or emoji removes it.
type UpdateRoom struct {
	Name  *string `json:"name,omitempty"`
	Topic *string `json:"topic,omitempty"`
	Emoji *string `json:"emoji,omitempty"`
}

// SendMessage is the body of POST /rooms/{id}/messages.
type SendMessage struct {
	ClientID string   `json:"clientId" doc:"1–64 printable ASCII characters, chosen by the sender, never used for another message."`
	Text     string   `json:"text,omitempty"`
	ImageIDs []string `json:"imageIds,omitempty" doc:"At most 10 images of yours, each attached nowhere yet."`
	ReplyTo  int64    `json:"replyTo,omitempty"`
}

// EditMessage is the body of PATCH /rooms/{id}/messages/{seq}.
type EditMessage struct {
	Text string `json:"text"`
}
