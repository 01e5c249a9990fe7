package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
	"github.com/maru-chat/maru/test/mariadb"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		mariadb.Stop()
		os.Exit(code)
	}))
}

// house is a chat on a real database, with what it published.
type house struct {
	*chat.Chat
	t     *testing.T
	store *sqlstore.DB
	heard *heard
	clock *clock
}

// heard is a bus that only listens.
type heard struct {
	chat.Bus // nothing else of it is asked for

	mu     sync.Mutex
	events []chat.Event
}

func (h *heard) Publish(events ...chat.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, events...)
}

// take returns what was published since it was last asked. A write returns before its events leave, so an empty write
// goes before it.
func (h *house) take() []chat.Event {
	h.t.Helper()
	for range 2 { // the first one's hooks run before the second one begins
		if err := h.store.Write(h.t.Context(), func(chat.Tx) error { return nil }); err != nil {
			h.t.Fatal(err)
		}
	}
	h.heard.mu.Lock()
	defer h.heard.mu.Unlock()
	events := h.heard.events
	h.heard.events = nil
	return events
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type nobody struct{}

func (nobody) Online(chat.UserID) bool { return false }

func open(t *testing.T, change ...func(*chat.Options)) *house {
	t.Helper()
	return openOn(t, onSQLite(t), change...)
}

func onSQLite(t *testing.T) sqlstore.Options {
	return sqlstore.Options{Path: filepath.Join(t.TempDir(), "maru.db")}
}

// onMySQL is a fresh database of the test process's server.
func onMySQL(t *testing.T) sqlstore.Options {
	server := mariadb.Shared(t)
	return sqlstore.Options{MySQL: server.URL(server.Database(t))}
}

func openOn(t *testing.T, on sqlstore.Options, change ...func(*chat.Options)) *house {
	t.Helper()
	on.Logger = slog.New(slog.DiscardHandler)
	store, err := sqlstore.Open(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, store: store, heard: &heard{}, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	o := chat.Options{
		Store: store, Bus: h.heard, Clock: h.clock, Presence: nobody{}, NFC: norm.NFC.String,
		DigestKey: []byte("a key for tests"), NoRateLimits: true,
	}
	for _, fn := range change {
		fn(&o)
	}
	h.Chat = chat.New(o)
	return h
}

// user makes an account; the first one is an admin, so tests that need an ordinary one make two.
func (h *house) user(name string) chat.UserID {
	h.t.Helper()
	u := chat.User{ID: chat.UserID(chat.NewID()), LoginID: chat.NewID(), Name: name, CreatedAt: h.clock.Now()}
	_, err := h.store.CreateAccount(context.Background(), u, "hash", auth.Session{
		ID: auth.SessionID(chat.NewID()), UserID: u.ID, Kind: auth.Browser, RefreshHash: []byte(chat.NewID()),
		CreatedAt: u.CreatedAt, LastUsedAt: u.CreatedAt, RotatedAt: u.CreatedAt, ExpiresAt: u.CreatedAt.Add(time.Hour),
	})
	must(h.t, err)
	return u.ID
}

// room makes a public room with members.
func (h *house) room(owner chat.UserID, n chat.NewRoom, members ...chat.UserID) chat.RoomID {
	h.t.Helper()
	if n.Name == "" {
		n.Name = chat.NewID()
	}
	if n.Kind != chat.Private && n.Category == "" {
		n.Category = "스터디"
	}
	room, _, err := h.CreateRoom(h.t.Context(), owner, n)
	must(h.t, err)
	for _, m := range members {
		_, err := h.Join(h.t.Context(), m, room.ID)
		must(h.t, err)
	}
	return room.ID
}

func (h *house) say(by chat.UserID, room chat.RoomID, text string) chat.Message {
	h.t.Helper()
	m, _, err := h.Send(h.t.Context(), by, room, chat.Draft{ClientID: chat.NewID(), Text: text})
	must(h.t, err)
	return m
}

func (h *house) history(by chat.UserID, room chat.RoomID) []chat.Message {
	h.t.Helper()
	page, err := h.History(h.t.Context(), by, room, chat.HistoryPage{Limit: chat.MaxPage})
	must(h.t, err)
	return page.Messages
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails unless err has the code.
func refused(t *testing.T, err error, code chat.Code) {
	t.Helper()
	if chat.CodeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

// fieldOf returns what is wrong with a field of an Invalid error.
func fieldOf(err error, field string) string {
	e, ok := errors.AsType[*chat.Error](err)
	if !ok || e.Code != chat.Invalid {
		return ""
	}
	return e.Fields[field]
}

func texts(messages []chat.Message) []string {
	var out []string
	for _, m := range messages {
		if m.Kind == chat.KindMessage {
			out = append(out, m.Text)
		}
	}
	return out
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func ptr[T any](v T) *T { return &v }
