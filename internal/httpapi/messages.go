package httpapi

import (
	"net/http"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

func (a *api) messageRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/rooms/{id}/messages", id: "listMessages", tag: "Messages",
			summary: "A page of history", detail: "Ascending by seq: the newest, or those before, after or around a message. hasMore tells whether more lies in that direction (around: before).",
			query: []parameter{
				{name: "before", number: true, doc: "A seq."},
				{name: "after", number: true, doc: "A seq."},
				{name: "around", number: true, doc: "A seq."},
				{name: "limit", number: true, doc: "At most 200, and 50 when absent."},
			},
			status: http.StatusOK, answer: wire.MessagesAnswer{}, fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound}, serve: a.listMessages,
		},
		{
			method: http.MethodGet, path: "/rooms/{id}/changes", id: "listChanges", tag: "Messages",
			summary: "What changed after a cursor", detail: "New messages, edits and deletions, ascending by rev. Go on from next while hasMore. With reset, drop what you cached of the room: messages is its newest page.",
			query: []parameter{
				{name: "since", number: true, doc: "The last rev that you applied; 0 when absent."},
				{name: "epoch", doc: "The epoch under which you got it."},
				{name: "limit", number: true, doc: "At most 200, which is also what an absent one means."},
			},
			status: http.StatusOK, answer: wire.ChangesAnswer{}, fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound}, serve: a.listChanges,
		},
		{
			method: http.MethodPost, path: "/rooms/{id}/messages", id: "sendMessage", tag: "Messages",
			summary: "Send a message", detail: "201 once it is on disk. The same clientId with the same content again answers 200 with the message as it is now.",
			body: wire.SendMessage{}, status: http.StatusCreated, answer: wire.MessageAnswer{},
			fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound, chat.ClientIDReused, chat.RateLimited, chat.Unavailable}, serve: a.sendMessage,
		},
		{
			method: http.MethodPatch, path: "/rooms/{id}/messages/{seq}", id: "editMessage", tag: "Messages",
			summary: "Edit your message", body: wire.EditMessage{}, status: http.StatusOK, answer: wire.MessageAnswer{},
			fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound, chat.RateLimited}, serve: a.editMessage,
		},
		{
			method: http.MethodDelete, path: "/rooms/{id}/messages/{seq}", id: "deleteMessage", tag: "Messages",
			summary: "Delete a message", detail: "Your own, or any as the room's owner or an admin. Its text is removed for good.",
			status: http.StatusOK, answer: wire.MessageAnswer{},
			fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound, chat.RateLimited}, serve: a.deleteMessage,
		},
	}
}

func (a *api) listMessages(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	page := chat.HistoryPage{Limit: c.limit()}
	page.Before, _ = c.number("before")
	page.After, page.HasAfter = c.number("after")
	page.Around, _ = c.number("around")
	messages, err := a.chat.History(c.r.Context(), c.by.User.ID, id, page)
	if err != nil {
		return nil, err
	}
	return present.History(messages), nil
}

func (a *api) listChanges(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	since, _ := c.number("since")
	changes, err := a.chat.Changes(c.r.Context(), c.by.User.ID, id, since, c.query["epoch"], c.limit())
	if err != nil {
		return nil, err
	}
	return present.Changes(changes), nil
}

func (a *api) sendMessage(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	body, err := decode[wire.SendMessage](c)
	if err != nil {
		return nil, err
	}
	message, created, err := a.chat.Send(c.r.Context(), c.by.User.ID, id, present.Draft(body))
	if err != nil {
		return nil, err
	}
	if !created {
		c.status = http.StatusOK
	}
	return wire.MessageAnswer{Message: present.Message(message)}, nil
}

// message reads which message the path names.
func (c *call) message() (id chat.RoomID, seq int64, err error) {
	if id, err = c.roomID(); err != nil {
		return "", 0, err
	}
	seq, err = c.seq()
	return id, seq, err
}

func (a *api) editMessage(c *call) (any, error) {
	id, seq, err := c.message()
	if err != nil {
		return nil, err
	}
	body, err := decode[wire.EditMessage](c)
	if err != nil {
		return nil, err
	}
	message, err := a.chat.Edit(c.r.Context(), c.by.User.ID, id, seq, body.Text, time.Now())
	if err != nil {
		return nil, err
	}
	return wire.MessageAnswer{Message: present.Message(message)}, nil
}

func (a *api) deleteMessage(c *call) (any, error) {
	id, seq, err := c.message()
	if err != nil {
		return nil, err
	}
	message, err := a.chat.Delete(c.r.Context(), c.by.User.ID, id, seq)
	if err != nil {
		return nil, err
	}
	return wire.MessageAnswer{Message: present.Message(message)}, nil
}
