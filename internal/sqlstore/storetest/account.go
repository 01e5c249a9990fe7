package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
)

func accounts(t *testing.T, s *store) {
	ctx := t.Context()
	mei := s.user("Mei")
	equal(t, get(s, func(r chat.Reader) (chat.User, error) { return r.User(mei.ID) }), mei)

	u, hash, err := s.Credentials(ctx, mei.LoginID)
	s.ok(err)
	equal(t, u, mei)
	equal(t, hash, "password of Mei")
	u, hash, err = s.CredentialsOf(ctx, mei.ID)
	s.ok(err)
	equal(t, u, mei)
	equal(t, hash, "password of Mei")
	_, _, err = s.Credentials(ctx, "nobody")
	s.code(err, chat.NotFound)
	_, _, err = s.CredentialsOf(ctx, "nobody")
	s.code(err, chat.NotFound)

	// A login id in use, and nothing of the failed account remains.
	id, session := chat.UserID(unique("u")), s.session("")
	_, err = s.CreateAccount(ctx, chat.User{ID: id, LoginID: mei.LoginID, Name: "Mai", CreatedAt: start}, "x", session)
	s.code(err, chat.LoginIDTaken)
	_, err = read1(s, func(r chat.Reader) (chat.User, error) { return r.User(id) })
	s.code(err, chat.NotFound)
	_, _, err = s.Session(ctx, session.ID, time.Now())
	s.code(err, chat.NotFound)
}

func adminClaim(t *testing.T, s *store) {
	const racers = 20
	roles := make([]chat.Role, racers)
	var all sync.WaitGroup
	for i := range racers {
		id := chat.UserID(unique("u"))
		user := chat.User{ID: id, LoginID: unique("login"), Name: "Racer", Role: chat.RoleMember, CreatedAt: start}
		session := s.session(id)
		all.Go(func() {
			u, err := s.CreateAccount(t.Context(), user, "x", session)
			if err != nil {
				t.Error(err)
			}
			stored, err := read1(s, func(r chat.Reader) (chat.User, error) { return r.User(u.ID) })
			if err != nil || stored != u {
				t.Errorf("stored %+v (%v), returned %+v", stored, err, u)
			}
			roles[i] = u.Role
		})
	}
	all.Wait()
	admins := 0
	for _, role := range roles {
		if role == chat.RoleAdmin {
			admins++
		}
	}
	equal(t, admins, 1)
}

func passwords(t *testing.T, s *store) {
	ctx := t.Context()
	u := s.user("Bo")
	first, second := s.session(u.ID), s.session(u.ID)
	s.ok(s.InsertSession(ctx, first))
	s.ok(s.InsertSession(ctx, second))

	gone, err := s.SetPassword(ctx, u.ID, "new", first.ID)
	s.ok(err)
	equal(t, len(gone), 2) // the account's own, and the second
	_, hash, err := s.CredentialsOf(ctx, u.ID)
	s.ok(err)
	equal(t, hash, "new")
	left, err := s.Sessions(ctx, u.ID, time.Now())
	s.ok(err)
	equal(t, ids(left, func(s auth.Session) auth.SessionID { return s.ID }), []string{string(first.ID)})

	gone, err = s.SetPassword(ctx, u.ID, "newer", "")
	s.ok(err)
	equal(t, gone, []auth.SessionID{first.ID})
	_, err = s.SetPassword(ctx, "nobody", "x", "")
	s.code(err, chat.NotFound)

	s.ok(s.ReplaceHash(ctx, u.ID, "not the old one", "stolen"))
	_, hash, err = s.CredentialsOf(ctx, u.ID)
	s.ok(err)
	equal(t, hash, "newer")
	s.ok(s.ReplaceHash(ctx, u.ID, "newer", "stronger"))
	_, hash, err = s.CredentialsOf(ctx, u.ID)
	s.ok(err)
	equal(t, hash, "stronger")
}

func sessions(t *testing.T, s *store) {
	ctx := t.Context()
	u, other := s.user("Ann"), s.user("Ben")
	now := time.Now().UTC().Truncate(time.Millisecond)
	_, err := s.SetPassword(ctx, u.ID, "x", "")
	s.ok(err)

	old, fresh, dead := s.session(u.ID), s.session(u.ID), s.session(u.ID)
	old.LastUsedAt = now.Add(-time.Minute)
	fresh.Kind, fresh.Address, fresh.RotatedAt, fresh.PreviousHash = auth.Program, "192.0.2.9", now, []byte("before")
	dead.ExpiresAt, dead.Address = now, "192.0.2.13"
	for _, one := range []auth.Session{old, fresh, dead} {
		s.ok(s.InsertSession(ctx, one))
	}
	orphan := s.session("nobody")
	s.code(s.InsertSession(ctx, orphan), chat.NotFound)

	got, user, err := s.Session(ctx, fresh.ID, now)
	s.ok(err)
	equal(t, got, fresh)
	equal(t, user, u)
	_, _, err = s.Session(ctx, dead.ID, now)
	s.code(err, chat.NotFound)
	_, _, err = s.Session(ctx, dead.ID, now.Add(-time.Millisecond))
	s.ok(err)
	_, _, err = s.Session(ctx, "none", now)
	s.code(err, chat.NotFound)

	live, err := s.Sessions(ctx, u.ID, now)
	s.ok(err)
	equal(t, live, []auth.Session{fresh, old})

	for address, want := range map[string]bool{"192.0.2.9": true, "192.0.2.13": false, "198.51.100.1": false} {
		known, err := s.KnownAddress(ctx, u.LoginID, address)
		s.ok(err)
		equal(t, known, want)
	}
	known, err := s.KnownAddress(ctx, "nobody", "192.0.2.9")
	s.ok(err)
	equal(t, known, false)

	s.code(s.DeleteSession(ctx, other.ID, old.ID), chat.NotFound)
	s.ok(s.DeleteSession(ctx, u.ID, old.ID))
	s.code(s.DeleteSession(ctx, u.ID, old.ID), chat.NotFound)

	gone, err := s.DeleteExpiredSessions(ctx, now)
	s.ok(err)
	equal(t, gone, []auth.SessionID{dead.ID})
	gone, err = s.DeleteExpiredSessions(ctx, now)
	s.ok(err)
	equal(t, len(gone), 0)
}

func liveSessions(t *testing.T, s *store) {
	ctx := t.Context()
	now := time.Now().UTC().Truncate(time.Millisecond)
	u := s.user("U")
	var asked []auth.SessionID
	var want []string
	for i := range 20 {
		one := s.session(u.ID)
		if i%4 == 0 {
			one.ExpiresAt = now
		} else {
			want = append(want, string(one.ID))
		}
		s.ok(s.InsertSession(ctx, one))
		asked = append(asked, one.ID, auth.SessionID(unique("none")))
	}
	for range 1500 { // more than are asked for in one statement
		asked = append(asked, auth.SessionID(unique("none")))
	}
	live := func(asked []auth.SessionID) []string {
		t.Helper()
		found, err := s.LiveSessions(ctx, asked, now)
		s.ok(err)
		return sorted(ids(found, func(id auth.SessionID) auth.SessionID { return id }))
	}
	equal(t, live(asked), sorted(want))
	equal(t, live(nil), []string{})
	s.ok(s.DeleteSession(ctx, u.ID, auth.SessionID(want[0])))
	equal(t, live(asked), want[1:])
}

func rotation(t *testing.T, s *store) {
	ctx := t.Context()
	session := s.session(s.user("Kim").ID)
	s.ok(s.InsertSession(ctx, session))

	const racers = 16
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		wins []auth.Session
	)
	for range racers {
		next := session
		next.RefreshHash, next.PreviousHash = []byte(unique("hash")), session.RefreshHash
		next.RotatedAt = session.CreatedAt.Add(time.Second)
		next.LastUsedAt, next.ExpiresAt = next.RotatedAt, next.RotatedAt.Add(time.Hour)
		next.Address, next.UserAgent = "192.0.2.77", "another browser"
		all.Go(func() {
			won, err := s.RotateSession(ctx, next, session.RefreshHash)
			if err != nil {
				t.Error(err)
			}
			if won {
				mu.Lock()
				defer mu.Unlock()
				wins = append(wins, next)
			}
		})
	}
	all.Wait()
	equal(t, len(wins), 1)
	got, _, err := s.Session(ctx, session.ID, session.CreatedAt)
	s.ok(err)
	equal(t, got, wins[0])

	lost := session
	lost.ID = "none"
	won, err := s.RotateSession(ctx, lost, session.RefreshHash)
	s.ok(err)
	equal(t, won, false)
}

func users(t *testing.T, s *store) {
	many := []chat.UserID{}
	for range 300 {
		many = append(many, s.user("someone").ID)
	}
	ada, ann, maya := s.user("Ada Ötztal"), s.user("ann"), s.user("MAYA")
	name := func(u chat.User) chat.UserID { return u.ID }

	found := get(s, func(r chat.Reader) ([]chat.User, error) { return r.Users(append(many, "nobody", ada.ID)) })
	equal(t, sorted(ids(found, name)), sorted(append(ids(many, func(id chat.UserID) chat.UserID { return id }), string(ada.ID))))
	equal(t, len(get(s, func(r chat.Reader) ([]chat.User, error) { return r.Users(nil) })), 0)

	find := func(query string, limit int) []string {
		return ids(get(s, func(r chat.Reader) ([]chat.User, error) { return r.FindUsers(query, limit) }), name)
	}
	equal(t, find("ÖTZ", 10), []string{string(ada.ID)})
	equal(t, find("a", 10), []string{string(ada.ID), string(maya.ID), string(ann.ID)})
	equal(t, find("a", 2), []string{string(ada.ID), string(maya.ID)})
	equal(t, find("%", 10), []string{})
	equal(t, len(find("someone", 500)), 300)

	ada.Name, ada.Role = "Zoe", chat.RoleAdmin
	s.write(func(tx chat.Tx) error { return tx.UpdateUser(ada) })
	equal(t, get(s, func(r chat.Reader) (chat.User, error) { return r.User(ada.ID) }), ada)
	equal(t, find("zO", 10), []string{string(ada.ID)})

	taken := ada
	taken.LoginID = ann.LoginID
	s.code(s.Write(t.Context(), func(tx chat.Tx) error { return tx.UpdateUser(taken) }), chat.LoginIDTaken)
	s.code(s.Write(t.Context(), func(tx chat.Tx) error { return tx.UpdateUser(chat.User{ID: "nobody"}) }), chat.NotFound)
	_, err := read1(s, func(r chat.Reader) (chat.User, error) { return r.User("nobody") })
	s.code(err, chat.NotFound)
}

func lockedUser(t *testing.T, s *store) {
	u := s.user("U")
	s.write(func(tx chat.Tx) error {
		got, err := tx.LockUser(u.ID)
		if err != nil {
			return err
		}
		equal(t, got, u)
		got.Name = "Changed"
		if err := tx.UpdateUser(got); err != nil {
			return err
		}
		again, err := tx.LockUser(u.ID)
		equal(t, again, got)
		return err
	})
	s.code(s.Write(t.Context(), func(tx chat.Tx) error { _, err := tx.LockUser("nobody"); return err }), chat.NotFound)
	s.write(func(tx chat.Tx) error { return tx.AnonymiseUser(u.ID) })
	s.write(func(tx chat.Tx) error {
		got, err := tx.LockUser(u.ID)
		equal(t, got.Deleted, true)
		return err
	})

	// What many change at once loses nothing.
	counted := s.user("0")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.Write(t.Context(), func(tx chat.Tx) error {
				got, err := tx.LockUser(counted.ID)
				if err != nil {
					return err
				}
				got.Name += "+"
				return tx.UpdateUser(got)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	equal(t, len(get(s, func(r chat.Reader) (chat.User, error) { return r.User(counted.ID) }).Name), 21)
}

func anonymising(t *testing.T, s *store) {
	ctx := t.Context()
	u := s.user("Gone")
	session := s.session(u.ID)
	s.ok(s.InsertSession(ctx, session))
	s.write(func(tx chat.Tx) error { return tx.AnonymiseUser(u.ID) })

	want := chat.User{ID: u.ID, Role: u.Role, CreatedAt: u.CreatedAt, Deleted: true}
	equal(t, get(s, func(r chat.Reader) (chat.User, error) { return r.User(u.ID) }), want)
	equal(t, get(s, func(r chat.Reader) ([]chat.User, error) { return r.Users([]chat.UserID{u.ID}) }), []chat.User{want})
	equal(t, len(get(s, func(r chat.Reader) ([]chat.User, error) { return r.FindUsers("", 10) })), 0)
	_, _, err := s.Credentials(ctx, u.LoginID)
	s.code(err, chat.NotFound)
	_, _, err = s.CredentialsOf(ctx, u.ID)
	s.code(err, chat.NotFound)
	_, _, err = s.Session(ctx, session.ID, time.Now())
	s.code(err, chat.NotFound)
	s.code(s.InsertSession(ctx, s.session(u.ID)), chat.NotFound)
	_, err = s.SetPassword(ctx, u.ID, "x", "")
	s.code(err, chat.NotFound)

	// The login id is free, and its next owner is nobody special.
	id := chat.UserID(unique("u"))
	again, err := s.CreateAccount(ctx, chat.User{
		ID: id, LoginID: u.LoginID, Name: "New", Role: chat.RoleMember, CreatedAt: start,
	}, "x", s.session(id))
	s.ok(err)
	equal(t, again.Role, chat.RoleMember)
	s.code(s.Write(ctx, func(tx chat.Tx) error { return tx.AnonymiseUser("nobody") }), chat.NotFound)
}
