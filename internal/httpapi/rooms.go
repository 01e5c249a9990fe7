package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

func (a *api) roomRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/categories", id: "listCategories", tag: "Rooms", open: true,
			summary: "The lobby", detail: "Every category with its public rooms; no session needed. Send If-None-Match with the ETag of an earlier answer.",
			status: http.StatusOK, answer: wire.CategoriesAnswer{}, serve: a.listCategories,
		},
		{
			method: http.MethodPost, path: "/rooms", id: "createRoom", tag: "Rooms",
			summary: "Make a room", detail: "You are its owner and first member. An unknown category is created.",
			body: wire.CreateRoom{}, status: http.StatusCreated, answer: wire.JoinAnswer{},
			fails: []chat.Code{chat.Invalid, chat.RoomNameTaken, chat.RateLimited}, serve: a.createRoom,
		},
		{
			method: http.MethodGet, path: "/rooms/{id}", id: "getRoom", tag: "Rooms",
			summary: "A room", detail: "With your membership where you have one.",
			status: http.StatusOK, answer: wire.RoomAnswer{}, fails: []chat.Code{chat.NotFound}, serve: a.getRoom,
		},
		{
			method: http.MethodPatch, path: "/rooms/{id}", id: "updateRoom", tag: "Rooms",
			summary: "Change a room", detail: "As its owner or an admin. A field that is absent stays as it is; an empty topic or emoji removes it.",
			body: wire.UpdateRoom{}, status: http.StatusOK, answer: wire.RoomAnswer{},
			fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound, chat.RoomNameTaken}, serve: a.updateRoom,
		},
		{
			method: http.MethodDelete, path: "/rooms/{id}", id: "deleteRoom", tag: "Rooms",
			summary: "Delete a room", detail: "As its owner or an admin. It is gone for everyone at once.",
			status: http.StatusNoContent, fails: []chat.Code{chat.Forbidden, chat.NotFound}, serve: a.deleteRoom,
		},
		{
			method: http.MethodPut, path: "/directs/{userId}", id: "openDirect", tag: "Rooms",
			summary: "Open a direct room", detail: "There is one for each pair of users.",
			status: http.StatusOK, answer: wire.JoinAnswer{}, fails: []chat.Code{chat.Invalid, chat.NotFound}, serve: a.openDirect,
		},
	}
}

func (a *api) listCategories(c *call) (any, error) {
	lobby, err := a.chat.Lobby(c.r.Context())
	if err != nil {
		return nil, err
	}
	answer := wire.CategoriesAnswer{Categories: present.Lobby(lobby)}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	c.w.Header().Set("ETag", tag)
	c.w.Header().Set("Cache-Control", "no-cache") // may be kept, must be asked about
	if matches(c.r.Header.Get("If-None-Match"), tag) {
		c.status = http.StatusNotModified
		return nil, nil
	}
	return json.RawMessage(body), nil
}

// matches tells whether an If-None-Match names the tag; compared weakly, as RFC 9110 section 13.1.2 asks.
func matches(ifNoneMatch, tag string) bool {
	for one := range strings.SplitSeq(ifNoneMatch, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

func (a *api) createRoom(c *call) (any, error) {
	body, err := decode[wire.CreateRoom](c)
	if err != nil {
		return nil, err
	}
	room, membership, err := a.chat.CreateRoom(c.r.Context(), c.by.User.ID, chat.NewRoom{
		Category: body.Category, Name: body.Name, Topic: body.Topic, Emoji: body.Emoji,
		Kind: chat.RoomKind(body.Kind), History: chat.History(body.History),
	})
	if err != nil {
		return nil, err
	}
	return present.Joined(room, membership, false), nil
}

func (a *api) getRoom(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	return a.roomSeen(c)(a.chat.Room(c.r.Context(), c.by.User.ID, id))
}

func (a *api) updateRoom(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	body, err := decode[wire.UpdateRoom](c)
	if err != nil {
		return nil, err
	}
	return a.roomSeen(c)(a.chat.UpdateRoom(c.r.Context(), c.by.User.ID, id, chat.RoomChange{
		Name: body.Name, Topic: body.Topic, Emoji: body.Emoji,
	}))
}

func (a *api) roomSeen(c *call) func(chat.RoomSeen, error) (any, error) {
	return func(seen chat.RoomSeen, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		return present.RoomSeen(seen, c.by.User.ID), nil
	}
}

func (a *api) deleteRoom(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	return nil, a.chat.DeleteRoom(c.r.Context(), c.by.User.ID, id)
}

func (a *api) openDirect(c *call) (any, error) {
	with, err := c.name("userId")
	if err != nil {
		return nil, err
	}
	return joined(a.chat.OpenDirect(c.r.Context(), c.by.User.ID, chat.UserID(with)))
}

// joined presents a room in which the asker has a membership.
func joined(seen chat.RoomSeen, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return present.Joined(seen.Room, *seen.Membership, seen.PeerLeft), nil
}
