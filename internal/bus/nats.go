package bus

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
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
	common *nats.Subscription

	out    chan []chat.Event // to be told to the others
	missed atomic.Bool       // some of it was not
	in     chan *nats.Msg    // what they told
	done   chan struct{}
	ended  sync.WaitGroup
	close  sync.Once

	refused  atomic.Pointer[error] // by the server, since it was connected
	stranger atomic.Int64          // when somebody without our key last spoke, in Unix nanoseconds
	warned   atomic.Int64          // when it was last logged that something is wrong

	mu      sync.Mutex
	watched map[chat.RoomID]int // how often; a room with 0 is not in it
	dirty   map[chat.RoomID]bool
	waiting []chan struct{} // Watch calls
	wake    chan struct{}
	// rooms belongs to the goroutine that tends the subscriptions.
	rooms map[chat.RoomID]*nats.Subscription
}

var _ chat.Bus = (*NATS)(nil)

// Options say which NATS to join, and as whom.
type Options struct {
	// URL is nats://[USER:PASSWORD@]HOST:PORT, or several of them with commas; tls:// asks for TLS.
	URL string
	// Name tells this Maru's nodes from other programs', and Key keeps what they say from them: 32 bytes.
	Name string
	Key  []byte
	// Logger is told when NATS goes and comes.
	Logger *slog.Logger
}

const (
	dialTimeout  = 2 * time.Second
	pingEvery    = time.Second // a server that is silent for three of them is left
	maxPings     = 2
	writeTimeout = 5 * time.Second
	watchTimeout = time.Second
	maxOut       = 1 << 14   // publications that wait to be told to others; more are lost
	maxIn        = 8192      // publications of others that wait to be taken; more are lost
	maxPart      = 256 << 10 // bytes of events in one publication, where one alone is not larger
	oldest       = "2.10"
)

// What can be wrong with a NATS when the program starts. A NATS that is not there is not among them: it may come.
var (
	ErrURL     = errors.New("must look like nats://host:4222, with a comma between several")
	ErrNotNATS = errors.New("what answers there is not a NATS server")
	ErrRefused = errors.New("NATS refuses us")
	ErrOldNATS = errors.New("this NATS server is too old")
)

// OpenNATS joins a NATS server. One that cannot be reached is tried again for ever: the bus is not Ready meanwhile, and works
// within this node. One that is something else, refuses us, or is too old is an error.
func OpenNATS(o Options) (*NATS, error) {
	seal, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	b := &NATS{
		Memory: NewMemory(), log: o.Logger, node: newNode(), prefix: "maru." + o.Name + ".", seal: seal,
		out: make(chan []chat.Event, maxOut), in: make(chan *nats.Msg, maxIn), done: make(chan struct{}),
		watched: map[chat.RoomID]int{}, dirty: map[chat.RoomID]bool{}, wake: make(chan struct{}, 1),
		rooms: map[chat.RoomID]*nats.Subscription{},
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	if err := b.join(o.URL); err != nil {
		b.Memory.Close()
		return nil, err
	}
	b.ended.Go(b.tell)
	b.ended.Go(b.take)
	b.ended.Go(b.tend)
	return b, nil
}

// newNode names this process: short, since ids of connections have it.
func newNode() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

func (b *NATS) join(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	options := []nats.Option{
		nats.Name("maru " + b.node), nats.NoEcho(), nats.Timeout(dialTimeout), nats.MaxReconnects(-1),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(maxPings), nats.FlusherTimeout(writeTimeout),
		// What could not be said in time is looked up by those who missed it: nothing is kept for later.
		nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(),
		nats.CustomReconnectDelay(func(int) time.Duration { return 100*time.Millisecond + mathrand.N(400*time.Millisecond) }), // #nosec G404 -- so that not all come at once
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { b.parted(err) }),
		nats.ReconnectHandler(b.back),
		nats.ConnectHandler(b.back),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { b.trouble(err) }),
	}
	conn, err := nats.Connect(address, options...)
	switch {
	case err == nil:
	case refuses(err):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case !absent(err):
		return fmt.Errorf("%w: %w", ErrNotNATS, err)
	default:
		b.log.Warn("NATS does not answer; until it does, people on different nodes see each other's messages late", "error", err.Error())
		if conn, err = nats.Connect(address, append(options, nats.RetryOnFailedConnect(true))...); err != nil {
			return err
		}
	}
	b.conn = conn
	if err := b.check(); err != nil {
		conn.Close()
		return err
	}
	if b.common, err = conn.ChanSubscribe(b.prefix+"all", b.in); err != nil {
		conn.Close()
	}
	return err
}

// check proves that we may say and hear what we must, where there is a server to ask.
func (b *NATS) check() error {
	if !b.conn.IsConnected() {
		return nil
	}
	if v := b.conn.ConnectedServerVersion(); older(v, oldest) {
		return fmt.Errorf("%w: %s, and %s or newer is needed", ErrOldNATS, v, oldest)
	}
	for _, subject := range []string{b.prefix + "room.probe", b.prefix + "all", b.prefix + "node." + b.node + ".probe"} {
		sub, err := b.conn.SubscribeSync(subject)
		if err == nil {
			err = b.conn.Publish(subject, b.seal.seal(subject, []byte("[]")))
		}
		if err == nil {
			err = b.conn.FlushTimeout(dialTimeout)
		}
		if err == nil {
			err = b.conn.LastError()
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		if err := sub.Unsubscribe(); err != nil {
			return err
		}
	}
	return nil
}

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

// tell tells the other nodes what was published, until the bus is closed and everything is told.
func (b *NATS) tell() {
	for {
		select {
		case events := <-b.out:
			b.tellTogether(events)
		case <-b.done:
			for {
				select {
				case events := <-b.out:
					b.tellTogether(events)
					continue
				default:
				}
				return
			}
		}
	}
}

// tellTogether takes what waits, and tells what has one subject in one piece.
func (b *NATS) tellTogether(events []chat.Event) {
	if b.missed.Swap(false) {
		events = append([]chat.Event{chat.EventsMissed{}}, events...)
	}
	for n := len(events); n < together; {
		select {
		case more := <-b.out:
			events, n = append(events[:len(events):len(events)], more...), n+len(more)
			continue
		default:
		}
		break
	}
	if !b.conn.IsConnected() {
		return // whoever misses it is told to look when we are back
	}
	parts := map[string][]byte{}
	var order []string
	for _, event := range events {
		raw, err := json.Marshal(carry(event))
		if err != nil {
			b.log.Error("an event could not be encoded", "error", err.Error())
			continue
		}
		subject := b.subject(event)
		part, begun := parts[subject]
		switch {
		case !begun:
			order = append(order, subject)
			part = append(part, '[')
		case len(part)+len(raw) > maxPart:
			b.say(subject, append(part, ']'))
			part = append(part[:0:0], '[')
		default:
			part = append(part, ',')
		}
		parts[subject] = append(part, raw...)
	}
	for _, subject := range order {
		b.say(subject, append(parts[subject], ']'))
	}
}

func (b *NATS) say(subject string, payload []byte) {
	if err := b.conn.Publish(subject, b.seal.seal(subject, payload)); err != nil {
		b.missed.Store(true)
		b.warn("telling other nodes failed", err)
	}
}

// take hands what other nodes told to this node's subscribers.
func (b *NATS) take() {
	for {
		select {
		case m := <-b.in:
			payload, ours := b.unseal(m)
			if !ours {
				continue
			}
			events, err := decode(payload)
			if err != nil {
				b.warn("another node said what this one does not understand", err)
				events = []chat.Event{chat.EventsMissed{}}
			}
			if len(events) > 0 {
				b.deliver(events)
			}
		case <-b.done:
			return
		}
	}
}

func (b *NATS) unseal(m *nats.Msg) (payload []byte, ours bool) {
	payload, err := b.seal.open(m.Subject, m.Data)
	if err != nil {
		b.stranger.Store(time.Now().UnixNano())
		b.warn("somebody else speaks on our subjects of NATS; it was ignored", err)
		return nil, false
	}
	return payload, true
}

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

// refuses reports whether an error is the server's no.
func refuses(err error) bool {
	for _, no := range []error{
		nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired,
		nats.ErrPermissionViolation, nats.ErrMaxConnectionsExceeded, nats.ErrMaxSubscriptionsExceeded,
		nats.ErrSecureConnRequired, nats.ErrSecureConnWanted,
	} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// checkURL says what is wrong with an address, and never what stands in it: there may be a password.
func checkURL(list string) error {
	for _, one := range strings.Split(list, ",") {
		u, err := url.Parse(one)
		if err != nil || (u.Scheme != "nats" && u.Scheme != "tls") || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" {
			return ErrURL
		}
	}
	return nil
}

// absent reports whether nobody answers at an address, as while a server starts.
func absent(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, gone := range []error{nats.ErrNoServers, nats.ErrTimeout, nats.ErrStaleConnection, nats.ErrDisconnected, io.EOF} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// older compares two versions by their first two numbers.
func older(version, than string) bool {
	numbers := func(s string) (n [2]int) {
		for i, part := range strings.SplitN(s, ".", 3) {
			if i < 2 {
				n[i], _ = strconv.Atoi(part)
			}
		}
		return n
	}
	a, c := numbers(version), numbers(than)
	return a[0] < c[0] || a[0] == c[0] && a[1] < c[1]
}

// Subscriptions is how many this node has on its server.
func (b *NATS) Subscriptions() int { return b.conn.NumSubscriptions() }
