package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

// hold keeps the writer busy until release is called, so that what is written meanwhile shares a transaction.
func hold(s *store) (release func()) {
	entered, leave, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var once sync.Once
		err := s.Write(context.Background(), func(chat.Tx) error {
			once.Do(func() { close(entered) })
			<-leave
			return nil
		})
		if err != nil {
			s.t.Error(err)
		}
	}()
	<-entered
	return func() { close(leave); <-done }
}

// ownChanges: whatever a store puts off until the commit, a transaction reads what it and those before it have changed.
func ownChanges(t *testing.T, s *store) {
	u, peer := s.user("U"), s.user("P")
	r := s.room(u)
	direct := newRoom(chat.Direct, "", "")
	direct.Pair = [2]chat.UserID{min(u.ID, peer.ID), max(u.ID, peer.ID)}
	public := newRoom(chat.Public, unique("public"), "")
	s.write(func(tx chat.Tx) error {
		c := chat.Category{ID: chat.CategoryID(unique("c")), Name: unique("category")}
		public.CategoryID = c.ID
		return errors.Join(tx.InsertCategory(c), tx.InsertRoom(direct), tx.InsertRoom(public))
	})
	heads := func(tx chat.Tx) (string, error) {
		one, err1 := tx.Room(r.ID)
		pair, err2 := tx.DirectRoom(direct.Pair)
		mine, err3 := tx.MyRooms(u.ID)
		all, err4 := tx.Heads([]chat.RoomID{r.ID, direct.ID, public.ID})
		_, lobby, err5 := tx.PublicRooms()
		err := errors.Join(err1, err2, err3, err4, err5)
		if err != nil || len(mine) != 1 || len(lobby) != 1 {
			return "", errors.Join(err, fmt.Errorf("%d rooms, %d public", len(mine), len(lobby)))
		}
		return fmt.Sprint(one.Head, pair.Head, mine[0].Room.Head, all[r.ID], all[direct.ID], lobby[0].Head), nil
	}
	for n := 1; n <= 3; n++ {
		want := fmt.Sprint(n, n, n, n, n, n)
		s.write(func(tx chat.Tx) error {
			for _, id := range []chat.RoomID{r.ID, direct.ID, public.ID} {
				if _, err := say(tx, id, chat.Message{SenderID: u.ID, Text: "x"}); err != nil {
					return err
				}
			}
			got, err := heads(tx)
			if err == nil {
				equal(t, got, want)
			}
			return err
		})
		s.read(func(q chat.Reader) error {
			got, err := q.Heads([]chat.RoomID{r.ID, direct.ID, public.ID})
			equal(t, fmt.Sprint(got[r.ID], got[direct.ID], got[public.ID]), fmt.Sprint(n, n, n))
			return err
		})
	}
}

func failingNeighbours(t *testing.T, s *store) {
	ctx := t.Context()
	u := s.user("U")
	r := s.room(u)
	const writes = 60
	release := hold(s)
	errs := make([]error, writes)
	var all sync.WaitGroup
	for i := range writes {
		all.Go(func() {
			errs[i] = s.Write(ctx, func(tx chat.Tx) error {
				if _, err := say(tx, r.ID, chat.Message{SenderID: u.ID, ClientID: fmt.Sprint("n", i), Text: "x"}); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return errOnPurpose
				case 2: // a duplicate after something was written
					_, err := say(tx, r.ID, chat.Message{SenderID: u.ID, ClientID: fmt.Sprint("n", i), Text: "y"})
					return err
				case 3:
					tx.AfterCommit(func() { t.Error("ran though its write failed") })
					panic("on purpose")
				}
				return nil
			})
		})
	}
	release()
	all.Wait()
	for i, err := range errs {
		switch i % 4 {
		case 0:
			s.ok(err)
		case 1:
			equal(t, errors.Is(err, errOnPurpose), true)
		case 2:
			s.code(err, chat.ClientIDReused)
		case 3:
			s.code(err, chat.Internal)
		}
	}
	got := get(s, func(q chat.Reader) ([]chat.Message, error) {
		return q.Messages(r.ID, chat.Page{After: -1, Limit: 2 * writes})
	})
	equal(t, len(got), writes/4)
	for i, m := range got { // no number was lost to those that failed
		equal(t, m.Seq, int64(i+1))
	}
	equal(t, get(s, func(q chat.Reader) (chat.Room, error) { return q.Room(r.ID) }).Head, int64(writes/4))
}

func panics(t *testing.T, s *store) {
	ctx := t.Context()
	u := s.user("U")
	s.code(s.Write(ctx, func(tx chat.Tx) error {
		u.Name = "Never"
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		panic("on purpose")
	}), chat.Internal)
	equal(t, get(s, func(q chat.Reader) (chat.User, error) { return q.User(u.ID) }).Name, "U")
	for range 10 { // more than there are readers
		func() {
			defer func() { equal(t, fmt.Sprint(recover()), "on purpose") }()
			_ = s.Read(ctx, func(chat.Reader) error { panic("on purpose") })
		}()
	}
	equal(t, get(s, func(q chat.Reader) (chat.User, error) { return q.User(u.ID) }).Name, "U")
	// A transaction's argument is of no use after its end.
	var kept chat.Reader
	s.read(func(q chat.Reader) error { kept = q; return nil })
	if _, err := kept.User(u.ID); err == nil {
		t.Fatal("read after the end of the transaction")
	}
}

func snapshots(t *testing.T, s *store) {
	u := s.user("U")
	a, b := s.room(u), s.room(u)
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			// Both rooms move together.
			if err := s.Write(context.Background(), func(tx chat.Tx) error {
				for _, r := range []chat.Room{a, b} {
					if _, err := say(tx, r.ID, chat.Message{SenderID: u.ID, Text: "x"}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 4 {
		all.Go(func() {
			for range 100 {
				err := s.Read(context.Background(), func(q chat.Reader) error {
					first, err := q.Room(a.ID)
					if err != nil {
						return err
					}
					last, err := q.Messages(b.ID, chat.Page{After: -1, Limit: 1})
					if err != nil {
						return err
					}
					second, err := q.Room(b.ID)
					if err != nil {
						return err
					}
					if first.Head != second.Head || (first.Head > 0 && (len(last) != 1 || last[0].Seq != first.Head)) {
						t.Errorf("heads %d and %d, last %v", first.Head, second.Head, seqs(last))
					}
					again, err := q.Room(a.ID)
					if err == nil && again.Head != first.Head {
						t.Errorf("the head moved inside a snapshot")
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	// The readers end by themselves.
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for range 100 {
		_ = get(s, func(q chat.Reader) (chat.Room, error) { return q.Room(a.ID) })
	}
	close(stop)
	<-done

	// What was acknowledged is in every later snapshot.
	for range 50 {
		m := s.say(a, u, "y")
		equal(t, get(s, func(q chat.Reader) (chat.Message, error) { return q.Message(a.ID, m.Seq) }), m)
	}
}

func orderOfWrites(t *testing.T, s *store) {
	u := s.user("U")
	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		ran     []int
		settled = 0
	)
	const writes = 100
	release := hold(s)
	var waits []func() error
	for i := range writes {
		waits = append(waits, s.Begin(context.Background(), func(chat.Tx) error {
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, i)
			return nil
		}))
	}
	release()
	for _, wait := range waits {
		s.ok(wait())
	}
	for i, n := range ran {
		if i == n {
			settled++
		}
	}
	equal(t, settled, writes)

	// One caller's sequence, with others beside it.
	r := s.room(u)
	for caller := range 8 {
		all.Go(func() {
			for i := range 20 {
				if err := s.Write(context.Background(), func(tx chat.Tx) error {
					_, err := say(tx, r.ID, chat.Message{
						SenderID: u.ID, ClientID: fmt.Sprintf("%d-%02d", caller, i), Text: fmt.Sprint(caller),
					})
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	next := map[string]int{}
	for i, m := range get(s, func(q chat.Reader) ([]chat.Message, error) {
		return q.Messages(r.ID, chat.Page{After: 0, Limit: 200})
	}) {
		equal(t, m.Seq, int64(i+1))
		equal(t, m.ClientID, fmt.Sprintf("%s-%02d", m.Text, next[m.Text]))
		next[m.Text]++
	}
	equal(t, len(next), 8)
}

func afterCommit(t *testing.T, s *store) {
	u := s.user("U")
	r := s.room(u)
	const writes = 100
	type announced struct {
		seq     int64
		durable bool
	}
	told := make(chan announced, writes)
	var all sync.WaitGroup
	release := hold(s)
	for i := range writes {
		all.Go(func() {
			err := s.Write(context.Background(), func(tx chat.Tx) error {
				m, err := say(tx, r.ID, chat.Message{SenderID: u.ID, Text: "x"})
				tx.AfterCommit(func() {
					// Another connection sees it, so it is committed.
					err := s.Read(context.Background(), func(q chat.Reader) error {
						_, err := q.Message(r.ID, m.Seq)
						return err
					})
					told <- announced{m.Seq, err == nil}
				})
				if i%10 == 0 {
					tx.AfterCommit(func() { panic("on purpose") })
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	release()
	all.Wait()
	for i := range writes {
		equal(t, <-told, announced{int64(i + 1), true})
	}
	err := s.Write(t.Context(), func(tx chat.Tx) error {
		tx.AfterCommit(func() { t.Error("ran though its write failed") })
		return errOnPurpose
	})
	equal(t, errors.Is(err, errOnPurpose), true)
	s.write(func(chat.Tx) error { return nil })
}

func contexts(t *testing.T, s *store) {
	ctx, cancel := context.WithCancel(t.Context())
	release := hold(s)
	result := make(chan error)
	go func() {
		result <- s.Write(ctx, func(chat.Tx) error { t.Error("ran though it was withdrawn"); return nil })
	}()
	waitUntilQueued()
	cancel()
	err := <-result
	equal(t, errors.Is(err, context.Canceled), true)
	s.code(err, chat.Unavailable)
	release()
	s.code(s.Write(ctx, func(chat.Tx) error { t.Error("ran though cancelled before"); return nil }), chat.Unavailable)
	s.code(s.Read(ctx, func(chat.Reader) error { t.Error("read though cancelled before"); return nil }), chat.Unavailable)

	// Once started it is finished.
	ctx, cancel = context.WithCancel(t.Context())
	u := s.user("U")
	s.ok(s.Write(ctx, func(tx chat.Tx) error {
		cancel()
		u.Name = "Done"
		return tx.UpdateUser(u)
	}))
	equal(t, get(s, func(q chat.Reader) (chat.User, error) { return q.User(u.ID) }).Name, "Done")
	equal(t, s.Epoch() != "", true)
}
