package httpapi

import (
	"net/http"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

func (a *api) memberRoutes() []route {
	return []route{
		{
			method: http.MethodPut, path: "/rooms/{id}/members/me", id: "joinRoom", tag: "Members",
			summary: "Join a public room", detail: "Joining twice is joining once.",
			status: http.StatusOK, answer: wire.JoinAnswer{}, fails: []chat.Code{chat.Forbidden, chat.NotFound, chat.RateLimited}, serve: a.joinRoom,
		},
		{
			method: http.MethodDelete, path: "/rooms/{id}/members/me", id: "leaveRoom", tag: "Members",
			summary: "Leave a room", detail: "Leaving twice is leaving once. An owner who leaves is succeeded by the longest-standing member.",
			status: http.StatusNoContent, fails: []chat.Code{chat.NotFound, chat.RateLimited}, serve: a.leaveRoom,
		},
		{
			method: http.MethodGet, path: "/rooms/{id}/members", id: "listMembers", tag: "Members",
			summary: "A room's members", detail: "In the order of joining; for members.",
			query: []parameter{
				{name: "after", doc: "A user id: begin after this member."},
				{name: "limit", number: true, doc: "At most 200, which is also what an absent one means."},
			},
			status: http.StatusOK, answer: wire.MembersAnswer{}, fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound}, serve: a.listMembers,
		},
	}
}

func (a *api) joinRoom(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	return joined(a.chat.Join(c.r.Context(), c.by.User.ID, id))
}

func (a *api) leaveRoom(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	return nil, a.chat.Leave(c.r.Context(), c.by.User.ID, id)
}

func (a *api) listMembers(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	members, err := a.chat.Members(c.r.Context(), c.by.User.ID, id, chat.UserID(c.query["after"]), c.limit())
	if err != nil {
		return nil, err
	}
	return wire.MembersAnswer{Members: present.Members(members)}, nil
}
