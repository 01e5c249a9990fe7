package live

import (
	"context"
	"sync"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/socketio"
)

// lobby gathers what changed in the public list, to be told once a second at most.
type lobby struct {
	mu      sync.Mutex
	known   map[chat.RoomID]shelved // as it was told last
	changed map[chat.RoomID]bool
}

// shelved is a public room in its category; its head counts for nothing.
type shelved struct {
	room     chat.Room
	category chat.Category
}

func (b *lobby) update(e chat.RoomUpdated) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(shelved{e.Room, e.Category})
}

// put notes a room, where it is not as it was told; b.mu is held.
func (b *lobby) put(s shelved) {
	s.room.Head = 0
	if b.known[s.room.ID] == s {
		return
	}
	if b.known == nil {
		b.known, b.changed = map[chat.RoomID]shelved{}, map[chat.RoomID]bool{}
	}
	b.known[s.room.ID] = s
	b.changed[s.room.ID] = true
}

func (b *lobby) remove(id chat.RoomID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(id)
}

// drop notes that a room is gone; b.mu is held.
func (b *lobby) drop(id chat.RoomID) {
	if b.known == nil {
		b.known, b.changed = map[chat.RoomID]shelved{}, map[chat.RoomID]bool{}
	}
	delete(b.known, id)
	b.changed[id] = true
}

// replace notes how the whole list differs from what was told of it.
func (b *lobby) replace(now chat.Lobby) {
	b.mu.Lock()
	defer b.mu.Unlock()
	categories := byID(now.Categories)
	there := make(map[chat.RoomID]bool, len(now.Rooms))
	for _, r := range now.Rooms {
		there[r.ID] = true
		b.put(shelved{r, categories[r.CategoryID]})
	}
	for id := range b.known {
		if !there[id] {
			b.drop(id)
		}
	}
}

// take returns what is to be told.
func (b *lobby) take() (events []wire.LobbyEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.changed {
		s, there := b.known[id]
		if !there {
			events = append(events, wire.LobbyEvent{RemovedRoomID: string(id)})
			continue
		}
		room, category := present.LobbyRoom(s.room), present.Category(s.category)
		events = append(events, wire.LobbyEvent{Room: &room, Category: &category})
	}
	clear(b.changed)
	return events
}

// learn takes the list as it is, so that later it is known what changed; nobody is told, and what was told meanwhile stays.
func (b *lobby) learn(now chat.Lobby) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known, b.changed = map[chat.RoomID]shelved{}, map[chat.RoomID]bool{}
	}
	categories := byID(now.Categories)
	for _, r := range now.Rooms {
		if _, known := b.known[r.ID]; !known && !b.changed[r.ID] {
			r.Head = 0
			b.known[r.ID] = shelved{r, categories[r.CategoryID]}
		}
	}
}

func byID(categories []chat.Category) map[chat.CategoryID]chat.Category {
	found := make(map[chat.CategoryID]chat.Category, len(categories))
	for _, c := range categories {
		found[c.ID] = c
	}
	return found
}

// readLobby has the lobby learn the list.
func (l *Live) readLobby(ctx context.Context) {
	now, err := l.chat.Lobby(ctx)
	if err != nil {
		l.logError(ctx, "reading the lobby", err)
		return
	}
	l.lobby.learn(now)
}

func (l *Live) announceLobby() {
	events := l.lobby.take()
	if len(events) == 0 {
		return
	}
	frames := make([]*socketio.Frame, 0, len(events))
	for _, event := range events {
		frames = append(frames, encode("lobby", event))
	}
	for _, c := range l.everyone() {
		for _, frame := range frames {
			c.send(frame)
		}
	}
}
