package wire

// Kinds of room.
const (
	RoomPublic  = "public"
	RoomPrivate = "private"
	RoomDirect  = "direct"
)

// Kinds of message. A hidden one takes the place of a change that its reader may not see.
const (
	KindMessage = "message"
	KindSystem  = "system"
	KindDeleted = "deleted"
	KindHidden  = "hidden"
)

// User is a person with an account, as everybody may see them; LoginID is shown to its owner alone.
type User struct {
	ID      string `json:"id"`
	LoginID string `json:"loginId,omitempty" doc:"Only in answers to the user themselves."`
	Name    string `json:"name" doc:"1–20 characters; empty once the account is deleted."`
	Photo   *Image `json:"photo,omitempty" doc:"A square of at most 256 pixels."`
	Role    string `json:"role" enum:"member,admin"`
	Deleted bool   `json:"deleted,omitempty" doc:"The account was deleted and anonymised."`
}

// Category groups public rooms in the lobby.
type Category struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Rooms []Room `json:"rooms"`
}

// Room is a conversation. A direct room has a Peer and no name, owner or category.
type Room struct {
	ID          string `json:"id"`
	Kind        string `json:"kind" enum:"public,private,direct"`
	Name        string `json:"name,omitempty"`
	Topic       string `json:"topic,omitempty"`
	Emoji       string `json:"emoji,omitempty"`
	CategoryID  string `json:"categoryId,omitempty"`
	OwnerID     string `json:"ownerId,omitempty"`
	Peer        *Peer  `json:"peer,omitempty" doc:"The other person of a direct room."`
	MemberCount int    `json:"memberCount"`
	Head        int64  `json:"head" doc:"The room's counter: the rev of its newest change. In ready, in the answer to joining and in a room:updated that carries a membership it is a position."`
	History     string `json:"history" enum:"all,sinceJoin"`
}

// Peer is the other person of a direct room.
type Peer struct {
	UserID string `json:"userId"`
	Left   bool   `json:"left,omitempty" doc:"The peer has left; the next message brings them back."`
}

// Membership is what ties a user to a room. A member sees messages with seq > visibleAfter.
type Membership struct {
	UserID       string `json:"userId"`
	RoomID       string `json:"roomId"`
	JoinedAt     string `json:"joinedAt" format:"date-time"`
	VisibleAfter int64  `json:"visibleAfter"`
	ReadSeq      int64  `json:"readSeq"`
	Role         string `json:"role" enum:"member,owner"`
}

// Message is one entry of a room's timeline in its newest state. (RoomID, Seq) names it; Rev is the number of its
// latest change. A hidden one carries nothing else but its kind.
type Message struct {
	RoomID   string       `json:"roomId"`
	Seq      int64        `json:"seq"`
	Rev      int64        `json:"rev"`
	ClientID string       `json:"clientId,omitempty" doc:"The sender's own id of the sending: how a client knows its pending message."`
	SenderID string       `json:"senderId,omitempty"`
	Kind     string       `json:"kind" enum:"message,system,deleted,hidden"`
	Text     string       `json:"text,omitempty" doc:"At most 4,000 code points, NFC."`
	Images   []Image      `json:"images,omitempty" doc:"At most 10, in the order in which they were sent."`
	ReplyTo  int64        `json:"replyTo,omitempty" doc:"The seq of the message that this one answers."`
	Event    *SystemEvent `json:"event,omitempty" doc:"What a system message tells; the client words it."`
	SentAt   string       `json:"sentAt,omitempty" format:"date-time"`
	EditedAt string       `json:"editedAt,omitempty" format:"date-time"`
}

// Image is a stored picture, upright and without metadata. Its bytes are for those who may see its message, or any user
// where it is a user's photo; until it is attached, for who uploaded it.
type Image struct {
	ID          string `json:"id"`
	Width       int    `json:"width" doc:"In pixels, at most 2,560."`
	Height      int    `json:"height" doc:"In pixels, at most 2,560."`
	ContentType string `json:"contentType" enum:"image/jpeg,image/png,image/gif"`
	Size        int64  `json:"size" doc:"In bytes."`
	URL         string `json:"url" doc:"A path of this site: the picture."`
	ThumbURL    string `json:"thumbUrl" doc:"A path of this site: the same at no more than 640 pixels, and still."`
	Blur        string `json:"blur,omitempty" doc:"A BlurHash to show while it loads."`
}

// RoomImage is an image of a room's gallery, and the message that it hangs on.
type RoomImage struct {
	Image    Image  `json:"image"`
	Seq      int64  `json:"seq"`
	SenderID string `json:"senderId"`
	SentAt   string `json:"sentAt" format:"date-time"`
}

// SystemEvent is what happened to a room's membership.
type SystemEvent struct {
	Type     string `json:"type" enum:"created,joined,left"`
	UserID   string `json:"userId"`
	ByUserID string `json:"byUserId,omitempty"`
}

// MyRoom is one of the user's rooms as their list shows it.
type MyRoom struct {
	Room       Room       `json:"room"`
	Membership Membership `json:"membership"`
	Last       *Message   `json:"last,omitempty" doc:"The newest message that the user may see."`
	Unread     int        `json:"unread" doc:"Messages by others beyond readSeq, capped at 999."`
}

// Member is a member of a room as its panel shows them.
type Member struct {
	User     User   `json:"user"`
	JoinedAt string `json:"joinedAt" format:"date-time"`
	Role     string `json:"role" enum:"member,owner"`
	ReadSeq  int64  `json:"readSeq"`
	Online   bool   `json:"online"`
}

// Session is a login: one device of the user.
type Session struct {
	ID         string `json:"id"`
	Kind       string `json:"kind" enum:"browser,program"`
	UserAgent  string `json:"userAgent,omitempty"`
	Address    string `json:"address,omitempty"`
	CreatedAt  string `json:"createdAt" format:"date-time"`
	LastUsedAt string `json:"lastUsedAt" format:"date-time"`
	Current    bool   `json:"current,omitempty" doc:"The session that asks."`
}
