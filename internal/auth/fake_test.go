package auth

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// cheap keeps argon2id from dominating the tests.
var cheap = Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}

// memory is a Store without a disk, and the Users of the tests.
type memory struct {
	mu       sync.Mutex
	users    map[chat.UserID]chat.User
	hashes   map[chat.UserID]string
	sessions map[SessionID]Session

	beforeInsert func() // runs before InsertSession takes effect
}

func newMemory() *memory {
	return &memory{users: map[chat.UserID]chat.User{}, hashes: map[chat.UserID]string{}, sessions: map[SessionID]Session{}}
}

var errNone = chat.Errorf(chat.NotFound, "none")

func (m *memory) byLogin(loginID string) (chat.User, bool) {
	for _, u := range m.users {
		if u.LoginID == loginID && !u.Deleted {
			return u, true
		}
	}
	return chat.User{}, false
}

func (m *memory) CreateAccount(_ context.Context, user chat.User, hash string, s Session) (chat.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.byLogin(user.LoginID); taken {
		return chat.User{}, chat.Errorf(chat.LoginIDTaken, "taken")
	}
	if len(m.users) == 0 {
		user.Role = chat.RoleAdmin
	}
	m.users[user.ID], m.hashes[user.ID], m.sessions[s.ID] = user, hash, s
	return user, nil
}

func (m *memory) Credentials(_ context.Context, loginID string) (chat.User, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u, ok := m.byLogin(loginID); ok {
		return u, m.hashes[u.ID], nil
	}
	return chat.User{}, "", errNone
}

func (m *memory) CredentialsOf(_ context.Context, id chat.UserID) (chat.User, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u, ok := m.users[id]; ok && !u.Deleted {
		return u, m.hashes[id], nil
	}
	return chat.User{}, "", errNone
}

func (m *memory) SetPassword(_ context.Context, id chat.UserID, hash string, keep SessionID) ([]SessionID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hashes[id] = hash
	var ended []SessionID
	for _, s := range m.sessions {
		if s.UserID == id && s.ID != keep {
			ended = append(ended, s.ID)
			delete(m.sessions, s.ID)
		}
	}
	return ended, nil
}

func (m *memory) ReplaceHash(_ context.Context, id chat.UserID, old, replacement string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hashes[id] == old {
		m.hashes[id] = replacement
	}
	return nil
}

func (m *memory) InsertSession(_ context.Context, s Session) error {
	if m.beforeInsert != nil {
		m.beforeInsert()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users[s.UserID].Deleted {
		return errNone
	}
	m.sessions[s.ID] = s
	return nil
}

func (m *memory) Session(_ context.Context, id SessionID, now time.Time) (Session, chat.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[id]
	if !ok || !now.Before(s.ExpiresAt) {
		return Session{}, chat.User{}, errNone
	}
	return s, m.users[s.UserID], nil
}

func (m *memory) Sessions(_ context.Context, id chat.UserID, now time.Time) ([]Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Session
	for _, s := range m.sessions {
		if s.UserID == id && now.Before(s.ExpiresAt) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b Session) int { return b.LastUsedAt.Compare(a.LastUsedAt) })
	return found, nil
}

func (m *memory) LiveSessions(_ context.Context, ids []SessionID, now time.Time) ([]SessionID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	live := []SessionID{}
	for _, id := range ids {
		if s, ok := m.sessions[id]; ok && s.ExpiresAt.After(now) {
			live = append(live, id)
		}
	}
	return live, nil
}

func (m *memory) RotateSession(_ context.Context, s Session, expected []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, ok := m.sessions[s.ID]
	if !ok || !bytes.Equal(now.RefreshHash, expected) {
		return false, nil
	}
	m.sessions[s.ID] = s
	return true, nil
}

func (m *memory) DeleteSession(_ context.Context, user chat.UserID, id SessionID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions[id]; !ok || s.UserID != user {
		return errNone
	}
	delete(m.sessions, id)
	return nil
}

func (m *memory) DeleteExpiredSessions(_ context.Context, now time.Time) ([]SessionID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ended []SessionID
	for _, s := range m.sessions {
		if !now.Before(s.ExpiresAt) {
			ended = append(ended, s.ID)
			delete(m.sessions, s.ID)
		}
	}
	return ended, nil
}

func (m *memory) KnownAddress(_ context.Context, loginID, address string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, ok := m.byLogin(loginID)
	for _, s := range m.sessions {
		if ok && s.UserID == u.ID && s.Address == address {
			return true, nil
		}
	}
	return false, nil
}

func (m *memory) CleanUserName(field, name string) (string, error) {
	if name = strings.TrimSpace(name); name == "" {
		return "", chat.InvalidField(field, chat.FieldRequired)
	}
	return name, nil
}

func (m *memory) DeleteAccount(_ context.Context, id chat.UserID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[id] = chat.User{ID: id, Deleted: true}
	delete(m.hashes, id)
	for _, s := range m.sessions {
		if s.UserID == id {
			delete(m.sessions, s.ID)
		}
	}
	return nil
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// ended records the ends of sessions, and checks that each is durable by then.
type ended struct {
	chat.Bus // nothing else of it is asked for

	store *memory
	clock *clock
	t     *testing.T
	mu    sync.Mutex
	all   []chat.SessionEnded
}

func (e *ended) Publish(events ...chat.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range events {
		end := event.(chat.SessionEnded)
		if _, _, err := e.store.Session(context.Background(), SessionID(end.SessionID), e.clock.Now()); err == nil {
			e.t.Errorf("the end of %s was told before it was so", end.SessionID)
		}
		e.all = append(e.all, end)
	}
}

// take returns the reasons told since it was last called, by session.
func (e *ended) take() map[string]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]string{}
	for _, end := range e.all {
		out[end.SessionID] = end.Reason
	}
	e.all = nil
	return out
}

type world struct {
	*Auth
	store *memory
	clock *clock
	ended *ended
}

func newWorld(t *testing.T, options Options) *world {
	t.Helper()
	w := &world{store: newMemory(), clock: &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}}
	w.ended = &ended{store: w.store, clock: w.clock, t: t}
	if options.Cost == (Cost{}) {
		options.Cost = cheap
	}
	a, err := New(w.store, w.store, w.ended, w.clock, bytes.Repeat([]byte("s"), 32), options)
	if err != nil {
		t.Fatal(err)
	}
	w.Auth = a
	return w
}

const password = "correct horse 배터리"

var home = Device{Kind: Browser, UserAgent: "Firefox", Address: netip.MustParseAddr("203.0.113.7")}

func (w *world) signUp(t *testing.T, loginID string) Grant {
	t.Helper()
	g, err := w.SignUp(t.Context(), loginID, password, "민지", home)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (w *world) refresh(t *testing.T, token string) Grant {
	t.Helper()
	g, err := w.Refresh(t.Context(), token, home)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func expectCode(t *testing.T, err error, code chat.Code) {
	t.Helper()
	if got := chat.CodeOf(err); got != code {
		t.Errorf("got %q (%v), want %q", got, err, code)
	}
}
