package live

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/socketio"
)

// conn is one socket of a user's session.
type conn struct {
	socket  *socketio.Socket
	user    chat.User
	session auth.SessionID
	limit   *chat.Limiter
	begun   atomic.Int32 // events that wait for their answers
	asked   time.Time    // when the event that is handled now was read; handlers run one after the other

	// subs are guarded by Live.mu.
	subs map[chat.RoomID]*subscription

	mu   sync.Mutex
	held []held // what came before ready was sent
	open bool   // ready was sent
}

// held is a frame that waits for ready. One with a room is sent only where ready did not say as much already: where rev
// is beyond the room's position.
type held struct {
	frame *socketio.Frame
	room  chat.RoomID
	rev   int64
	from  int64
}

// maxHeld bounds what waits for one ready, which takes two reads of the database.
const maxHeld = 10_000

// sendChanges queues changes of a room, ascending by rev, that lie beyond the subscription's position, and returns how many
// those are. Before ready all of them are held.
func (c *conn) sendChanges(room chat.RoomID, revs []int64, from int64, frames []*socketio.Frame) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		for i, frame := range frames {
			c.hold(held{frame, room, revs[i], from})
		}
		return len(revs)
	}
	for len(revs) > 0 && revs[0] <= from {
		revs, frames = revs[1:], frames[1:]
	}
	c.queue(frames...)
	return len(revs)
}

// sendAt is sendChanges for one frame.
func (c *conn) sendAt(room chat.RoomID, rev, from int64, frame *socketio.Frame) {
	_ = c.sendChanges(room, []int64{rev}, from, []*socketio.Frame{frame})
}

// send queues a frame.
func (c *conn) send(frame *socketio.Frame) { c.sendAt("", 0, -1, frame) }

// sendVolatile queues a frame that may be dropped: before ready, or where much is waiting.
func (c *conn) sendVolatile(frame *socketio.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open && frame != nil {
		_, _ = c.socket.SendVolatile(frame) // a socket that is gone is told of by its own disconnection
	}
}

// hold keeps a frame for after ready; c.mu is held. Too many close the conn: it comes back and catches up.
func (c *conn) hold(h held) {
	if len(c.held) == maxHeld {
		c.held = nil
		c.socket.Close(socketio.ReasonSlowConsumer)
		return
	}
	c.held = append(c.held, h)
}

// queue sends frames together; c.mu is held.
func (c *conn) queue(frames ...*socketio.Frame) {
	if len(frames) > 0 && frames[0] != nil {
		_ = c.socket.Send(frames...) // a socket that is gone is told of by its own disconnection
	}
}

// begin sends ready and what was held, of each room only what is beyond its position in ready.
func (c *conn) begin(ready *socketio.Frame, positions map[chat.RoomID]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue(ready)
	for _, h := range c.held {
		p, listed := positions[h.room]
		if h.room != "" && h.from == unplaced && !listed {
			continue // the room was left meanwhile, and ready does not name it
		}
		if listed {
			h.from = max(h.from, p)
		}
		if h.rev > h.from {
			c.queue(h.frame)
		}
	}
	c.held, c.open = nil, true
}

// end closes the conn once what was queued is sent.
func (c *conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.held[max(0, len(c.held)-1):] { // a conn that ends before ready still learns why
		c.queue(h.frame)
	}
	c.held, c.open = nil, true
	c.socket.Close(socketio.ReasonForcedClose)
}
