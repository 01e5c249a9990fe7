package bus_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/bus/bustest"
	"github.com/maru-chat/maru/internal/chat"
	natstest "github.com/maru-chat/maru/test/nats"
)

var key = bytes.Repeat([]byte{7}, 32)

func options(url string) bus.Options {
	return bus.Options{URL: url, Name: "test", Key: key, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func join(t *testing.T, o bus.Options) *bus.NATS {
	t.Helper()
	b, err := bus.OpenNATS(o)
	must(t, err)
	t.Cleanup(b.Close)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

func TestNATS(t *testing.T) {
	server := natstest.Start(t)
	count := 0
	fresh := func() bus.Options { // other nodes' words of an earlier part are no business of a later one
		count++
		o := options(server.URL())
		o.Name = fmt.Sprint("test", count)
		return o
	}
	bustest.Run(t, func(t *testing.T) chat.Bus { return join(t, fresh()) })
	bustest.RunNodes(t, func(t *testing.T) (one, other chat.Bus) {
		o := fresh()
		return join(t, o), join(t, o)
	})
}

// TestWhenNATSIsNotThere kills and freezes the server: a node's own people notice nothing, and both nodes learn that they
// have missed something.
func TestWhenNATSIsNotThere(t *testing.T) {
	server := natstest.Start(t)
	one, other := join(t, options(server.URL())), join(t, options(server.URL()))
	other.Watch("room")
	own, theirs := bustest.Listen(one), bustest.Listen(other)
	missed := map[*bus.NATS]*counter{one: countMissed(one), other: countMissed(other)}
	say := func(b chat.Bus, rev int64) {
		began := time.Now()
		b.Publish(chat.MessageChanged{Message: chat.Message{RoomID: "room", Rev: rev}})
		if took := time.Since(began); took > time.Second {
			t.Errorf("publishing took %s", took)
		}
	}
	say(one, 1)
	theirs.Wait(t, 1)
	sum := 1
	for round, trouble := range []struct {
		name      string
		end, mend func()
	}{
		{"killed", server.Kill, server.Run},
		{"frozen", func() { server.Signal(syscall.SIGSTOP) }, func() { server.Signal(syscall.SIGCONT) }},
	} {
		before := map[*bus.NATS]int{one: missed[one].now(), other: missed[other].now()}
		trouble.end()
		for i := range int64(6000) { // more than may wait
			say(one, int64(round+1)*10_000+i)
		}
		sum += 6000
		own.Wait(t, sum)
		within(t, 20*time.Second, trouble.name+": both nodes know", func() bool { return one.Ready() != nil && other.Ready() != nil })
		watching := time.Now()
		other.Watch("another")
		if took := time.Since(watching); took > 1500*time.Millisecond {
			t.Errorf("%s: watching took %s", trouble.name, took)
		}
		trouble.mend()
		within(t, 20*time.Second, trouble.name+": both nodes are back and look", func() bool {
			return one.Ready() == nil && other.Ready() == nil && missed[one].now() > before[one] && missed[other].now() > before[other]
		})
		// What waited may be told late; what is said now comes.
		for _, room := range []chat.RoomID{"room", "another"} {
			last := chat.MessageChanged{Message: chat.Message{RoomID: room, Rev: int64(round+1) * 100_000}}
			within(t, 20*time.Second, trouble.name+": the other node hears", func() bool {
				one.Publish(last) // again, since a server that thaws may be left once more
				sum++
				return slices.ContainsFunc(theirs.Wait(t, 1), func(e chat.Event) bool { return reflect.DeepEqual(e, last) })
			})
		}
	}
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) now() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func countMissed(b chat.Bus) *counter {
	c := &counter{}
	b.Subscribe(func(events []chat.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, event := range events {
			if _, missed := event.(chat.EventsMissed); missed {
				c.n++
			}
		}
	})
	return c
}

// A node may start before its NATS does.
func TestNATSComesLater(t *testing.T) {
	server := natstest.Start(t)
	server.Kill()
	b := join(t, options(server.URL()))
	ear := bustest.Listen(b)
	b.Watch("room")
	b.Publish(chat.Typed{RoomID: "room", UserID: "u"})
	ear.Wait(t, 1)
	if b.Ready() == nil {
		t.Error("ready without a server")
	}
	server.Run()
	within(t, 10*time.Second, "it is ready", func() bool { return b.Ready() == nil })
	other := join(t, options(server.URL()))
	other.Publish(chat.Typed{RoomID: "room", UserID: "v"})
	ear.Wait(t, 2)
}

func TestOneSubscriptionARoom(t *testing.T) {
	server := natstest.Start(t)
	one, other := join(t, options(server.URL())), join(t, options(server.URL()))
	var rooms []chat.RoomID
	for i := range 5000 {
		rooms = append(rooms, chat.RoomID(fmt.Sprint("room", i)))
	}
	for _, b := range []*bus.NATS{one, other} {
		b.Watch(rooms...)
		b.Watch(rooms...)
		if n := b.Subscriptions(); n > 5000+2 {
			t.Errorf("%d subscriptions for 5000 rooms", n)
		}
		b.Unwatch(rooms...)
	}
	ear := bustest.Listen(other)
	for i, id := range rooms {
		one.Publish(chat.Typed{RoomID: id})
		ear.Wait(t, i-1000)
	}
	ear.Wait(t, 5000)
	for range 2 {
		one.Unwatch(rooms...)
	}
	within(t, 5*time.Second, "nothing is left", func() bool { return one.Subscriptions() <= 2 })
}

// TestWhoeverElseSpeaks: another deployment on the same NATS is not heard, and one with another secret, or a stranger who
// forges, repeats elsewhere or babbles on our subjects, is told of and changes nothing.
func TestWhoeverElseSpeaks(t *testing.T) {
	server := natstest.Start(t)
	one := join(t, options(server.URL()))
	ear := bustest.Listen(one)
	one.Watch("room")
	neighbour := options(server.URL())
	neighbour.Name = "neighbour"
	join(t, neighbour).Publish(chat.Typed{RoomID: "room"}, chat.SessionEnded{SessionID: "s"})
	must(t, one.Ready())

	stranger, err := nats.Connect(server.URL())
	must(t, err)
	defer stranger.Close()
	heard := make(chan *nats.Msg, 100)
	_, err = stranger.ChanSubscribe(">", heard)
	must(t, err)
	must(t, stranger.Flush())
	second := join(t, options(server.URL()))
	second.Publish(chat.MessageChanged{Message: chat.Message{RoomID: "room", Text: "SECRET WORDS"}})
	ear.Wait(t, 1)
	sealed := <-heard
	for sealed.Subject != "maru.test.room.room" {
		sealed = <-heard
	}
	if bytes.Contains(sealed.Data, []byte("SECRET")) {
		t.Error("who listens at the NATS can read")
	}
	forged := bytes.Clone(sealed.Data)
	forged[len(forged)-1] ^= 1
	for _, words := range []struct {
		subject string
		data    []byte
	}{
		{"maru.test.room.room", forged},
		{"maru.test.all", sealed.Data},
		{"maru.test.all", nil},
		{"maru.test.all", []byte(`[{"e":{"SessionID":"s"}}]`)},
		{"maru.test.node." + one.Node() + ".kind", []byte("babble")},
	} {
		must(t, stranger.Publish(words.subject, words.data))
	}
	must(t, stranger.Flush())
	within(t, 5*time.Second, "it is told of", func() bool { return one.Ready() != nil })
	second.Publish(chat.Typed{RoomID: "room", UserID: "u"})
	if got := ear.Wait(t, 2); len(got) != 2 {
		t.Errorf("heard %v", got)
	}
	within(t, 5*time.Second, "they are counted", func() bool { return one.Stats().Strangers == 4 })
	if s := one.Stats(); s.Connected || s.Heard < 6 || s.HeardBytes == 0 || second.Stats().Published < 2 || second.Stats().Told < 2 {
		t.Errorf("%+v and %+v", s, second.Stats())
	}
}

func TestOpenNATSErrors(t *testing.T) {
	locked := natstest.Start(t, "--user", "maru", "--pass", "right")
	for _, c := range []struct {
		what, url string
		want      error
	}{
		{"no URL", "nats:", bus.ErrURL},
		{"another scheme", "redis://localhost:6379", bus.ErrURL},
		{"one of two is wrong", "nats://127.0.0.1:4222,localhost", bus.ErrURL},
		{"something that greets otherwise", "nats://" + greet(t, "5.5.5-10.11.0-MariaDB\x00\r\n"), bus.ErrNotNATS},
		{"no password", locked.URL(), bus.ErrRefused},
		{"a wrong password", "nats://maru:wrongwrong@" + locked.Addr(), bus.ErrRefused},
		{"an old server", "nats://" + greet(t, `INFO {"server_id":"x","version":"2.9.3","proto":1,"headers":true,"max_payload":1048576}`+"\r\nPONG\r\n"), bus.ErrOldNATS},
	} {
		b, err := bus.OpenNATS(options(c.url))
		if !errors.Is(err, c.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "wrongwrong") {
			t.Errorf("%s: %v", c.what, err)
		}
		if b != nil {
			b.Close()
		}
	}
	join(t, options("nats://maru:right@"+locked.Addr()))

	// A server that does not greet may be a NATS that is frozen: it is waited for.
	web := httptest.NewServer(nil)
	defer web.Close()
	if join(t, options(strings.Replace(web.URL, "http", "nats", 1))).Ready() == nil {
		t.Error("ready at a web server")
	}
}

// A server that lets us in and not do everything says so at the start.
func TestMissingRights(t *testing.T) {
	config := t.TempDir() + "/nats.conf"
	must(t, os.WriteFile(config, []byte(`authorization { users = [ {user: maru, password: p, permissions: {publish: "maru.>", subscribe: "maru.test.all"}} ] }`), 0o600))
	server := natstest.Start(t, "--config", config)
	_, err := bus.OpenNATS(options("nats://maru:p@" + server.Addr()))
	if !errors.Is(err, bus.ErrRefused) || strings.Contains(err.Error(), "\n") {
		t.Fatal(err)
	}
}

// greet is a server that says one thing to everybody.
func greet(t *testing.T, words string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(conn, words)
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestNodesTalk(t *testing.T) {
	server := natstest.Start(t)
	one, other := join(t, options(server.URL())), join(t, options(server.URL()))
	if one.Node() == other.Node() || len(one.Node()) != 8 {
		t.Fatalf("nodes %q and %q", one.Node(), other.Node())
	}
	var mu sync.Mutex
	heard := map[string][]string{}
	for _, b := range []*bus.NATS{one, other} {
		cancel, err := b.Receive("kind", func(words []byte) {
			mu.Lock()
			defer mu.Unlock()
			heard[b.Node()] = append(heard[b.Node()], string(words))
		})
		must(t, err)
		defer cancel()
	}
	other.Watch("last")
	large := strings.Repeat("x", one.MaxPayload())
	for _, words := range []string{"1", large, "2"} {
		must(t, one.Send(other.Node(), "kind", []byte(words)))
	}
	must(t, one.Send("", "kind", []byte("3")))
	must(t, one.Send("nobody", "kind", []byte("4")))
	within(t, 5*time.Second, "it is heard", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(heard[other.Node()]) == 4
	})
	if got := heard[other.Node()]; got[0]+got[2]+got[3] != "123" || got[1] != large {
		t.Errorf("heard %v", len(got))
	}
	if len(heard[one.Node()]) > 0 {
		t.Errorf("heard itself: %v", heard)
	}
	server.Kill()
	within(t, 10*time.Second, "it knows", func() bool { return one.Send(other.Node(), "kind", nil) != nil })
}
