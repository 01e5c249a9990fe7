package sqlstore

import (
	"errors"
	"slices"
	"strings"

	"github.com/maru-chat/maru/internal/chat"
)

const messageColumns = "m.seq, m.rev, COALESCE(m.client_id, ''), m.sender_id, m.kind, m.text," +
	" m.reply_to, m.event_type, m.event_user, m.event_by, m.sent_at, m.edited_at, m.images"

// message is a stored message with its event laid flat.
type message struct {
	chat.Message
	event  chat.SystemEvent
	images int
}

func messageInto(m *message) []any {
	return []any{
		&m.Seq, &m.Rev, &m.ClientID, &m.SenderID, &m.Kind, &m.Text,
		&m.ReplyTo, &m.event.Type, &m.event.UserID, &m.event.ByUserID,
		millis{&m.SentAt},
		seldom{&m.EditedAt},
		&m.images,
	}
}

// in finishes a message of room.
func (m message) in(room chat.RoomID) chat.Message {
	m.RoomID = room
	for i := range m.Images {
		m.Images[i].RoomID = room
	}
	if m.event.Type != "" {
		event := m.event
		m.Event = &event
	}
	return m.Message
}

// Message implements chat.Reader.
func (s *snapshot) Message(id chat.RoomID, seq int64) (chat.Message, error) {
	num, err := s.num(id)
	if err != nil {
		return chat.Message{}, err
	}
	var m [1]message
	err = s.one("message", messageInto(&m[0]),
		"SELECT "+messageColumns+" FROM messages m WHERE m.room = ? AND m.seq = ?", num, seq)
	if err == nil {
		err = s.withImages(num, m[:])
	}
	if err != nil {
		return chat.Message{}, err
	}
	return m[0].in(id), nil
}

// place is where a message is.
type place struct {
	room chat.RoomID
	num  int64
	seq  int64
}

// messagesAt returns messages by their rooms, at most one of each. It is a few statements, not one for each message: a list of
// rooms is read at every connection, and a database server is far away.
func (s *snapshot) messagesAt(places []place) (map[chat.RoomID]*chat.Message, error) {
	type row struct {
		message
		num int64
	}
	into := func(r *row) []any { return append(messageInto(&r.message), &r.num) }
	const one = "SELECT " + messageColumns + ", m.room FROM messages m WHERE m.room = ? AND m.seq = ?"
	byNum := make(map[int64]chat.RoomID, len(places))
	found := make(map[chat.RoomID]*chat.Message, len(places))
	for len(places) > 0 {
		size := 64 // of few different lengths, as in pieces
		for _, few := range []int{1, 8} {
			if len(places) <= few {
				size = few
				break
			}
		}
		take := min(size, len(places))
		args := make([]any, 0, 2*size)
		for i := range size { // one that is asked for again is found again
			p := places[min(i, take-1)]
			byNum[p.num] = p.room
			args = append(args, p.num, p.seq)
		}
		rows, err := list(s, into, one+strings.Repeat(" UNION ALL "+one, size-1), args...)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			id := byNum[rows[i].num]
			if found[id] != nil {
				continue
			}
			m := []message{rows[i].message}
			if err := s.withImages(rows[i].num, m); err != nil {
				return nil, err
			}
			whole := m[0].in(id)
			found[id] = &whole
		}
		places = places[take:]
	}
	return found, nil
}

// MessageByClientID implements chat.Reader. What was sent to a room that is deleted is NotFound. Nearly every send asks
// and finds nothing, so it asks for little first.
func (s *snapshot) MessageByClientID(sender chat.UserID, clientID string) (chat.Message, []byte, error) {
	var (
		room   chat.RoomID
		seq    int64
		digest []byte
	)
	err := s.one("message", []any{&room, &seq, &digest}, "SELECT r.id, m.seq, m.digest"+
		" FROM messages m JOIN rooms r ON r.num = m.room"+
		" WHERE m.sender_id = ? AND m.client_id = ? AND r.deleted = 0", string(sender), clientID)
	if err != nil {
		return chat.Message{}, nil, err
	}
	m, err := s.Message(room, seq)
	return m, digest, err
}

// Messages implements chat.Reader. Whatever is asked for, the rows are neighbours in the key.
func (s *snapshot) Messages(id chat.RoomID, p chat.Page) ([]chat.Message, error) {
	const begin = "SELECT " + messageColumns + " FROM messages m WHERE m.room = ? AND m.seq > ?"
	const newest, oldest = " ORDER BY m.seq DESC LIMIT ?", " ORDER BY m.seq LIMIT ?"
	num, err := s.num(id)
	if chat.CodeOf(err) == chat.NotFound {
		return []chat.Message{}, nil
	}
	if err != nil {
		return nil, err
	}
	limit := max(p.Limit, 0) // SQLite takes a negative one for none
	var found []message
	switch {
	case p.Before > 0:
		found, err = list(s, messageInto, begin+" AND m.seq < ?"+newest, num, p.Floor, p.Before, limit)
	case p.After >= 0:
		found, err = list(s, messageInto, begin+oldest, num, max(p.Floor, p.After), limit)
	default:
		found, err = list(s, messageInto, begin+newest, num, p.Floor, limit)
	}
	if err == nil {
		err = s.withImages(num, found)
	}
	if p.Before > 0 || p.After < 0 {
		slices.Reverse(found)
	}
	return inRoom(id, found), err
}

// Changes implements chat.Reader. Databases would rather walk the key (room, seq) and sort what they find: the index on rev
// has the rows in order, and a page costs what lies between since and its end, never the whole room.
func (s *snapshot) Changes(id chat.RoomID, since, visibleAfter int64, limit int) ([]chat.Message, error) {
	num, err := s.num(id)
	if chat.CodeOf(err) == chat.NotFound {
		return []chat.Message{}, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := list(s, messageInto, "SELECT "+messageColumns+" FROM messages m"+s.db.dialect.using("messages_rev")+
		" WHERE m.room = ? AND m.rev > ? AND m.seq > ? ORDER BY m.rev LIMIT ?", num, since, visibleAfter, max(limit, 0))
	if err == nil {
		err = s.withImages(num, found)
	}
	return inRoom(id, found), err
}

func inRoom(id chat.RoomID, found []message) []chat.Message {
	messages := make([]chat.Message, len(found))
	for i, m := range found {
		messages[i] = m.in(id)
	}
	return messages
}

// insertMessage inserts nothing where the client id was that of a message that was swept with its room; of what is still
// stored, the unique index tells.
var insertMessage = "INSERT INTO messages (room, seq, rev, kind, sender_id, client_id, sent_at, edited_at," +
	" reply_to, event_type, event_user, event_by, digest, text, images) SELECT " + placeholders(15) + " FROM (SELECT 1) one" +
	" WHERE NOT EXISTS (SELECT 1 FROM spent_client_ids s WHERE s.sender_id = ? AND s.client_id = ?)"

// InsertMessage implements chat.Tx.
func (t *tx) InsertMessage(m chat.Message, digest []byte) error {
	num, err := t.num(m.RoomID)
	if err != nil {
		return err
	}
	var event chat.SystemEvent
	if m.Event != nil {
		event = *m.Event
	}
	n, err := t.exec(insertMessage,
		num, m.Seq, m.Rev, string(m.Kind), string(m.SenderID), optional(m.ClientID), m.SentAt.UnixMilli(),
		seldomMillis(m.EditedAt), m.ReplyTo, string(event.Type), string(event.UserID), string(event.ByUserID),
		digest, m.Text, len(m.Images), string(m.SenderID), m.ClientID)
	switch {
	case err == nil && n == 0:
		return errClientIDReused()
	case err == nil:
		return t.attach(num, m)
	case !errors.Is(err, errDuplicate):
		return err
	}
	// The key (room, seq) is taken from the locked room: only a mistake could repeat it.
	var taken int
	err = t.one("message", []any{&taken}, "SELECT 1 FROM messages WHERE sender_id = ? AND client_id = ?",
		string(m.SenderID), m.ClientID)
	switch {
	case err == nil:
		return errClientIDReused()
	case chat.CodeOf(err) == chat.NotFound:
		return chat.Errorf(chat.Internal, "the message's number is taken")
	default:
		return err
	}
}

func errClientIDReused() error {
	return chat.Errorf(chat.ClientIDReused, "the client id was used before")
}

// UpdateMessage implements chat.Tx.
func (t *tx) UpdateMessage(m chat.Message) error {
	num, err := t.num(m.RoomID)
	if err != nil {
		return err
	}
	t.erases = true // the text before
	if m.Kind == chat.KindDeleted {
		err = t.change("message", "UPDATE messages SET rev = ?, kind = ?, text = '', images = 0, reply_to = 0, digest = NULL,"+
			" edited_at = ? WHERE room = ? AND seq = ?",
			m.Rev, string(m.Kind), seldomMillis(m.EditedAt), num, m.Seq)
	} else {
		err = t.change("message", "UPDATE messages SET rev = ?, kind = ?, text = ?, images = ?, edited_at = ?"+
			" WHERE room = ? AND seq = ?",
			m.Rev, string(m.Kind), m.Text, len(m.Images), seldomMillis(m.EditedAt), num, m.Seq)
	}
	if errors.Is(err, errDuplicate) {
		return chat.Errorf(chat.Internal, "the message's rev is taken")
	}
	return err
}
