package chat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"
)

// MessageKind tells what a message's row holds.
type MessageKind string

// The kinds of message. A deleted one keeps its place in the timeline and nothing else. A hidden one exists only in
// what is sent: it stands for a change whose message the reader may not see.
const (
	KindMessage MessageKind = "message"
	KindSystem  MessageKind = "system"
	KindDeleted MessageKind = "deleted"
	KindHidden  MessageKind = "hidden"
)

// Limits of a message.
const (
	MaxTextRunes     = 4000
	MaxClientIDBytes = 64
)

// Message is one entry of a room's timeline in its newest state. (RoomID, Seq) names it; Seq is the Rev that it was
// created with.
type Message struct {
	RoomID   RoomID
	Seq      int64
	Rev      int64
	ClientID string // "" for system messages
	SenderID UserID // "" for system messages
	Kind     MessageKind
	Text     string
	Images   []Image // nil for none
	ReplyTo  int64   // seq, 0 for none
	Event    *SystemEvent
	SentAt   time.Time
	EditedAt time.Time // zero when never edited
}

// EventType says what a system message tells.
type EventType string

// The events of a timeline.
const (
	EventCreated EventType = "created"
	EventJoined  EventType = "joined"
	EventLeft    EventType = "left"
)

// SystemEvent is what a system message tells; the client words it in its reader's language.
type SystemEvent struct {
	Type     EventType
	UserID   UserID
	ByUserID UserID
}

// About returns the user that a message is from or about.
func (m Message) About() UserID {
	if m.Event != nil {
		return m.Event.UserID
	}
	return m.SenderID
}

// HiddenFrom reports whether a member who sees what is beyond visibleAfter may not see m.
func (m Message) HiddenFrom(visibleAfter int64) bool { return m.Seq <= visibleAfter }

// Hidden returns what stands for m where it may not be seen.
func (m Message) Hidden() Message {
	return Message{RoomID: m.RoomID, Seq: m.Seq, Rev: m.Rev, Kind: KindHidden}
}

// Draft is a message to be sent.
type Draft struct {
	ClientID string
	Text     string
	ImageIDs []ImageID
	ReplyTo  int64 // seq, 0 for none
}

// Send adds a message to a room and returns it once it is on disk. The same request again returns the message as it is
// now and created is false, also after its sender left; another one under the same client id is ClientIDReused.
func (c *Chat) Send(ctx context.Context, by UserID, id RoomID, d Draft) (m Message, created bool, err error) {
	wait, err := c.BeginSend(ctx, by, id, d)
	if err != nil {
		return Message{}, false, err
	}
	return wait()
}

// BeginSend is Send in two steps: it returns once the message has its place among all that is being written, and wait,
// which has to be called, once it is on disk. So who sends one message after the other need not wait for each.
func (c *Chat) BeginSend(ctx context.Context, by UserID, id RoomID, d Draft) (wait func() (m Message, created bool, err error), err error) {
	if err := c.limits.send.check(by); err != nil {
		return nil, err
	}
	if d, err = c.cleanDraft(d); err != nil {
		return nil, err
	}
	digest := c.digestOf(id, d)
	type sent struct {
		message Message
		created bool
	}
	stored := begin(ctx, c.store, func(tx Tx) (sent, error) {
		m, err := c.place(tx, by, id, d, digest)
		if err == nil {
			return sent{m, true}, nil
		}
		// Whatever stands in the way, a repetition is answered with the original: its sender may have left since.
		earlier, was, missing := tx.MessageByClientID(by, d.ClientID)
		switch {
		case isNotFound(missing):
			return sent{}, err
		case missing != nil:
			return sent{}, missing
		case was != nil && !hmac.Equal(was, digest):
			return sent{}, Errorf(ClientIDReused, "this clientId was used for another message")
		}
		return sent{message: earlier}, nil
	}, id)
	return func() (Message, bool, error) {
		out, err := stored()
		return out.message, out.created, err
	}, nil
}

// place puts a new message at the end of its room. Where it fails nothing was changed.
func (c *Chat) place(tx Tx, by UserID, id RoomID, d Draft, digest []byte) (Message, error) {
	v, err := lock(tx, by, id)
	if err != nil {
		return Message{}, err
	}
	if !v.maySend() {
		return Message{}, v.refusal()
	}
	if err := checkReply(tx, v, d.ReplyTo); err != nil {
		return Message{}, err
	}
	images, err := attachable(tx, by, "imageIds", d.ImageIDs)
	if err != nil {
		return Message{}, err
	}
	if v.Room.Kind == Direct {
		if v.Room, err = c.bringBackPeer(tx, v, d.ClientID); err != nil {
			return Message{}, err
		}
	}
	v.Room.Head++
	m := Message{
		RoomID: id, Seq: v.Room.Head, Rev: v.Room.Head, ClientID: d.ClientID, SenderID: by, Kind: KindMessage,
		Text: d.Text, Images: images, ReplyTo: d.ReplyTo, SentAt: c.now(),
	}
	for i := range images {
		images[i].RoomID, images[i].Seq = id, m.Seq
	}
	if err := tx.InsertMessage(m, digest); err != nil {
		return Message{}, err
	}
	if err := tx.UpdateRoom(v.Room); err != nil {
		return Message{}, err
	}
	if err := tx.SetReadSeq(id, by, m.Seq); err != nil {
		return Message{}, err
	}
	c.publish(tx, MessageChanged{Message: m, User: v.User})
	return m, nil
}

func (c *Chat) cleanDraft(d Draft) (Draft, error) {
	if err := checkClientID(d.ClientID); err != nil {
		return d, err
	}
	if len(d.ImageIDs) > MaxImages {
		return d, InvalidField("imageIds", FieldTooLong)
	}
	if d.ReplyTo < 0 {
		return d, InvalidField("replyTo", FieldMalformed)
	}
	var err error
	d.Text, err = c.cleanText("text", d.Text)
	if err == nil && d.Text == "" && len(d.ImageIDs) == 0 {
		err = InvalidField("text", FieldRequired)
	}
	return d, err
}

// digestOf is the keyed digest of a request to send, by which a repetition is told from something else: without the key
// it says nothing about the text. Parts are length-prefixed, so that no two requests read alike.
func (c *Chat) digestOf(id RoomID, d Draft) []byte {
	mac := hmac.New(sha256.New, c.digest)
	parts := []string{string(id), d.Text, strconv.FormatInt(d.ReplyTo, 10)}
	for _, image := range d.ImageIDs {
		parts = append(parts, string(image))
	}
	for _, part := range parts {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(part), part) // a hash never fails to write
	}
	return mac.Sum(nil)[:16]
}

func checkReply(r Reader, v visit, replyTo int64) error {
	if replyTo == 0 {
		return nil
	}
	m, err := r.Message(v.Room.ID, replyTo)
	if isNotFound(err) || (err == nil && !v.maySee(m)) {
		return InvalidField("replyTo", FieldUnknown)
	}
	return err
}

// bringBackPeer has who left a direct room present again before they are written to, unless what is to be written was
// written before; an account that is gone cannot be written to.
func (c *Chat) bringBackPeer(tx Tx, v visit, clientID string) (Room, error) {
	m, err := tx.Membership(v.Room.ID, v.Room.Peer(v.User.ID))
	if err != nil || !m.Left {
		return v.Room, err
	}
	if _, _, err := tx.MessageByClientID(v.User.ID, clientID); !isNotFound(err) {
		return v.Room, Errorf(ClientIDReused, "this clientId was used before")
	}
	peer, err := tx.User(m.UserID)
	if err != nil {
		return v.Room, err
	}
	if peer.Deleted {
		return v.Room, Errorf(Forbidden, "the other account is gone")
	}
	room, _, err := c.comeBack(tx, v.Room, m)
	return room, err
}

// Edit replaces the text of the asker's own message; of one with images it may be empty. asked is when the request was read,
// zero for now.
//
// An edit has no client id: one that was given up, asked for again at another node and carried out there may still be on its way
// here, and must not undo what was written since. So the later asked wins; one that came too late is Unavailable, and whoever still
// waits for it asks again. Where the edit before lies further in the future than nodes' clocks differ, the clock was set back since:
// nothing can be told from it, and nobody is to wait until it is as late again.
func (c *Chat) Edit(ctx context.Context, by UserID, id RoomID, seq int64, text string, asked time.Time) (Message, error) {
	if err := c.limits.send.check(by); err != nil {
		return Message{}, err
	}
	text, err := c.cleanText("text", text)
	if err != nil {
		return Message{}, err
	}
	now := c.now()
	if asked.IsZero() {
		asked = now
	}
	asked = c.pulse.earliest(asked.UTC().Truncate(time.Millisecond), now)
	return c.change(ctx, by, id, seq, visit.mayEdit, func(_ Tx, m *Message) (bool, error) {
		switch {
		case text == "" && len(m.Images) == 0:
			return false, InvalidField("text", FieldRequired)
		case m.Text == text:
			return false, nil
		case m.EditedAt.After(asked) && !m.EditedAt.After(c.now().Add(clocksApart)):
			return false, &Error{Code: Unavailable, Message: "another edit came first; try again", RetryAfter: 100 * time.Millisecond}
		}
		m.Text, m.EditedAt = text, asked
		if m.SentAt.After(asked) {
			m.EditedAt = m.SentAt // asked while this process stood still, or the clock was set back
		}
		return true, nil
	})
}

// clocksApart is more than the clocks of nodes may differ by: they say at two seconds that they are not ready for it.
const clocksApart = 5 * time.Second

// Delete removes what a message said: the asker's own, or any as the room's owner or an admin. Deleting twice is
// deleting once.
func (c *Chat) Delete(ctx context.Context, by UserID, id RoomID, seq int64) (Message, error) {
	if err := c.limits.send.check(by); err != nil {
		return Message{}, err
	}
	return c.change(ctx, by, id, seq, visit.mayDelete, func(tx Tx, m *Message) (bool, error) {
		if m.Kind == KindDeleted {
			return false, nil
		}
		images := m.Images
		m.Kind, m.Text, m.Images, m.ReplyTo = KindDeleted, "", nil, 0
		return true, c.removeImages(tx, images)
	})
}

// change gives a message its room's next number and a new state, where the policy lets the asker and apply changed
// anything.
func (c *Chat) change(ctx context.Context, by UserID, id RoomID, seq int64, may func(visit, Message) bool, apply func(Tx, *Message) (bool, error)) (Message, error) {
	if seq < 1 {
		return Message{}, InvalidField("seq", FieldMalformed)
	}
	return write(ctx, c.store, func(tx Tx) (Message, error) {
		v, err := lock(tx, by, id)
		if err != nil {
			return Message{}, err
		}
		m, err := tx.Message(id, seq)
		if isNotFound(err) || (err == nil && !v.maySee(m)) {
			if !v.mayRead() {
				return Message{}, v.refusal()
			}
			return Message{}, errNotFound("message")
		}
		if err != nil {
			return Message{}, err
		}
		if !may(v, m) {
			return Message{}, Errorf(Forbidden, "not allowed with this message")
		}
		if changed, err := apply(tx, &m); err != nil || !changed {
			return m, err
		}
		v.Room.Head++
		m.Rev = v.Room.Head
		if err := tx.UpdateMessage(m); err != nil {
			return Message{}, err
		}
		if err := tx.UpdateRoom(v.Room); err != nil {
			return Message{}, err
		}
		author, err := tx.User(m.SenderID)
		if err != nil {
			return Message{}, err
		}
		c.publish(tx, MessageChanged{Message: m, User: author})
		return m, nil
	}, id)
}

// note adds a system message to a locked room and stores the room as it is given.
func (c *Chat) note(tx Tx, room *Room, event SystemEvent) (Message, error) {
	room.Head++
	m := Message{
		RoomID: room.ID, Seq: room.Head, Rev: room.Head, Kind: KindSystem, Event: &event, SentAt: c.now(),
	}
	if err := tx.InsertMessage(m, nil); err != nil {
		return Message{}, err
	}
	return m, tx.UpdateRoom(*room)
}
