package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/maru-chat/maru/socketio"
)

// probe asks whether the websocket works.
func (c *client) probe() {
	c.t.Helper()
	c.send("2probe")
	c.expect("3probe")
}

// over takes the session over to a websocket.
func (p *poller) over() *client {
	p.t.Helper()
	c := p.probed()
	c.send("5")
	return c
}

// probed tries a websocket, or another one while an attempt before has not been
// noticed to be over.
func (p *poller) probed() (c *client) {
	p.t.Helper()
	eventually(p.t, "a websocket is probed", func() bool {
		c = p.upgrade()
		c.send("2probe")
		f, err := c.frame()
		if err != nil || string(f.Payload) != "3probe" {
			_ = c.conn.Close()
			return false
		}
		return true
	})
	return c
}

// stillPolls requires that a failed upgrade has left the session as it was.
func (p *poller) stillPolls() {
	p.t.Helper()
	p.send(`427["echo","still here"]`)
	if got := p.collect(1); got[0] != `437["still here"]` {
		p.t.Errorf("got %q", got)
	}
}

// The sequence of the document (Engine.IO protocol 4, "Upgrade").
func TestUpgrade(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	connected, ended := sockets(server), watch(server)
	p := pollIn(t, serve(t, server))
	s := within(t, "a socket", connected)
	waits := p.ask()
	c := p.upgrade()
	c.send("2probe")
	c.expect("3probe")
	if a := within(t, "the waiting request", waits); !a.is(http.StatusOK, "6") {
		t.Errorf("the waiting request got %+v", a)
	}
	p.expect("6") // no later one waits for long
	must(t, s.Emit("n", 1))
	p.expect(`42["n",1]`) // and what is to be said, is said
	must(t, s.Emit("n", 2))
	if n := server.Stats().Polling; n != 1 {
		t.Errorf("%d poll", n)
	}
	c.send("5")
	c.expect(`42["n",2]`)
	if s.Transport() != "websocket" {
		t.Errorf("the transport is %q", s.Transport())
	}
	eventually(t, "the upgrade is counted", func() bool { return server.Stats().Upgrades == 1 && server.Stats().Polling == 0 })
	c.send(`421["echo","é"]`)
	c.expect(`431["é"]`)
	for name, a := range map[string]answer{"GET": p.get(), "POST": p.post("3")} {
		if !a.is(http.StatusBadRequest, badRequest) {
			t.Errorf("a %s afterwards got %+v", name, a)
		}
	}
	if code := p.upgrade().expectClose(); code != ws.StatusPolicyViolation {
		t.Errorf("a second websocket was closed with %d", code)
	}
	c.send(`422["echo"]`)
	c.expect(`432[]`)
	must(t, c.conn.Close())
	if g := within(t, "the end", ended); g.reason != socketio.ReasonTransportClose {
		t.Errorf("reason %q", g.reason)
	}
	p.gone()
}

// Attack 14: what is no upgrade costs the websocket, and nothing else.
func TestUpgradesThatAreNone(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	text := func(s string) []byte { return masked(ws.NewTextFrame([]byte(s))) }
	binary := masked(ws.NewBinaryFrame([]byte("5")))
	closing := masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))
	for _, c := range []struct {
		name   string
		probed bool
		bytes  []byte
	}{
		{"the upgrade without a probe", false, text("5")},
		{"a ping without its word", false, text("2")},
		{"a pong first", false, text("3probe")},
		{"a message first", false, text(`42["echo"]`)},
		{"nothing first", false, text("")},
		{"the probe in binary", false, masked(ws.NewBinaryFrame([]byte("2probe")))},
		{"the end first", false, closing},
		{"an unmasked probe", false, ws.MustCompileFrame(ws.NewTextFrame([]byte("2probe")))},
		{"a message while probing", true, text(`42["echo"]`)},
		{"a connection while probing", true, text("40")},
		{"binary while probing", true, binary},
		{"a second probe", true, text("2probe")},
		{"an upgrade with a word", true, text("5now")},
		{"the end while probing", true, closing},
		{"a close packet while probing", true, text("1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := p.upgrade()
			if c.probed {
				_ = bad.conn.Close()
				bad = p.probed()
			}
			bad.t = t
			bad.write(c.bytes)
			if code := bad.expectClose(); code != ws.StatusPolicyViolation {
				t.Errorf("closed with %d", code)
			}
			_ = bad.conn.Close()
			p.stillPolls()
		})
	}
	if n := server.Stats().Upgrades; n != 0 {
		t.Errorf("%d upgrades", n)
	}
	c := p.over()
	c.send(`421["echo"]`)
	c.expect(`431[]`)
}

// Control frames are no packets, and are answered before the session owns the
// websocket.
func TestControlFramesWhileProbing(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	c := p.upgrade()
	pinged := func(payload string) {
		t.Helper()
		c.write(masked(ws.NewPongFrame(nil)))
		c.write(masked(ws.NewPingFrame([]byte(payload))))
		if f, err := c.frame(); err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != payload {
			t.Errorf("got %v %q, %v", f.Header.OpCode, f.Payload, err)
		}
	}
	pinged("before")
	c.probe()
	pinged("while")
	c.send("5")
	pinged("after")
	c.send(`421["echo"]`)
	c.expect(`431[]`)
}

// Attack 14: of two websockets the first one wins.
func TestTwoProbes(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	first := p.upgrade()
	first.probe()
	second := p.upgrade()
	second.send("2probe")
	if code := second.expectClose(); code != ws.StatusPolicyViolation {
		t.Errorf("the second was closed with %d", code)
	}
	first.send("5")
	first.send(`421["echo"]`)
	first.expect(`431[]`)
}

func TestUpgradeOfNoSession(t *testing.T) {
	p := pollIn(t, serve(t, newServer(t, socketio.Options{})))
	p.send("1")
	p.gone()
	for _, id := range []string{p.open.ID, "unknown", ""} {
		response, body := request(t, "GET", p.address, "EIO=4&transport=websocket&sid="+id, opening("", ""))
		if response.StatusCode != http.StatusBadRequest || body != unknownSession {
			t.Errorf("%q got %d %s", id, response.StatusCode, body)
		}
	}
}

// Attack 14: a websocket that takes its time is closed, one that is lost is
// lost, and the client polls on, or tries again.
func TestUpgradeThatNeverComes(t *testing.T) {
	server := newServer(t, socketio.Options{UpgradeTimeout: 100 * time.Millisecond})
	echoes(server)
	p := pollIn(t, serve(t, server))
	for name, c := range map[string]struct{ probed, leaves bool }{
		"silent": {}, "silent after the probe": {probed: true}, "lost": {leaves: true}, "lost after the probe": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			bad := p.upgrade()
			if c.probed {
				_ = bad.conn.Close()
				bad = p.probed()
			}
			bad.t = t
			if c.leaves {
				_ = bad.conn.Close()
			} else {
				bad.expectClose()
			}
			p.stillPolls()
			var waits <-chan answer
			eventually(t, "a request waits again", func() bool {
				waits = p.ask()
				time.Sleep(50 * time.Millisecond) // longer than while a websocket is tried
				return len(waits) == 0 || (<-waits).body != "6"
			})
			p.send(`421["echo"]`)
			if a := within(t, "the answer", waits); !a.is(http.StatusOK, `431[]`) {
				t.Errorf("got %+v", a)
			}
		})
	}
	c := p.over()
	time.Sleep(150 * time.Millisecond) // the time for the upgrade is for the upgrade alone
	c.send(`421["echo"]`)
	c.expect(`431[]`)
}

// Packets whose order would be in doubt refuse the upgrade.
func TestUpgradeWhilePacketsAreBrought(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	c := p.upgrade()
	c.probe()
	slow := startPost(t, p, len(`421["echo"]`))
	_, _ = slow.conn.Write([]byte(`421["e`))
	eventually(t, "the body is being read", func() bool { return goroutinesIn("engineio.(*polling).body") > 0 })
	c.send("5")
	if code := c.expectClose(); code != ws.StatusPolicyViolation {
		t.Errorf("closed with %d", code)
	}
	_, _ = slow.conn.Write([]byte(`cho"]`))
	if status := slow.status(); status != http.StatusOK {
		t.Errorf("the packets got %d", status)
	}
	if got := p.collect(1); got[0] != `431[]` {
		t.Errorf("got %q", got)
	}
	p.stillPolls()
}

// An end between the probe and the upgrade reaches the client on whichever way
// it asks for it.
func TestEndWhileProbing(t *testing.T) {
	for name, code := range map[string]ws.StatusCode{"close": 1000, "shutdown": 1012} {
		for _, changes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, the client changes over: %v", name, changes), func(t *testing.T) {
				server := newServer(t, socketio.Options{})
				connected, ended := sockets(server), watch(server)
				p := pollIn(t, serve(t, server))
				s := within(t, "a socket", connected)
				c := p.upgrade()
				c.probe()
				must(t, s.Emit("farewell"))
				if name == "close" {
					s.Close("")
				} else {
					go func() { _ = server.Shutdown(context.Background(), 0) }() // its end is the test's
				}
				within(t, "the end", ended)
				if changes {
					c.send("5")
					c.expect(`42["farewell"]`)
					if got := c.expectClose(); got != code {
						t.Errorf("closed with %d", got)
					}
				} else {
					p.expect(`42["farewell"]`)
					p.expect("1")
					_ = c.conn.Close()
				}
				p.gone()
			})
		}
	}
	t.Run("nobody fetches it", func(t *testing.T) {
		server := newServer(t, socketio.Options{CloseTimeout: 100 * time.Millisecond})
		connected := sockets(server)
		p := pollIn(t, serve(t, server))
		c := p.upgrade()
		c.probe()
		within(t, "a socket", connected).Close("")
		c.expectClose()
		p.gone()
	})
	t.Run("nothing is flushed", func(t *testing.T) {
		server := newServer(t, socketio.Options{})
		p := pollIn(t, serve(t, server))
		c := p.upgrade()
		c.probe()
		if a := p.post("nonsense"); !a.is(http.StatusBadRequest, badRequest) {
			t.Errorf("got %+v", a)
		}
		c.send("5")
		c.expectClose()
		p.gone()
	})
	t.Run("before the probe", func(t *testing.T) {
		server := newServer(t, socketio.Options{})
		connected := sockets(server)
		p := pollIn(t, serve(t, server))
		c := p.upgrade()
		within(t, "a socket", connected).Close("")
		p.expect("1")
		c.send("2probe")
		c.expectClose()
		p.gone()
	})
}

// An event whose attachments come after the upgrade is one event.
func TestAttachmentsAcrossTheUpgrade(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	p := pollIn(t, serve(t, server))
	p.send(`452-1["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`, "bAQID")
	c := p.over()
	c.write(masked(ws.NewBinaryFrame([]byte{4})))
	c.expect(`462-1[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	for _, want := range []string{"\x04", "\x01\x02\x03"} {
		if f, err := c.frame(); err != nil || f.Header.OpCode != ws.OpBinary || string(f.Payload) != want {
			t.Errorf("got %v %q, %v", f.Header.OpCode, f.Payload, err)
		}
	}
}

// A request that the application took so long to allow that a websocket has
// taken over meanwhile.
func TestRequestOvertakenByTheUpgrade(t *testing.T) {
	held, release := make(chan struct{}, 2), make(chan struct{})
	server := newServer(t, socketio.Options{AllowRequest: func(r *http.Request) error {
		if r.Header.Get("X-Slow") != "" {
			held <- struct{}{}
			<-release
		}
		return nil
	}})
	echoes(server)
	p := pollIn(t, serve(t, server))
	slow := *p
	slow.header = http.Header{"X-Slow": {"1"}}
	answers := make(chan answer, 2)
	go func() { answers <- slow.get() }()
	go func() { answers <- slow.post("3") }()
	within(t, "a request", held)
	within(t, "the other one", held)
	c := p.over()
	c.send(`421["echo"]`)
	c.expect(`431[]`)
	close(release)
	for range 2 {
		if a := within(t, "an answer", answers); !a.is(http.StatusBadRequest, badRequest) {
			t.Errorf("got %+v", a)
		}
	}
	c.send(`421["echo"]`)
	c.expect(`431[]`)
}

// A write that makes no progress ends the connection also right after the
// upgrade, whose own deadline has been lifted.
func TestWriteTimeoutAfterTheUpgrade(t *testing.T) {
	server := newServer(t, socketio.Options{WriteTimeout: time.Second, SendQueue: 64 << 20})
	ended, connected := watch(server), sockets(server)
	flood, err := socketio.EncodeEvent("/", "x", strings.Repeat("x", 12<<20))
	must(t, err)
	server.Of("/").Handle("flood", func(_ context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) {
		must(t, s.Send(flood))
	})
	p := pollIn(t, serve(t, server))
	within(t, "a socket", connected)
	p.over().send(`42["flood"]`)
	if g := within(t, "the end", ended); g.reason != socketio.ReasonSlowConsumer {
		t.Errorf("reason %q", g.reason)
	}
}
