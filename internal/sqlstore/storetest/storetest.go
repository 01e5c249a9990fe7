// Package storetest says from outside what a store must do; every database runs the same suite.
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

// Store is everything the program asks of its database.
type Store interface {
	chat.Store
	chat.Sweeper
	auth.Store
}

// Run runs the suite. open returns a fresh, empty store whose clock tells about the system's time; it closes it when the
// test ends.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, part := range []struct {
		name string
		run  func(t *testing.T, s *store)
	}{
		{"accounts", accounts},
		{"first account is the admin", adminClaim},
		{"passwords", passwords},
		{"sessions", sessions},
		{"rotating a session", rotation},
		{"live sessions", liveSessions},
		{"users", users},
		{"locking a user", lockedUser},
		{"anonymising", anonymising},
		{"categories", categories},
		{"rooms", rooms},
		{"direct rooms", directRooms},
		{"memberships", memberships},
		{"recent joins", recentJoins},
		{"my rooms", myRooms},
		{"many rooms", manyRooms},
		{"unread", unread},
		{"messages", messages},
		{"pages", pages},
		{"changes", changes},
		{"client ids", clientIDs},
		{"images", images},
		{"images seen", imagesSeen},
		{"images of a room", roomImages},
		{"photos", photos},
		{"removals", removals},
		{"deleted rooms", deletedRooms},
		{"sweeping", sweeping},
		{"own changes", ownChanges},
		{"visitors", visitors},
		{"failing neighbours", failingNeighbours},
		{"panics", panics},
		{"snapshots", snapshots},
		{"order of writes", orderOfWrites},
		{"after commit", afterCommit},
		{"contexts", contexts},
		{"against a model", againstModel},
	} {
		t.Run(part.name, func(t *testing.T) {
			part.run(t, &store{Store: open(t), t: t})
		})
	}
}

// store is the store under test with shorthands that end the test where they fail.
type store struct {
	Store
	t testing.TB
}

var (
	start   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	counter atomic.Int64
)

// unique returns a short name that no other call returns.
func unique(prefix string) string { return fmt.Sprintf("%s%06d", prefix, counter.Add(1)) }

// at returns a moment some milliseconds into the tests' day.
func at(ms int64) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func (s *store) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("unexpected error: %v", err)
	}
}

func (s *store) code(err error, want chat.Code) {
	s.t.Helper()
	if got := chat.CodeOf(err); got != want {
		s.t.Fatalf("error is %q (%v), want %q", got, err, want)
	}
}

func equal[T any](t testing.TB, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Fatalf("\n got %s\nwant %s", g, w)
	}
}

func (s *store) write(fn func(tx chat.Tx) error) {
	s.t.Helper()
	s.ok(s.Write(s.t.Context(), fn))
}

func (s *store) read(fn func(r chat.Reader) error) {
	s.t.Helper()
	s.ok(s.Read(s.t.Context(), fn))
}

// read1 and write1 return what one verb returns.
func read1[T any](s *store, fn func(r chat.Reader) (T, error)) (out T, err error) {
	s.t.Helper()
	err = s.Read(s.t.Context(), func(r chat.Reader) error {
		var err error
		out, err = fn(r)
		return err
	})
	return out, err
}

func get[T any](s *store, fn func(r chat.Reader) (T, error)) T {
	s.t.Helper()
	out, err := read1(s, fn)
	s.ok(err)
	return out
}

func (s *store) session(user chat.UserID) auth.Session {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return auth.Session{
		ID: auth.SessionID(unique("s")), UserID: user, Kind: auth.Browser, RefreshHash: []byte(unique("hash")),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour), UserAgent: "a browser", Address: "192.0.2.1",
	}
}

// user makes an account.
func (s *store) user(name string) chat.User {
	s.t.Helper()
	id := chat.UserID(unique("u"))
	u, err := s.CreateAccount(s.t.Context(), chat.User{
		ID: id, LoginID: unique("login"), Name: name, Role: chat.RoleMember, CreatedAt: start,
	}, "password of "+name, s.session(id))
	s.ok(err)
	return u
}

func (s *store) category(name string) chat.Category {
	s.t.Helper()
	c := chat.Category{ID: chat.CategoryID(unique("c")), Name: name}
	s.write(func(tx chat.Tx) error { return tx.InsertCategory(c) })
	return c
}

func newRoom(kind chat.RoomKind, name string, category chat.CategoryID) chat.Room {
	return chat.Room{
		ID: chat.RoomID(unique("r")), Kind: kind, Name: name, CategoryID: category,
		History: chat.HistoryAll, CreatedAt: start,
	}
}

// room makes a private room with these members.
func (s *store) room(members ...chat.User) chat.Room {
	s.t.Helper()
	r := newRoom(chat.Private, unique("room"), "")
	r.MemberCount = len(members)
	s.write(func(tx chat.Tx) error {
		if err := tx.InsertRoom(r); err != nil {
			return err
		}
		for i, u := range members {
			if err := tx.PutMembership(membership(r, u, int64(i))); err != nil {
				return err
			}
		}
		return nil
	})
	return r
}

func membership(r chat.Room, u chat.User, joined int64) chat.Membership {
	return chat.Membership{RoomID: r.ID, UserID: u.ID, JoinedAt: at(joined), Role: chat.MemberOrdinary}
}

// say takes the room's next number for a message.
func say(tx chat.Tx, id chat.RoomID, m chat.Message) (chat.Message, error) {
	r, err := tx.LockRoom(id)
	if err != nil {
		return m, err
	}
	r.Head++
	m.RoomID, m.Seq, m.Rev = id, r.Head, r.Head
	if m.Kind == "" {
		m.Kind = chat.KindMessage
	}
	if m.SentAt.IsZero() {
		m.SentAt = at(r.Head)
	}
	if m.ClientID == "" && m.SenderID != "" {
		m.ClientID = unique("cid")
	}
	if err := tx.UpdateRoom(r); err != nil {
		return m, err
	}
	var digest []byte
	if m.ClientID != "" {
		digest = []byte("digest of " + m.ClientID)
	}
	return m, tx.InsertMessage(m, digest)
}

// alter takes the room's next number for a change of a message.
func alter(tx chat.Tx, m chat.Message, change func(*chat.Message)) (chat.Message, error) {
	r, err := tx.LockRoom(m.RoomID)
	if err != nil {
		return m, err
	}
	r.Head++
	m.Rev = r.Head
	change(&m)
	if err := tx.UpdateRoom(r); err != nil {
		return m, err
	}
	return m, tx.UpdateMessage(m)
}

func edited(text string) func(*chat.Message) {
	return func(m *chat.Message) { m.Text, m.EditedAt = text, at(m.Rev) }
}

func erased(m *chat.Message) { m.Kind, m.Text, m.ReplyTo = chat.KindDeleted, "", 0 }

func (s *store) say(r chat.Room, from chat.User, text string) chat.Message {
	s.t.Helper()
	var m chat.Message
	s.write(func(tx chat.Tx) (err error) {
		m, err = say(tx, r.ID, chat.Message{SenderID: from.ID, Text: text})
		return err
	})
	return m
}

func (s *store) alter(m chat.Message, change func(*chat.Message)) chat.Message {
	s.t.Helper()
	var out chat.Message
	s.write(func(tx chat.Tx) (err error) {
		out, err = alter(tx, m, change)
		return err
	})
	return out
}

// remove marks a room as deleted.
func (s *store) remove(id chat.RoomID) {
	s.t.Helper()
	s.write(func(tx chat.Tx) error {
		r, err := tx.LockRoom(id)
		if err != nil {
			return err
		}
		r.Deleted = true
		return tx.UpdateRoom(r)
	})
}

func seqs(messages []chat.Message) []int64 {
	out := []int64{}
	for _, m := range messages {
		out = append(out, m.Seq)
	}
	return out
}

func revs(messages []chat.Message) []int64 {
	out := []int64{}
	for _, m := range messages {
		out = append(out, m.Rev)
	}
	return out
}

func ids[T any, I ~string](things []T, id func(T) I) []string {
	out := []string{}
	for _, thing := range things {
		out = append(out, string(id(thing)))
	}
	return out
}

func sorted(in []string) []string {
	slices.Sort(in)
	return in
}

var errOnPurpose = errors.New("on purpose")
