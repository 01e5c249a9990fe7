package live

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/socketio"
)

// How often the node looks.
const (
	headsEvery    = 5 * time.Second        // at the database, for changes that nobody announced: half of what is promised
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

// MaxPayload is how many bytes an event from a client, or the body of its polling, may have: a message of 4,000 code points,
// every one escaped, and room to spare.
const MaxPayload = 64 << 10

// Live is this node's Socket.IO side.
type Live struct {
	chat     *chat.Chat
	auth     *auth.Auth
	front    auth.Front
	presence *Presence
	log      *slog.Logger
	clock    chat.Clock
	limited  bool

	server *socketio.Server
	lobby  lobby

	mu       sync.Mutex
	streams  map[chat.RoomID]*stream
	users    map[chat.UserID]map[*conn]bool
	sessions map[auth.SessionID]map[*conn]bool
}

// Options is what a Live is made of.
type Options struct {
	Chat     *chat.Chat
	Auth     *auth.Auth
	Front    auth.Front
	Presence *Presence
	Clock    chat.Clock
	Logger   *slog.Logger
	// Node is this node's name among several behind one address, and Forward passes a request of polling on to the one that
	// has its connection (socketio.Options, where both are described). Empty and nil: this node is alone.
	Node    string
	Forward func(node string, w http.ResponseWriter, r *http.Request) bool
	// NoRateLimits lifts the limit on a conn's events and on an address's conns: for tests and benchmarks.
	NoRateLimits bool
}

// New makes a Live. It serves at once, and announces changes while Run runs.
func New(o Options) (*Live, error) {
	l := &Live{
		chat: o.Chat, auth: o.Auth, front: o.Front, presence: o.Presence, log: o.Logger, clock: o.Clock,
		limited: !o.NoRateLimits,
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
		Node:           o.Node,
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

type tokensKey struct{}

// connContext keeps what the opening request carried, judged here, where the connection's own address and TLS are known.
func (l *Live) connContext(r *http.Request) context.Context {
	return context.WithValue(context.Background(), tokensKey{}, l.front.Tokens(r))
}

// sameClient decides whether a request that knows a connection's id is its client's: it has to name the same session.
func (l *Live) sameClient(opened *socketio.Handshake, r *http.Request) bool {
	first, _ := opened.Context().Value(tokensKey{}).(auth.Tokens)
	return l.auth.SameSession(first, l.front.Tokens(r))
}

// Run announces what the bus brings until the context ends.
func (l *Live) Run(ctx context.Context, bus chat.Bus) {
	cancel := bus.Subscribe(func(events []chat.Event) { l.handle(ctx, events) })
	defer cancel()
	heads, lobby, presence := time.NewTicker(headsEvery), time.NewTicker(lobbyEvery), time.NewTicker(presenceEvery)
	defer heads.Stop()
	defer lobby.Stop()
	defer presence.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-heads.C:
			l.lookAtHeads(ctx)
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

// lookAtHeads finds changes that no event told of: their announcer died, or the bus lost them.
func (l *Live) lookAtHeads(ctx context.Context) {
	const batch = 500
	l.mu.Lock()
	streams := make(map[chat.RoomID]*stream, len(l.streams))
	ids := make([]chat.RoomID, 0, len(l.streams))
	for id, s := range l.streams {
		streams[id] = s
		ids = append(ids, id)
	}
	l.mu.Unlock()
	for len(ids) > 0 {
		n := min(batch, len(ids))
		heads, err := l.chat.Heads(ctx, ids[:n])
		if err != nil {
			l.logError(ctx, "looking at the heads", err)
			return
		}
		for _, id := range ids[:n] {
			head, exists := heads[id]
			cursor, ready := streams[id].position()
			switch {
			case !exists:
				l.dropRoom(id)
			case ready && head > cursor:
				l.catchUp(ctx, streams[id])
			}
		}
		ids = ids[n:]
	}
}

// catchUp reads from the database what a stream did not get, and announces it.
func (l *Live) catchUp(ctx context.Context, s *stream) {
	const page = 500
	for {
		cursor, _ := s.position()
		watching := s.watching()
		missed, err := l.chat.Missed(ctx, s.id, cursor, page, watching)
		if chat.CodeOf(err) == chat.NotFound {
			l.dropRoom(s.id)
			return
		}
		if err != nil {
			// The next look at the heads tries again.
			l.logError(ctx, "reading what was missed", err)
			return
		}
		strangers, ok := s.catchUp(missed, cursor, watching)
		for _, sub := range strangers {
			l.unsubscribe(sub.conn, s.id)
		}
		if ok && len(missed.Changes) < page {
			return
		}
	}
}

func (l *Live) logError(ctx context.Context, doing string, err error) {
	if !errors.Is(err, context.Canceled) {
		l.log.ErrorContext(ctx, doing, "error", err.Error())
	}
}
