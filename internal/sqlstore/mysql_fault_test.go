package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/test/mariadb"
)

// ledger notes what was acknowledged and announced, and compares it with what is there.
type ledger struct {
	mu        sync.Mutex
	acked     map[string]bool
	announced map[string]int
}

func newLedger() *ledger { return &ledger{acked: map[string]bool{}, announced: map[string]int{}} }

// send sends until it is acknowledged, as clients do: with the same client id.
func (l *ledger) send(db *DB, room chat.RoomID, sender chat.UserID, id string) (tries int, err error) {
	for tries = 1; ; tries++ {
		err = db.Write(context.Background(), func(tx chat.Tx) error {
			tx.AfterCommit(func() { l.mu.Lock(); l.announced[id]++; l.mu.Unlock() })
			return insert(tx, room, sender, id, "text of "+id)
		}, room)
		if chat.CodeOf(err) == chat.ClientIDReused && tries > 1 {
			err = nil
		}
		if chat.CodeOf(err) != chat.Unavailable || tries == 50 {
			break
		}
	}
	if err == nil {
		l.mu.Lock()
		l.acked[id] = true
		l.mu.Unlock()
	}
	return tries, err
}

// check reads the room: everything that was acknowledged is there, once, numbered without gaps, and nothing was announced twice
// or without being there.
func (l *ledger) check(t *testing.T, db *DB, room chat.RoomID) {
	t.Helper()
	// What follows the last commit has run.
	if err := db.Write(t.Context(), func(chat.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	there := map[string]bool{}
	err := db.Read(t.Context(), func(r chat.Reader) error {
		found, err := r.Messages(room, chat.Page{After: 0, Limit: 100_000})
		if err != nil {
			return err
		}
		for n, m := range found {
			if m.Seq != int64(n+1) || there[m.ClientID] {
				t.Errorf("message %d is %d %s", n+1, m.Seq, m.ClientID)
			}
			there[m.ClientID] = true
		}
		now, err := r.Room(room)
		if err == nil && now.Head != int64(len(found)) {
			t.Errorf("head %d with %d messages", now.Head, len(found))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range l.acked {
		if !there[id] {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	for id, times := range l.announced {
		if times != 1 || !there[id] {
			t.Errorf("%s was announced %d times, there: %t", id, times, there[id])
		}
	}
}

// through opens a fresh database by way of a proxy.
func through(t *testing.T) (*DB, *proxy) {
	t.Helper()
	server := mariadb.Shared(t)
	p := newProxy(t, server.Addr())
	return openURL(t, strings.Replace(server.URL(server.Database(t)), server.Addr(), p.addr(), 1)), p
}

// TestAmbiguousCommits cuts connections at their commits in every way. Nobody hears of it, nothing is written twice, and what
// follows a commit happens once.
func TestAmbiguousCommits(t *testing.T) {
	begun := time.Now()
	db, p := through(t)
	seed := seedRoom(t, db, 8)
	l := newLedger()
	n := 0
	for round := range 5 {
		for _, how := range []cutting{beforeCommit, afterCommit, withoutAnswer, serverUnnoticed} {
			before := p.cut(how)
			var all sync.WaitGroup
			for i := range round*2 + 1 { // alone, and together
				id := fmt.Sprint("m", n, "-", i)
				n++
				all.Go(func() {
					if tries, err := l.send(db, seed.room, seed.users[i%8], id); err != nil || tries > 1 {
						t.Errorf("cutting %d: try %d: %v", how, tries, err)
					}
				})
			}
			all.Wait()
			if p.cut(calm) != before+1 {
				t.Errorf("cutting %d was not met", how)
			}
			l.check(t, db, seed.room)
		}
	}
	t.Logf("20 cuts took %v", time.Since(begun).Round(time.Millisecond))
}

// Where it cannot be found out whether a commit took place, nothing is announced, and the same client id tells.
func TestUnknownCommit(t *testing.T) {
	db, p := through(t)
	seed := seedRoom(t, db, 1)
	l := newLedger()
	p.cut(withoutAnswer)
	target := p.target
	p.setTarget("127.0.0.1:1") // nobody answers who connects again
	time.AfterFunc(6*time.Second, func() { p.setTarget(target) })
	begun := time.Now()
	err := db.Write(t.Context(), func(tx chat.Tx) error {
		tx.AfterCommit(func() { t.Error("announced") })
		return insert(tx, seed.room, seed.users[0], "unknown", "text of unknown")
	}, seed.room)
	if chat.CodeOf(err) != chat.Unavailable || !errors.Is(err, errUnknown) || time.Since(begun) > 6*time.Second {
		t.Fatalf("after %v: %v", time.Since(begun), err)
	}
	if _, err := l.send(db, seed.room, seed.users[0], "unknown"); chat.CodeOf(err) != chat.ClientIDReused && err != nil {
		t.Fatal(err)
	}
	l.check(t, db, seed.room)
}

func (p *proxy) setTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// TestKilledServer kills the server and starts it again while people write.
func TestKilledServer(t *testing.T) {
	server := mariadb.Start(t)
	db := openURL(t, server.URL(server.Database(t)))
	seed := seedRoom(t, db, 8)
	l := newLedger()
	var (
		all     sync.WaitGroup
		stop    atomic.Bool
		worst   atomic.Int64
		refused atomic.Int64
	)
	for i, user := range seed.users {
		all.Go(func() {
			for n := 0; !stop.Load(); n++ {
				begun := time.Now()
				tries, err := l.send(db, seed.room, user, fmt.Sprint("k", i, "-", n))
				if err != nil {
					t.Error(err)
				}
				refused.Add(int64(tries - 1))
				worst.Store(max(worst.Load(), int64(time.Since(begun))))
			}
		})
	}
	for range 4 {
		time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		server.Kill()
		time.Sleep(100 * time.Millisecond)
		server.Run(t)
	}
	time.Sleep(100 * time.Millisecond)
	stop.Store(true)
	all.Wait()
	l.check(t, db, seed.room)
	t.Logf("%d sent, %d refused, the longest took %v", len(l.acked), refused.Load(), time.Duration(worst.Load()).Round(time.Millisecond))
}

// TestClosingWithoutAServer: a program that ends while its server is away has lost nothing, and says so.
func TestClosingWithoutAServer(t *testing.T) {
	server := mariadb.Start(t)
	db, err := Open(t.Context(), Options{MySQL: server.URL(server.Database(t)), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	seed := seedRoom(t, db, 1)
	send(t, db, seed.room, seed.users[0], "kept")
	read := func() error {
		return db.Read(t.Context(), func(r chat.Reader) error { _, err := r.Room(seed.room); return err })
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestLostConnections ends all connections again and again: neither readers nor writers notice.
func TestLostConnections(t *testing.T) {
	server := mariadb.Shared(t)
	name := server.Database(t)
	db := openURL(t, server.URL(name))
	seed := seedRoom(t, db, 2)
	l := newLedger()
	for n := range 10 {
		if _, err := l.send(db, seed.room, seed.users[0], fmt.Sprint("c", n)); err != nil {
			t.Fatal(err)
		}
		for range 20 { // every reader is open
			if err := db.Read(t.Context(), func(r chat.Reader) error { _, err := r.Room(seed.room); return err }); err != nil {
				t.Fatal(err)
			}
		}
		server.Disconnect(t, name)
		if n%2 == 0 {
			if err := db.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if tries, err := l.send(db, seed.room, seed.users[1], fmt.Sprint("d", n)); err != nil || tries > 1 {
			t.Fatal(tries, err)
		}
		for range 20 {
			err := db.Read(t.Context(), func(r chat.Reader) error {
				found, err := r.Messages(seed.room, chat.Page{After: -1, Limit: 1})
				if err == nil && found[0].ClientID != fmt.Sprint("d", n) {
					t.Errorf("the newest is %s", found[0].ClientID)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	l.check(t, db, seed.room)
}

// TestFrozenServer: a server that hangs is noticed by who asks for it, everybody hears of it in bounded time, and nothing is lost.
func TestFrozenServer(t *testing.T) {
	server := mariadb.Start(t)
	d, err := newMySQL(server.URL(server.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	d.config.ReadTimeout = 500 * time.Millisecond
	db, err := open(t.Context(), Options{Logger: quiet, Readers: 4}, d, migrations)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	seed := seedRoom(t, db, 4)
	l := newLedger()
	var all sync.WaitGroup
	var stop atomic.Bool
	for i, user := range seed.users {
		all.Go(func() {
			for n := 0; !stop.Load(); n++ {
				if _, err := l.send(db, seed.room, user, fmt.Sprint("f", i, "-", n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	server.Freeze()
	within := func(what string, bound time.Duration, fn func() error) {
		t.Helper()
		begun := time.Now()
		err := fn()
		if chat.CodeOf(err) != chat.Unavailable || time.Since(begun) > bound {
			t.Errorf("%s: after %v: %v", what, time.Since(begun), err)
		}
	}
	within("ping", 2200*time.Millisecond, func() error { return db.Ping(t.Context()) })
	within("read", 6*time.Second, func() error {
		return db.Read(t.Context(), func(r chat.Reader) error { _, err := r.Room(seed.room); return err })
	})
	within("ping", 2200*time.Millisecond, func() error { return db.Ping(t.Context()) })
	server.Thaw()
	deadline := time.Now().Add(15 * time.Second)
	for db.Ping(t.Context()) != nil && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	stop.Store(true)
	all.Wait()
	l.check(t, db, seed.room)
}

// TestReadOnlyServer is a primary that a fail-over has made a replica: writes wait for it to be over, for some seconds.
func TestReadOnlyServer(t *testing.T) {
	server := mariadb.Start(t)
	name := server.Database(t)
	server.Do(t, "", "CREATE USER plain IDENTIFIED BY 'plain'; GRANT ALL ON "+name+".* TO plain")
	db := openURL(t, "mysql://plain:plain@"+server.Addr()+"/"+name)
	seed := seedRoom(t, db, 1)
	server.Do(t, "", "SET GLOBAL read_only = 1")
	over := time.AfterFunc(500*time.Millisecond, func() { server.Do(t, "", "SET GLOBAL read_only = 0") })
	l := newLedger()
	if tries, err := l.send(db, seed.room, seed.users[0], "waits"); err != nil || tries > 1 {
		t.Fatal(tries, err)
	}
	over.Stop()
	server.Do(t, "", "SET GLOBAL read_only = 1")
	begun := time.Now()
	err := db.Write(t.Context(), func(tx chat.Tx) error {
		return insert(tx, seed.room, seed.users[0], "refused", "text of refused")
	})
	if took := time.Since(begun); chat.CodeOf(err) != chat.Unavailable || took > 8*time.Second {
		t.Fatalf("after %v: %v", took, err)
	}
	if err := db.Read(t.Context(), func(r chat.Reader) error { _, err := r.Room(seed.room); return err }); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "", "SET GLOBAL read_only = 0")
	l.check(t, db, seed.room)
}

// TestTwoNodesWrite has two nodes change the same users, and lock the same rooms in opposite orders without having said so: no deadlock
// reaches a caller, and nothing is lost.
func TestTwoNodesWrite(t *testing.T) {
	server := mariadb.Shared(t)
	name := server.Database(t)
	nodes := []*DB{openURL(t, server.URL(name)), openURL(t, server.URL(name))}
	seed := seedRoom(t, nodes[0], 4)
	other := chat.RoomID("01JROOM0000000000000000001")
	if err := nodes[0].Write(t.Context(), func(tx chat.Tx) error {
		return tx.InsertRoom(chat.Room{ID: other, Kind: chat.Private, CreatedAt: start})
	}); err != nil {
		t.Fatal(err)
	}
	const each = 25
	var all sync.WaitGroup
	for n, db := range nodes {
		for caller := range 4 {
			all.Go(func() {
				rooms := []chat.RoomID{seed.room, other}
				if n == 1 {
					slices.Reverse(rooms)
				}
				for i := range each {
					err := db.Write(context.Background(), func(tx chat.Tx) error {
						user, err := tx.LockUser(seed.users[caller%2])
						if err != nil {
							return err
						}
						user.Name += "+"
						if err := tx.UpdateUser(user); err != nil {
							return err
						}
						for _, room := range rooms {
							if err := insert(tx, room, seed.users[(caller+i)%4], fmt.Sprint(n, caller, i, room), "x"); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	err := nodes[1].Read(t.Context(), func(r chat.Reader) error {
		heads, err := r.Heads([]chat.RoomID{seed.room, other})
		if want := int64(2 * 4 * each); heads[seed.room] != want || heads[other] != want {
			t.Errorf("heads %v, want %d", slices.Collect(maps.Values(heads)), want)
		}
		if err != nil {
			return err
		}
		for _, id := range seed.users[:2] {
			user, err := r.User(id)
			if err != nil {
				return err
			}
			if got := strings.Count(user.Name, "+"); got != 2*2*each {
				t.Errorf("%d changes of a name are left", got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
