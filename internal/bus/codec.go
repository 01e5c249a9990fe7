package bus

import (
	"encoding/json"
	"fmt"

	"github.com/maru-chat/maru/internal/chat"
)

// carried is an event on its way to another node; one field is set. A node that does not know a newer node's event finds
// none, and passes it over.
type carried struct {
	Message *chat.MessageChanged `json:"m,omitempty"`
	Joined  *chat.MemberJoined   `json:"j,omitempty"`
	Left    *chat.MemberLeft     `json:"l,omitempty"`
	Room    *chat.RoomUpdated    `json:"r,omitempty"`
	Deleted *chat.RoomDeleted    `json:"d,omitempty"`
	Read    *chat.ReadMoved      `json:"s,omitempty"`
	Typed   *chat.Typed          `json:"t,omitempty"`
	User    *chat.UserChanged    `json:"u,omitempty"`
	Ended   *chat.SessionEnded   `json:"e,omitempty"`
	Missed  *chat.EventsMissed   `json:"x,omitempty"`
}

func carry(event chat.Event) carried {
	switch e := event.(type) {
	case chat.MessageChanged:
		return carried{Message: &e}
	case chat.MemberJoined:
		return carried{Joined: &e}
	case chat.MemberLeft:
		return carried{Left: &e}
	case chat.RoomUpdated:
		return carried{Room: &e}
	case chat.RoomDeleted:
		return carried{Deleted: &e}
	case chat.ReadMoved:
		return carried{Read: &e}
	case chat.Typed:
		return carried{Typed: &e}
	case chat.UserChanged:
		return carried{User: &e}
	case chat.SessionEnded:
		return carried{Ended: &e}
	case chat.EventsMissed:
		return carried{Missed: &e}
	}
	panic(fmt.Sprintf("bus: no way to carry %T", event))
}

func (c carried) event() chat.Event {
	switch {
	case c.Message != nil:
		return *c.Message
	case c.Joined != nil:
		c.Joined.Elsewhere = true
		return *c.Joined
	case c.Left != nil:
		return *c.Left
	case c.Room != nil:
		return *c.Room
	case c.Deleted != nil:
		return *c.Deleted
	case c.Read != nil:
		return *c.Read
	case c.Typed != nil:
		return *c.Typed
	case c.User != nil:
		return *c.User
	case c.Ended != nil:
		return *c.Ended
	case c.Missed != nil:
		return *c.Missed
	}
	return nil
}

// decode returns the events of a payload.
func decode(payload []byte) ([]chat.Event, error) {
	var all []carried
	if err := json.Unmarshal(payload, &all); err != nil {
		return nil, err
	}
	events := make([]chat.Event, 0, len(all))
	for _, one := range all {
		if event := one.event(); event != nil {
			events = append(events, event)
		}
	}
	return events, nil
}
