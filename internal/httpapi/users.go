package httpapi

import (
	"net/http"
	"strings"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

func (a *api) meRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/me", id: "getMe", tag: "You",
			summary: "Who you are", status: http.StatusOK, answer: wire.UserAnswer{},
			serve: func(c *call) (any, error) { return wire.UserAnswer{User: present.Self(c.by.User)}, nil },
		},
		{
			method: http.MethodPatch, path: "/me", id: "updateMe", tag: "You",
			summary: "Change your profile", detail: "A field that is absent stays as it is.",
			body: wire.UpdateMe{}, status: http.StatusOK, answer: wire.UserAnswer{},
			fails: []chat.Code{chat.Invalid, chat.Unavailable}, serve: a.updateMe,
		},
		{
			method: http.MethodPut, path: "/me/password", id: "changePassword", tag: "You",
			summary: "Change your password", detail: "Your other sessions end, and their connections close.",
			body: wire.ChangePassword{}, status: http.StatusNoContent,
			fails: []chat.Code{chat.Invalid, chat.BadCredentials, chat.RateLimited}, serve: a.changePassword,
		},
		{
			method: http.MethodDelete, path: "/me", id: "deleteMe", tag: "You",
			summary: "Delete your account", detail: "You leave every room; your login id, name and password are removed. What you wrote stays, by nobody.",
			body: wire.DeleteMe{}, status: http.StatusNoContent,
			fails: []chat.Code{chat.Invalid, chat.BadCredentials, chat.RateLimited}, serve: a.deleteMe,
		},
		{
			method: http.MethodGet, path: "/me/rooms", id: "listMyRooms", tag: "You",
			summary: "Your rooms", detail: "Newest first, with the users that they mention.",
			status: http.StatusOK, answer: wire.MyRoomsAnswer{}, serve: a.listMyRooms,
		},
	}
}

func (a *api) userRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/users", id: "listUsers", tag: "Users",
			summary: "Find users", detail: "By ids or by part of a name: exactly one of the two.",
			query: []parameter{
				{name: "ids", doc: "At most 200 ids, separated by commas."},
				{name: "query", doc: "Part of a name, in any case."},
				{name: "limit", number: true, doc: "With query: at most 200, and 50 when absent."},
			},
			status: http.StatusOK, answer: wire.UsersAnswer{}, fails: []chat.Code{chat.Invalid, chat.RateLimited}, serve: a.listUsers,
		},
		{
			method: http.MethodGet, path: "/users/{id}", id: "getUser", tag: "Users",
			summary: "A user", status: http.StatusOK, answer: wire.UserAnswer{}, fails: []chat.Code{chat.NotFound}, serve: a.getUser,
		},
	}
}

func (a *api) updateMe(c *call) (any, error) {
	body, err := decode[wire.UpdateMe](c)
	if err != nil {
		return nil, err
	}
	user, err := a.chat.UpdateProfile(c.r.Context(), c.by.User.ID, chat.Profile{Name: body.Name, Photo: (*chat.ImageID)(body.PhotoImageID)})
	if err != nil {
		return nil, err
	}
	return wire.UserAnswer{User: present.Self(user)}, nil
}

func (a *api) changePassword(c *call) (any, error) {
	body, err := decode[wire.ChangePassword](c)
	if err != nil {
		return nil, err
	}
	return nil, a.auth.ChangePassword(c.r.Context(), c.by, body.Current, body.New, a.front.Device(c.r, auth.Browser))
}

func (a *api) deleteMe(c *call) (any, error) {
	body, err := decode[wire.DeleteMe](c)
	if err != nil {
		return nil, err
	}
	if err := a.auth.DeleteAccount(c.r.Context(), c.by, body.Password, a.front.Device(c.r, auth.Browser)); err != nil {
		return nil, err
	}
	if c.tokens.Cookies() {
		a.clearCookies(c.w, c.r)
	}
	return nil, nil
}

func (a *api) listMyRooms(c *call) (any, error) {
	rooms, users, err := a.chat.MyRooms(c.r.Context(), c.by.User.ID)
	if err != nil {
		return nil, err
	}
	return wire.MyRoomsAnswer{Rooms: present.MyRooms(rooms, c.by.User.ID), Users: present.Users(users)}, nil
}

func (a *api) listUsers(c *call) (any, error) {
	ids, byID := c.query["ids"]
	query, byName := c.query["query"]
	var users []chat.User
	var err error
	switch {
	case byID == byName:
		return nil, chat.InvalidField("query", chat.FieldRequired)
	case byID:
		var named []chat.UserID
		for id := range strings.SplitSeq(ids, ",") {
			if id != "" {
				named = append(named, chat.UserID(id))
			}
		}
		users, err = a.chat.Users(c.r.Context(), named)
	default:
		users, err = a.chat.FindUsers(c.r.Context(), c.by.User.ID, query, c.limit())
	}
	if err != nil {
		return nil, err
	}
	return wire.UsersAnswer{Users: present.Users(users)}, nil
}

func (a *api) getUser(c *call) (any, error) {
	id, err := c.name("id")
	if err != nil {
		return nil, err
	}
	if chat.UserID(id) == c.by.User.ID {
		return wire.UserAnswer{User: present.Self(c.by.User)}, nil
	}
	user, err := a.chat.User(c.r.Context(), chat.UserID(id))
	if err != nil {
		return nil, err
	}
	return wire.UserAnswer{User: present.User(user)}, nil
}
