package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"go.uber.org/goleak"
	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/live"
	"github.com/maru-chat/maru/internal/photo"
	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/internal/sqlstore"
	"github.com/maru-chat/maru/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a Maru with nothing but its Socket.IO side, on a real database.
type node struct {
	*chat.Chat
	*house
	live  *live.Live
	auth  *auth.Auth
	url   string
	clock chat.Clock
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// logBuffer keeps what was logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func start(t *testing.T, wrap func(chat.Bus) chat.Bus) *node {
	t.Helper()
	memory := bus.NewMemory()
	var carrier chat.Bus = memory
	if wrap != nil {
		carrier = wrap(memory)
	}
	n := openHouse(t).join(carrier, memory)
	t.Cleanup(memory.Close)
	return n
}

// house is what nodes share.
type house struct {
	t     *testing.T
	store *sqlstore.DB
	blobs *blob.Disk
	log   *logBuffer
}

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, log: &logBuffer{}}
	var err error
	h.store, err = sqlstore.Open(t.Context(), sqlstore.Options{Path: filepath.Join(t.TempDir(), "maru.db"), Logger: h.logger()})
	must(t, err)
	h.blobs, err = blob.OpenDisk(t.TempDir())
	must(t, err)
	t.Cleanup(func() {
		must(t, h.store.Close())
		must(t, h.blobs.Close())
	})
	return h
}

func (h *house) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(h.log, nil)) }

// join starts a node; it ends before its house does.
func (h *house) join(carrier chat.Bus, link live.Link) *node {
	t := h.t
	t.Helper()
	n := &node{house: h, clock: systemClock{}}
	log := h.logger()
	presence := live.NewPresence(n.clock)
	n.Chat = chat.New(chat.Options{
		Store: h.store, Bus: carrier, Clock: n.clock, Presence: presence, NFC: norm.NFC.String,
		DigestKey: []byte("a key for tests"), NoRateLimits: true, Blobs: h.blobs, Photos: photo.NewLab(2, 1<<20),
	})
	var err error
	n.auth, err = auth.New(h.store, n.Chat, carrier, n.clock, bytes.Repeat([]byte{7}, auth.MinSecretBytes), auth.Options{
		Cost: auth.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}, Logger: log,
	})
	must(t, err)
	n.live, err = live.New(live.Options{
		Chat: n.Chat, Bus: carrier, Link: link, Auth: n.auth, Presence: presence, Clock: n.clock, Logger: log, NoRateLimits: true,
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { n.live.Run(ctx) })
	server := httptest.NewServer(n.live)
	n.url = strings.Replace(server.URL, "http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
	t.Cleanup(func() {
		must(t, n.live.Drain(context.Background(), 0))
		server.Close()
		cancel()
		running.Wait()
	})
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is a user with a session.
type person struct {
	id    chat.UserID
	grant auth.Grant
}

func (n *node) person(name string) person {
	n.t.Helper()
	grant, err := n.auth.SignUp(n.t.Context(), strings.ToLower(chat.NewID()), "a password", name, auth.Device{Kind: auth.Program})
	must(n.t, err)
	return person{grant.User.ID, grant}
}

func (n *node) room(owner person, change chat.NewRoom, members ...person) chat.RoomID {
	n.t.Helper()
	change.Name, change.Category = chat.NewID(), "방"
	if change.Kind == chat.Private {
		change.Category = ""
	}
	room, _, err := n.CreateRoom(n.t.Context(), owner.id, change)
	must(n.t, err)
	for _, m := range members {
		_, err := n.Join(n.t.Context(), m.id, room.ID)
		must(n.t, err)
	}
	return room.ID
}

func (n *node) say(by person, room chat.RoomID, text string) chat.Message {
	n.t.Helper()
	m, _, err := n.Send(n.t.Context(), by.id, room, chat.Draft{ClientID: chat.NewID(), Text: text})
	must(n.t, err)
	return m
}

// picture uploads one of a few pixels.
func (n *node) picture(by person) chat.ImageID {
	n.t.Helper()
	image, err := n.AddImage(n.t.Context(), by.id, bytes.NewReader(phototest.PNG(n.t, phototest.Quarters(4, 3))))
	must(n.t, err)
	return image.ID
}

// client is a Socket.IO client that knows just enough.
type client struct {
	t    *testing.T
	conn net.Conn
	from io.Reader

	mu     sync.Mutex
	wmu    sync.Mutex
	next   int
	acks   map[int]chan json.RawMessage
	events chan event
	closed chan struct{}
}

type event struct {
	name    string
	payload json.RawMessage
}

// connect opens a connection and waits for ready.
func (n *node) connect(p person) (*client, wire.Ready) {
	n.t.Helper()
	c := n.dial(fmt.Sprintf(`{"token":%q}`, p.grant.AccessToken))
	return c, expect[wire.Ready](c, "ready")
}

func (n *node) dial(authPayload string) *client {
	n.t.Helper()
	conn, buffered, _, err := ws.Dial(n.t.Context(), n.url)
	must(n.t, err)
	c := &client{
		t: n.t, conn: conn, from: conn, acks: map[int]chan json.RawMessage{},
		events: make(chan event, 10_000), closed: make(chan struct{}),
	}
	if buffered != nil {
		c.from = io.MultiReader(buffered, conn)
	}
	n.t.Cleanup(c.close)
	go c.read()
	c.write("40" + authPayload)
	return c
}

func (c *client) close() {
	_ = c.conn.Close()
	<-c.closed
}

func (c *client) write(text string) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	_ = wsutil.WriteClientText(c.conn, []byte(text))
}

func (c *client) read() {
	defer close(c.closed)
	defer close(c.events)
	for {
		raw, _, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{c.from, c.conn})
		if err != nil {
			return
		}
		text := string(raw)
		switch {
		case text == "2":
			c.write("3")
		case strings.HasPrefix(text, "42"):
			var parts []json.RawMessage
			if json.Unmarshal(raw[2:], &parts) != nil || len(parts) != 2 {
				panic("not an event of ours: " + text)
			}
			name, _ := strconv.Unquote(string(parts[0]))
			c.events <- event{name, parts[1]}
		case strings.HasPrefix(text, "43"):
			bracket := strings.IndexByte(text, '[')
			id, _ := strconv.Atoi(text[2:bracket])
			var parts []json.RawMessage
			_ = json.Unmarshal(raw[bracket:], &parts)
			c.mu.Lock()
			answer := c.acks[id]
			delete(c.acks, id)
			c.mu.Unlock()
			answer <- parts[0]
		case strings.HasPrefix(text, "44"):
			c.events <- event{"connect_error", raw[2:]}
		}
	}
}

// ask emits an event and returns its acknowledgement.
func (c *client) ask(name, payload string) json.RawMessage {
	c.t.Helper()
	answer := make(chan json.RawMessage, 1)
	c.mu.Lock()
	id := c.next
	c.next++
	c.acks[id] = answer
	c.mu.Unlock()
	c.write(fmt.Sprintf("42%d[%q,%s]", id, name, payload))
	select {
	case raw := <-answer:
		return raw
	case <-c.closed:
		c.t.Fatalf("%s: the connection closed", name)
	case <-time.After(10 * time.Second):
		c.t.Fatalf("%s: no acknowledgement", name)
	}
	return nil
}

// answer is an acknowledgement with everything any of them has.
type answer struct {
	OK bool `json:"ok"`
	wire.MessageAnswer
	ReadSeq int64         `json:"readSeq"`
	Unread  int           `json:"unread"`
	Room    wire.Room     `json:"room"`
	Error   *wire.Failure `json:"error"`
}

func (c *client) call(name string, payload any) answer {
	c.t.Helper()
	raw, err := json.Marshal(payload)
	must(c.t, err)
	var a answer
	must(c.t, json.Unmarshal(c.ask(name, string(raw)), &a))
	return a
}

// expect waits for an event of that name, passing others by.
func expect[T any](c *client, name string) T {
	c.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-c.events:
			if !open {
				c.t.Fatalf("closed before %s", name)
			}
			if e.name == name {
				var v T
				must(c.t, json.Unmarshal(e.payload, &v))
				return v
			}
		case <-deadline:
			c.t.Fatalf("no %s", name)
		}
	}
}

// quiet fails where an event of that name is among those that came, or come in a moment.
func (c *client) quiet(name string) {
	c.t.Helper()
	moment := time.After(100 * time.Millisecond)
	for {
		select {
		case e, open := <-c.events:
			if !open {
				return
			}
			if e.name == name {
				c.t.Fatalf("got %s %s", name, e.payload)
			}
		case <-moment:
			return
		}
	}
}

var _ http.Handler = (*live.Live)(nil)
