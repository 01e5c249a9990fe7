package live

import (
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/socketio"
)

// Meter is told what happens, for metrics. It counts and returns: it is called under locks, though never for each of those
// who get something.
type Meter interface {
	// Turned tells that a connection was turned away that had to say whose it is.
	Turned(code chat.Code)
	// Answered tells that an event was answered, with "" for a good answer, so long after it was read.
	Answered(event string, code chat.Code, took time.Duration)
	// Announced tells that changes of one room were given to conns, so many to all of them together.
	Announced(deliveries int)
	// Delivered tells that a message was given to every conn of this node that is to have it, so long after it was sent: after
	// the time that it bears. Nodes' clocks differ, and so it may be negative.
	Delivered(after time.Duration)
	// Resumed tells that a client asked for what it missed, and whether it has to begin anew.
	Resumed(reset bool)
	// Repaired tells that so many changes were read from the database that no event had brought in time, or that they could not be.
	Repaired(changes int, err error)
}

type unmetered struct{}

func (unmetered) Turned(chat.Code)                          {}
func (unmetered) Answered(string, chat.Code, time.Duration) {}
func (unmetered) Announced(int)                             {}
func (unmetered) Delivered(time.Duration)                   {}
func (unmetered) Resumed(bool)                              {}
func (unmetered) Repaired(int, error)                       {}

// Stats are figures of the moment, for metrics.
type Stats struct {
	Users    int // with a conn here
	Rooms    int // that somebody here watches
	SocketIO socketio.Stats
}

// Stats returns the figures of the moment. It looks at every connection, and stops none of them.
func (l *Live) Stats() Stats {
	l.mu.Lock()
	s := Stats{Users: len(l.users), Rooms: len(l.streams)}
	l.mu.Unlock()
	s.SocketIO = l.server.Stats()
	return s
}
