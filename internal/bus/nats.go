package bus

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/maru-chat/maru/internal/chat"
)

// NATS is the bus of several nodes. What this node publishes reaches its own subscribers as on a Memory, whatever becomes of
// the rest; a goroutine tells it to the others. NATS is a hint and the database the truth: nothing is waited for, and what
// is lost is found by looking at the heads.
//
// There is a subject for each room, to which a node listens that has somebody in it; one for what concerns every node; and
// one for each node.
type NATS struct {
	*Memory
	log    *slog.Logger
	node   string
	prefix string
	seal   *sealer
	conn   *nats.Conn

	out    chan []chat.Event // to be told to the others
	missed atomic.Bool       // some of it was not
	in     chan *nats.Msg    // what they told
	done   chan struct{}
	ended  sync.WaitGroup
	close  sync.Once

	refused  atomic.Pointer[error] // by the server, since it was connected
	stranger atomic.Int64          // when somebody without our key last spoke, in Unix nanoseconds
	warned   atomic.Int64          // when it was last logged that something is wrong

	lost, strangers atomic.Uint64

	mu      sync.Mutex
	watched map[chat.RoomID]int // how often; a room with 0 is not in it
	dirty   map[chat.RoomID]bool
	waiting []chan struct{} // Watch calls
	wake    chan struct{}
	// rooms belongs to the goroutine that tends the subscriptions.
	rooms map[chat.RoomID]*nats.Subscription
}

var _ chat.Bus = (*NATS)(nil)

// Node names this process among the nodes.
func (b *NATS) Node() string { return b.node }

// MaxPayload is how many bytes Send takes.
func (b *NATS) MaxPayload() int {
	const usual = 1 << 20
	if most := int(b.conn.MaxPayload()); most > 0 {
		return most - overhead
	}
	return usual - overhead
}

// Publish implements chat.Bus: this node's subscribers come first.
func (b *NATS) Publish(events ...chat.Event) {
	b.Memory.Publish(events...)
	select {
	case b.out <- events:
	default:
		b.missed.Store(true)
		b.lost.Add(1)
	}
}

// subject is where an event is told.
func (b *NATS) subject(event chat.Event) string {
	switch e := event.(type) {
	case chat.MessageChanged:
		return b.room(e.Message.RoomID)
	case chat.ReadMoved:
		return b.room(e.RoomID)
	case chat.Typed:
		return b.room(e.RoomID)
	case chat.RoomUpdated:
		if e.Room.Kind != chat.Public { // those are in everybody's lobby
			return b.room(e.Room.ID)
		}
	case chat.RoomDeleted:
		if e.Room.Kind != chat.Public {
			return b.room(e.Room.ID)
		}
	}
	return b.prefix + "all"
}

func (b *NATS) room(id chat.RoomID) string { return b.prefix + "room." + string(id) }

// Send tells one node something, or with "" all others. It is lost where the node is gone.
func (b *NATS) Send(node, kind string, payload []byte) error {
	if !b.conn.IsConnected() {
		return nats.ErrDisconnected
	}
	subject := b.prefix + "node." + node + "." + kind
	if node == "" {
		subject = b.prefix + "nodes." + kind
	}
	return b.conn.Publish(subject, b.seal.seal(subject, payload))
}

// Receive has fn called with what other nodes Send to this one, or to all, in the order of each of them, until cancel is
// has returned or the bus is closed. What comes while maxIn wait is lost.
func (b *NATS) Receive(kind string, fn func([]byte)) (cancel func(), err error) {
	in, cancelled := make(chan *nats.Msg, maxIn), make(chan struct{})
	var subs []*nats.Subscription
	leave := func() {
		for _, sub := range subs {
			_ = sub.Unsubscribe() // it ends with the connection too
		}
	}
	for _, subject := range []string{"node." + b.node + ".", "nodes."} {
		sub, err := b.conn.ChanSubscribe(b.prefix+subject+kind, in)
		if err != nil {
			leave()
			return nil, err
		}
		subs = append(subs, sub)
	}
	over := make(chan struct{})
	b.ended.Go(func() {
		defer close(over)
		for {
			select {
			case m := <-in:
				if payload, ours := b.unseal(m); ours {
					fn(payload)
				}
			case <-cancelled:
				return
			case <-b.done:
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		leave()
		close(cancelled)
		<-over
	}), nil
}

// Close tells the others what is left to tell, and leaves.
func (b *NATS) Close() {
	b.close.Do(func() { close(b.done) })
	b.ended.Wait()
	if b.conn.IsConnected() {
		_ = b.conn.FlushTimeout(writeTimeout) // what is lost now is looked up by those who miss it
	}
	b.conn.Close()
	b.Memory.Close()
}

// strangersFor is how long a stranger's words are told of.
const strangersFor = time.Minute

// Ready implements chat.Bus.
func (b *NATS) Ready() error {
	switch refused := b.refused.Load(); {
	case !b.conn.IsConnected():
		return errors.New("NATS does not answer")
	case refused != nil:
		return *refused
	case time.Since(time.Unix(0, b.stranger.Load())) < strangersFor:
		return errors.New("somebody else speaks on our subjects of NATS")
	}
	return nil
}

func (b *NATS) parted(err error) {
	if err != nil { // else we have left
		b.log.Warn("NATS is gone; people on different nodes see each other's messages late", "error", err.Error())
	}
}

// back looks for what was said meanwhile, and has the others look for what we said.
func (b *NATS) back(conn *nats.Conn) {
	b.log.Info("NATS is there", "url", conn.ConnectedUrlRedacted(), "node", b.node)
	b.refused.Store(nil)
	b.missed.Store(true)
	b.Memory.Publish(chat.EventsMissed{})
	select {
	case b.out <- nil: // so that they hear of it
	default:
	}
}

// trouble is what the server, or our own slowness, does to us while we are connected.
func (b *NATS) trouble(err error) {
	switch {
	case errors.Is(err, nats.ErrSlowConsumer):
		b.lost.Add(1)
		b.warn("events of other nodes came faster than they could be taken; what was lost is read from the database", err)
		b.Memory.Publish(chat.EventsMissed{})
	case refuses(err):
		b.refused.Store(&err)
		b.warn("NATS refuses us something", err)
	default:
		b.warn("NATS", err)
	}
}

// warn logs at most once in a few seconds: what is wrong is wrong for every message.
func (b *NATS) warn(what string, err error) {
	const rest = 5 * time.Second
	last, now := b.warned.Load(), time.Now().UnixNano()
	if now-last > int64(rest) && b.warned.CompareAndSwap(last, now) {
		b.log.Warn(what, "error", err.Error())
	}
}

// Subscriptions is how many this node has on its server.
func (b *NATS) Subscriptions() int { return b.conn.NumSubscriptions() }
