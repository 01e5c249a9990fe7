package chat

import (
	"context"
	"slices"
	"time"
)

// Sizes of pages.
const (
	MaxPage     = 200
	DefaultPage = 50
	// MaxCatchUp is how far behind a cursor may be before it is cheaper to begin again.
	MaxCatchUp = 1000
)

// pageSize bounds what a client asks for; 0 asks for the usual.
func pageSize(limit int) (int, error) { return pageSizeOr(limit, DefaultPage) }

func pageSizeOr(limit, usual int) (int, error) {
	switch {
	case limit < 0:
		return 0, InvalidField("limit", FieldMalformed)
	case limit == 0:
		return usual, nil
	}
	return min(limit, MaxPage), nil
}

// HistoryPage asks for a page of history. At most one of Before, After and Around is set (> 0, or ≥ 0 for After where
// HasAfter); with none it is the newest page.
type HistoryPage struct {
	Before   int64
	After    int64
	HasAfter bool
	Around   int64
	Limit    int
}

// Messages is a page of history, ascending by seq. HasMore tells whether there are more in the direction asked; around
// a message, whether there are older ones.
type Messages struct {
	Messages []Message
	Users    []User
	HasMore  bool
}

// History returns a page of what the asker may see of a room.
func (c *Chat) History(ctx context.Context, by UserID, id RoomID, p HistoryPage) (Messages, error) {
	limit, err := pageSize(p.Limit)
	if err != nil {
		return Messages{}, err
	}
	for field, n := range map[string]int64{"before": p.Before, "after": p.After, "around": p.Around} {
		if n < 0 {
			return Messages{}, InvalidField(field, FieldMalformed)
		}
	}
	if p.Around > 0 && (p.Before > 0 || p.HasAfter) || p.Before > 0 && p.HasAfter {
		return Messages{}, InvalidField("before", FieldMalformed)
	}
	return read(ctx, c.store, func(r Reader) (Messages, error) {
		v, err := enter(r, by, id)
		if err != nil {
			return Messages{}, err
		}
		if !v.mayRead() {
			return Messages{}, v.refusal()
		}
		floor := v.Membership.VisibleAfter
		if p.Around > 0 {
			return around(r, id, floor, p.Around, limit)
		}
		page := Page{Floor: floor, Before: p.Before, After: -1, Limit: limit}
		if p.HasAfter {
			page.After = p.After
		}
		return history(r, id, page)
	})
}

// history reads one more than asked, to know whether there is more.
func history(r Reader, id RoomID, page Page) (Messages, error) {
	limit := page.Limit
	page.Limit++
	messages, err := r.Messages(id, page)
	if err != nil {
		return Messages{}, err
	}
	out := Messages{Messages: messages, HasMore: len(messages) > limit}
	if out.HasMore {
		if page.After >= 0 {
			out.Messages = messages[:limit]
		} else {
			out.Messages = messages[1:]
		}
	}
	out.Users, err = mentioned(r, out.Messages)
	return out, err
}

// around reads half a page up to and with the message, and half a page after it.
func around(r Reader, id RoomID, floor, seq int64, limit int) (Messages, error) {
	older, err := history(r, id, Page{Floor: floor, Before: seq + 1, After: -1, Limit: (limit + 1) / 2})
	if err != nil {
		return Messages{}, err
	}
	newer, err := history(r, id, Page{Floor: floor, After: seq, Limit: limit - (limit+1)/2})
	if err != nil {
		return Messages{}, err
	}
	out := Messages{Messages: append(older.Messages, newer.Messages...), HasMore: older.HasMore}
	out.Users, err = mentioned(r, out.Messages)
	return out, err
}

// mentioned returns the users that messages are from or about.
func mentioned(r Reader, messages []Message) ([]User, error) {
	ids := make([]UserID, 0, len(messages))
	for _, m := range messages {
		ids = append(ids, m.About())
		if m.Event != nil {
			ids = append(ids, m.Event.ByUserID)
		}
	}
	return r.Users(distinct(ids))
}

// distinct returns the ids without repetitions and without "".
func distinct(ids []UserID) []UserID {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 0 && ids[0] == "" {
		ids = ids[1:]
	}
	return ids
}

// Changes is what happened to a room after a cursor, ascending by rev, as of one snapshot. Next is the cursor to go on
// from. With Reset the cursor was of no use: Messages is the newest page, and what was cached is to be dropped.
type Changes struct {
	Epoch    string
	Messages []Message
	Users    []User
	Head     int64
	Next     int64
	HasMore  bool
	Reset    bool
}

// Changes returns what the asker may see of a room's changes after the cursor since. epoch is the one under which the
// cursor was got, "" for not known.
func (c *Chat) Changes(ctx context.Context, by UserID, id RoomID, since int64, epoch string, limit int) (Changes, error) {
	limit, err := pageSizeOr(limit, MaxPage)
	if err != nil {
		return Changes{}, err
	}
	if since < 0 {
		return Changes{}, InvalidField("since", FieldMalformed)
	}
	return read(ctx, c.store, func(r Reader) (Changes, error) {
		v, err := enter(r, by, id)
		if err != nil {
			return Changes{}, err
		}
		if !v.mayRead() {
			return Changes{}, v.refusal()
		}
		out := Changes{Epoch: c.store.Epoch(), Head: v.Room.Head, Next: v.Room.Head}
		floor := v.Membership.VisibleAfter
		if since > out.Head || out.Head-since > MaxCatchUp || (epoch != "" && epoch != out.Epoch) {
			page, err := history(r, id, Page{Floor: floor, After: -1, Limit: DefaultPage})
			out.Reset, out.Messages, out.Users = true, page.Messages, page.Users
			return out, err
		}
		if out.Messages, err = r.Changes(id, since, floor, limit+1); err != nil {
			return Changes{}, err
		}
		if len(out.Messages) > limit {
			out.Messages, out.HasMore = out.Messages[:limit], true
			out.Next = out.Messages[limit-1].Rev
		}
		out.Users, err = mentioned(r, out.Messages)
		return out, err
	})
}

// Missed is what happened to a room since a number, whoever may see it, and which of those who watch it are members.
type Missed struct {
	Changes []MessageChanged
	Head    int64 // of the snapshot, or the last change's rev where there is more
	Members map[UserID]Membership
}

// Missed reads up to limit changes of a room after since, for the node itself, which must announce what nobody did. The
// memberships of those watching are of the same snapshot, so that nothing reaches who has left meanwhile.
func (c *Chat) Missed(ctx context.Context, id RoomID, since int64, limit int, watching []UserID) (Missed, error) {
	return read(ctx, c.store, func(r Reader) (Missed, error) {
		room, err := r.Room(id)
		if err != nil {
			return Missed{}, err
		}
		messages, err := r.Changes(id, since, 0, limit)
		if err != nil {
			return Missed{}, err
		}
		out := Missed{Head: room.Head, Members: make(map[UserID]Membership, len(watching))}
		if len(messages) == limit {
			out.Head = messages[limit-1].Rev
		}
		users, err := mentioned(r, messages)
		if err != nil {
			return Missed{}, err
		}
		byID := make(map[UserID]User, len(users))
		for _, u := range users {
			byID[u.ID] = u
		}
		for _, m := range messages {
			out.Changes = append(out.Changes, MessageChanged{Message: m, User: byID[m.About()]})
		}
		for _, user := range watching {
			m, err := r.Membership(id, user)
			if isNotFound(err) {
				continue
			}
			if err != nil {
				return Missed{}, err
			}
			if !m.Left {
				out.Members[user] = m
			}
		}
		return out, nil
	})
}

// PresentIn returns the memberships of a user that they have not left.
func (c *Chat) PresentIn(ctx context.Context, user UserID) ([]Membership, error) {
	return read(ctx, c.store, func(r Reader) ([]Membership, error) {
		memberships, err := r.MembershipsOf(user)
		return slices.DeleteFunc(memberships, func(m Membership) bool { return m.Left }), err
	})
}

// RecentJoins returns present memberships of the users that began at or after a time.
func (c *Chat) RecentJoins(ctx context.Context, users []UserID, since time.Time) ([]Membership, error) {
	return read(ctx, c.store, func(r Reader) ([]Membership, error) { return r.RecentJoins(users, since) })
}

// Heads returns the heads of those of the rooms that exist.
func (c *Chat) Heads(ctx context.Context, ids []RoomID) (map[RoomID]int64, error) {
	return read(ctx, c.store, func(r Reader) (map[RoomID]int64, error) { return r.Heads(ids) })
}
