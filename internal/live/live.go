package live

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/socketio"
)

// How often the node looks.
const (
	lobbyEvery    = time.Second            // at what changed in the lobby
	presenceEvery = 500 * time.Millisecond // at who came and went
)

// What one user or address may hold open.
const (
	maxConns           = 100_000
	maxConnsPerAddress = 2_000 // a school behind one address
	eventRate          = 50    // events a second of one conn, whatever they are
	eventBurst         = 200
)

// Link is how the nodes tell each other what is no event of chat; what is told may be lost.
type Link interface {
	// Node names this node, "" where it is the only one.
	Node() string
	// Send tells one node something, or with "" all others.
	Send(node, kind string, payload []byte) error
	// Receive has fn called, once at a time, with what others Send, in the order of each of them, until cancel is called.
	Receive(kind string, fn func(payload []byte)) (cancel func(), err error)
}

// MaxPayload is how many bytes an event from a client, or the body of its polling, may have: a message of 4,000 code points,
// every one escaped, and room to spare.
const MaxPayload = 64 << 10

// Live is this node's Socket.IO side.
type Live struct {
	chat     *chat.Chat
	bus      chat.Bus
	link     Link
	auth     *auth.Auth
	front    auth.Front
	presence *Presence
	log      *slog.Logger
	clock    chat.Clock
	limited  bool
	meter    Meter

	requestID func(context.Context) string

	server *socketio.Server
	lobby  lobby
	look   chan struct{} // asks for a look at the database at once
	// renaming is while what rooms are called is looked at.
	renaming atomic.Bool

	mu       sync.Mutex
	streams  map[chat.RoomID]*stream
	users    map[chat.UserID]map[*conn]bool
	sessions map[auth.SessionID]map[*conn]bool
}

// Options is what a Live is made of.
type Options struct {
	Chat     *chat.Chat
	Bus      chat.Bus
	Link     Link
	Auth     *auth.Auth
	Front    auth.Front
	Presence *Presence
	Clock    chat.Clock
	Logger   *slog.Logger // nil for the default one
	Meter    Meter        // nil for none
	// Forward passes a request of polling on to the node that has its connection (socketio.Options describes it); nil where
	// there are no others.
	Forward func(node string, w http.ResponseWriter, r *http.Request) bool
	// RequestID tells the id of the request that a context is of, for the log; nil for none.
	RequestID func(context.Context) string
	// NoRateLimits lifts the limit on a conn's events and on an address's conns: for tests and benchmarks.
	NoRateLimits bool
}

// New makes a Live. It serves at once, and announces changes while Run runs.
func New(o Options) (*Live, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Meter == nil {
		o.Meter = unmetered{}
	}
	if o.RequestID == nil {
		o.RequestID = func(context.Context) string { return "" }
	}
	l := &Live{
		chat: o.Chat, bus: o.Bus, link: o.Link, auth: o.Auth, front: o.Front, presence: o.Presence, log: o.Logger, clock: o.Clock,
		limited: !o.NoRateLimits, meter: o.Meter, requestID: o.RequestID, look: make(chan struct{}, 1),
		streams: map[chat.RoomID]*stream{},
		users:   map[chat.UserID]map[*conn]bool{}, sessions: map[auth.SessionID]map[*conn]bool{},
	}
	options := socketio.Options{
		MaxPayload:     MaxPayload,
		MaxConnections: maxConns,
		MaxNamespaces:  1,
		RemoteAddr:     func(r *http.Request) string { return auth.AddressKey(l.front.Address(r)) },
		AllowRequest:   l.front.CheckHandshake,
		Context:        l.connContext,
		SameClient:     l.sameClient,
		Node:           o.Link.Node(),
		Forward:        o.Forward,
		Logger:         o.Logger,
	}
	if l.limited {
		options.MaxConnectionsPerAddress = maxConnsPerAddress
	}
	var err error
	if l.server, err = socketio.NewServer(options); err != nil {
		return nil, err
	}
	l.listen(l.server.Of("/"))
	return l, nil
}

// ServeHTTP serves /socket.io/.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.server.ServeHTTP(w, r) }

type openingKey struct{}

// opening is what a connection's opening request carried.
type opening struct {
	tokens    auth.Tokens
	requestID string
}

func openingOf(ctx context.Context) opening {
	o, _ := ctx.Value(openingKey{}).(opening)
	return o
}

// connContext keeps what the opening request carried, judged here, where the connection's own address and TLS are known.
func (l *Live) connContext(r *http.Request) context.Context {
	return context.WithValue(context.Background(), openingKey{}, opening{l.front.Tokens(r), l.requestID(r.Context())})
}

// sameClient decides whether a request that knows a connection's id is its client's: it has to name the same session.
func (l *Live) sameClient(opened *socketio.Handshake, r *http.Request) bool {
	return l.auth.SameSession(openingOf(opened.Context()).tokens, l.front.Tokens(r))
}

// Run announces what the bus brings until the context ends.
func (l *Live) Run(ctx context.Context) {
	cancel := l.bus.Subscribe(func(events []chat.Event) { l.handle(ctx, events) })
	defer cancel()
	var looking sync.WaitGroup
	looking.Go(func() { l.keepLooking(ctx) })
	looking.Go(func() { l.meetOthers(ctx) })
	defer looking.Wait()
	lobby, presence := time.NewTicker(lobbyEvery), time.NewTicker(presenceEvery)
	defer lobby.Stop()
	defer presence.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-lobby.C:
			l.announceLobby()
		case <-presence.C:
			l.announcePresence()
		}
	}
}

// Drain turns new connections away and closes the others spread over the time given, so that they do not all come back
// elsewhere at once. Clients reconnect by themselves.
func (l *Live) Drain(ctx context.Context, over time.Duration) error {
	return l.server.Shutdown(ctx, over)
}

// Close closes every connection at once.
func (l *Live) Close() { _ = l.server.Close() }
