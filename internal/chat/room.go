package chat

import (
	"context"
	"time"
)

// RoomID names a room.
type RoomID string

// CategoryID names a category.
type CategoryID string

// RoomKind tells who may find and enter a room.
type RoomKind string

// The kinds of room. A direct one has exactly two memberships, and there is one per pair of users.
const (
	Public  RoomKind = "public"
	Private RoomKind = "private"
	Direct  RoomKind = "direct"
)

// History tells from where members see a room's messages.
type History string

// The histories: everything, or what came after their latest joining.
const (
	HistoryAll       History = "all"
	HistorySinceJoin History = "sinceJoin"
)

// Category groups public rooms in the lobby. Names are unique.
type Category struct {
	ID   CategoryID
	Name string
}

// Room is a conversation. Head is its counter: the rev of its newest change, 0 before the first.
type Room struct {
	ID          RoomID
	Kind        RoomKind
	Name        string
	Topic       string
	Emoji       string
	CategoryID  CategoryID // public rooms only
	OwnerID     UserID     // none in a direct room, or where the last member left
	Pair        [2]UserID  // direct rooms only, ascending
	MemberCount int        // present members
	Head        int64
	History     History
	CreatedAt   time.Time
	Deleted     bool
}

// Peer returns the other user of a direct room.
func (r Room) Peer(of UserID) UserID {
	if r.Pair[0] == of {
		return r.Pair[1]
	}
	return r.Pair[0]
}

// Limits of a room's fields, in code points.
const (
	MaxRoomNameRunes     = 40
	MaxTopicRunes        = 200
	MaxCategoryNameRunes = 20
)

// NewRoom asks for a room. Kind is Public where empty; History is HistoryAll for public rooms and HistorySinceJoin for
// private ones where empty.
type NewRoom struct {
	Category string // name; an unknown one is created; public rooms only
	Name     string
	Topic    string
	Emoji    string
	Kind     RoomKind
	History  History
}

// CreateRoom makes a room; its maker is its owner and first member.
func (c *Chat) CreateRoom(ctx context.Context, by UserID, n NewRoom) (Room, Membership, error) {
	if err := c.limits.create.check(by); err != nil {
		return Room{}, Membership{}, err
	}
	n, err := c.cleanRoom(n)
	if err != nil {
		return Room{}, Membership{}, err
	}
	type made struct {
		room       Room
		membership Membership
	}
	out, err := write(ctx, c.store, func(tx Tx) (made, error) {
		user, err := actor(tx, by)
		if err != nil {
			return made{}, err
		}
		room := Room{
			ID: RoomID(NewID()), Kind: n.Kind, Name: n.Name, Topic: n.Topic, Emoji: n.Emoji,
			OwnerID: by, MemberCount: 1, History: n.History, CreatedAt: c.now(),
		}
		var category Category
		if n.Kind == Public {
			if category, err = c.categoryNamed(tx, n.Category); err != nil {
				return made{}, err
			}
			room.CategoryID = category.ID
		}
		if err := tx.InsertRoom(room); err != nil {
			return made{}, err
		}
		notice, err := c.note(tx, &room, SystemEvent{Type: EventCreated, UserID: by})
		if err != nil {
			return made{}, err
		}
		m := Membership{RoomID: room.ID, UserID: by, JoinedAt: room.CreatedAt, ReadSeq: notice.Seq, Role: MemberOwner}
		if room.History == HistorySinceJoin {
			m.VisibleAfter = notice.Seq
		}
		if err := tx.PutMembership(m); err != nil {
			return made{}, err
		}
		c.publish(tx,
			MessageChanged{Message: notice, User: user},
			MemberJoined{Room: room, Membership: m},
			RoomUpdated{Room: room, Category: category})
		return made{room, m}, nil
	})
	return out.room, out.membership, err
}

func (c *Chat) cleanRoom(n NewRoom) (NewRoom, error) {
	var err error
	if n.Name, err = c.cleanName("name", n.Name, MaxRoomNameRunes); err != nil {
		return n, err
	}
	if n.Topic, err = c.cleanLine("topic", n.Topic, MaxTopicRunes); err != nil {
		return n, err
	}
	if n.Emoji, err = c.cleanEmoji("emoji", n.Emoji); err != nil {
		return n, err
	}
	switch n.Kind {
	case "", Public:
		n.Kind = Public
		if n.Category, err = c.cleanName("category", n.Category, MaxCategoryNameRunes); err != nil {
			return n, err
		}
	case Private:
		if n.Category != "" {
			return n, InvalidField("category", FieldUnknown)
		}
	default:
		return n, InvalidField("kind", FieldUnknown)
	}
	switch {
	case n.History == HistoryAll || n.History == HistorySinceJoin:
	case n.History != "":
		return n, InvalidField("history", FieldUnknown)
	case n.Kind == Private:
		n.History = HistorySinceJoin
	default:
		n.History = HistoryAll
	}
	return n, nil
}

func (c *Chat) categoryNamed(tx Tx, name string) (Category, error) {
	category, err := tx.CategoryByName(name)
	if !isNotFound(err) {
		return category, err
	}
	category = Category{ID: CategoryID(NewID()), Name: name}
	return category, tx.InsertCategory(category)
}

// RoomSeen is a room as its asker sees it.
type RoomSeen struct {
	Room       Room
	Membership *Membership // nil for who is no member
	PeerLeft   bool        // direct rooms: the other one has left
}

// Room returns a room that the asker may know of.
func (c *Chat) Room(ctx context.Context, by UserID, id RoomID) (RoomSeen, error) {
	return read(ctx, c.store, func(r Reader) (RoomSeen, error) {
		v, err := enter(r, by, id)
		if err != nil {
			return RoomSeen{}, err
		}
		return seen(r, v)
	})
}

func seen(r Reader, v visit) (RoomSeen, error) {
	out := RoomSeen{Room: v.Room}
	if v.Member {
		out.Membership = &v.Membership
	}
	if v.Room.Kind == Direct {
		peer, err := r.Membership(v.Room.ID, v.Room.Peer(v.User.ID))
		if err != nil {
			return RoomSeen{}, err
		}
		out.PeerLeft = peer.Left
	}
	return out, nil
}

// RoomChange asks for other fields of a room; nil leaves one as it is, "" removes a topic or emoji.
type RoomChange struct {
	Name, Topic, Emoji *string
}

// UpdateRoom changes a room's fields, as its owner or an admin.
func (c *Chat) UpdateRoom(ctx context.Context, by UserID, id RoomID, change RoomChange) (RoomSeen, error) {
	if err := c.limits.join.check(by); err != nil {
		return RoomSeen{}, err
	}
	clean := func(s *string, field string, clean func(field, s string) (string, error)) error {
		if s == nil {
			return nil
		}
		var err error
		*s, err = clean(field, *s)
		return err
	}
	if err := clean(change.Name, "name", func(f, s string) (string, error) { return c.cleanName(f, s, MaxRoomNameRunes) }); err != nil {
		return RoomSeen{}, err
	}
	if err := clean(change.Topic, "topic", func(f, s string) (string, error) { return c.cleanLine(f, s, MaxTopicRunes) }); err != nil {
		return RoomSeen{}, err
	}
	if err := clean(change.Emoji, "emoji", c.cleanEmoji); err != nil {
		return RoomSeen{}, err
	}
	return write(ctx, c.store, func(tx Tx) (RoomSeen, error) {
		v, err := lock(tx, by, id)
		if err != nil {
			return RoomSeen{}, err
		}
		if !v.mayManage() {
			return RoomSeen{}, v.refusal()
		}
		before := v.Room
		set := func(to *string, from *string) {
			if from != nil {
				*to = *from
			}
		}
		set(&v.Room.Name, change.Name)
		set(&v.Room.Topic, change.Topic)
		set(&v.Room.Emoji, change.Emoji)
		if v.Room != before {
			if err := tx.UpdateRoom(v.Room); err != nil {
				return RoomSeen{}, err
			}
			if err := c.publishRoom(tx, v.Room); err != nil {
				return RoomSeen{}, err
			}
		}
		return seen(tx, v)
	}, id)
}

// publishRoom tells of a room's own fields, with what they need to be shown.
func (c *Chat) publishRoom(tx Tx, room Room) error {
	event, err := told(tx, room)
	if err == nil {
		c.publish(tx, event)
	}
	return err
}

// told is what is told of a room as it is now.
func told(r Reader, room Room) (RoomUpdated, error) {
	event := RoomUpdated{Room: room}
	switch room.Kind {
	case Public:
		category, err := r.Category(room.CategoryID)
		if err != nil {
			return event, err
		}
		event.Category = category
	case Direct:
		event.Left = map[UserID]bool{}
		for _, user := range room.Pair {
			m, err := r.Membership(room.ID, user)
			if err != nil {
				return event, err
			}
			event.Left[user] = m.Left
		}
	}
	return event, nil
}

// RoomNow returns what is told of a room when it changes, for the node itself, which may have missed that it did. Errors:
// NotFound where it is gone.
func (c *Chat) RoomNow(ctx context.Context, id RoomID) (RoomUpdated, error) {
	return read(ctx, c.store, func(r Reader) (RoomUpdated, error) {
		room, err := r.Room(id)
		if err != nil {
			return RoomUpdated{}, err
		}
		return told(r, room)
	})
}

// DeleteRoom removes a room for everyone at once, as its owner or an admin; what it held is swept away after.
func (c *Chat) DeleteRoom(ctx context.Context, by UserID, id RoomID) error {
	return c.store.Write(ctx, func(tx Tx) error {
		v, err := lock(tx, by, id)
		if err != nil {
			return err
		}
		if !v.mayManage() {
			return v.refusal()
		}
		return c.removeRoom(tx, v.Room)
	}, id)
}

func (c *Chat) removeRoom(tx Tx, room Room) error {
	room.Deleted = true
	if err := tx.UpdateRoom(room); err != nil {
		return err
	}
	c.publish(tx, RoomDeleted{Room: room})
	return nil
}

// Lobby is every category with its public rooms.
type Lobby struct {
	Categories []Category
	Rooms      []Room
}

// Lobby returns the public rooms; anybody may see them.
func (c *Chat) Lobby(ctx context.Context) (Lobby, error) {
	return read(ctx, c.store, func(r Reader) (Lobby, error) {
		categories, rooms, err := r.PublicRooms()
		return Lobby{categories, rooms}, err
	})
}
