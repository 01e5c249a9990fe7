package socketio_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/maru-chat/maru/socketio"
)

// nodes are servers that hand each other's requests over by calling each other.
type nodes struct {
	mu      sync.Mutex
	servers map[string]*socketio.Server
	asked   []string // which were, by whom they were not meant for
}

func (n *nodes) forward(node string, w http.ResponseWriter, r *http.Request) bool {
	n.mu.Lock()
	server := n.servers[node]
	n.asked = append(n.asked, node)
	n.mu.Unlock()
	if server == nil {
		return false
	}
	server.ServeHTTP(w, r)
	return true
}

// join makes a server of that name, and gives its address.
func (n *nodes) join(t *testing.T, name string, options socketio.Options) (*socketio.Server, string) {
	t.Helper()
	options.Node, options.Forward = name, n.forward
	server := newServer(t, options)
	server.Of("/").Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		must(t, ack.Send(anys(args)...))
	})
	n.mu.Lock()
	if n.servers == nil {
		n.servers = map[string]*socketio.Server{}
	}
	n.servers[name] = server
	n.mu.Unlock()
	return server, serve(t, server)
}

// TestEveryServerAnswersAConnectionsRequests polls at one server and at another in turn.
func TestEveryServerAnswersAConnectionsRequests(t *testing.T) {
	var n nodes
	here, home := n.join(t, "here", socketio.Options{SameClient: func(opened *socketio.Handshake, r *http.Request) bool {
		return opened.Header().Get("Cookie") == r.Header.Get("Cookie")
	}})
	there, other := n.join(t, "there-2_", socketio.Options{})
	header := http.Header{"Cookie": {"me"}}
	p := pollWith(t, home, header)
	if !regexp.MustCompile(`^[\w-]{20}\.here$`).MatchString(p.open.ID) {
		t.Errorf("the connection is called %q", p.open.ID)
	}
	p.address = other
	p.send("40")
	p.expectConnected()
	p.address = home
	p.send(`421["echo",1]`)
	p.address = other
	p.expect("431[1]")
	p.send(`422["echo",2]`)
	p.address = home
	p.expect("432[2]")
	if got := there.Stats(); got.Forwarded != 4 || got.ConnectionsOpened != 0 {
		t.Errorf("the other server counts %+v", got)
	}

	// Who it is for decides whose it is.
	p.address, p.header = other, http.Header{"Cookie": {"somebody"}}
	if a := p.get(); !a.is(http.StatusBadRequest, unknownSession) {
		t.Errorf("a stranger got %+v", a)
	}
	p.header = header

	// A websocket that comes to the other one is declined, and polling goes on.
	_, _, _, err := ws.Dialer{TLSConfig: anyone}.Dial(t.Context(), scheme("ws")+"://"+other+"/socket.io/?EIO=4&transport=websocket&sid="+p.open.ID)
	if status, ok := err.(ws.StatusError); !ok || status != http.StatusBadRequest { //nolint:errorlint // it is returned bare
		t.Errorf("an upgrade elsewhere: %v", err)
	}
	p.send(`423["echo",3]`)
	p.expect("433[3]")

	// A request that waits elsewhere wakes; one whose client leaves ends the connection.
	asking := p.ask()
	p.send(`424["echo",4]`)
	if a := within(t, "the answer", asking); !a.is(http.StatusOK, "434[4]") {
		t.Errorf("got %+v", a)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan answer, 1)
	before := waiting()
	go func() { left <- p.request(ctx, http.MethodGet, nil) }()
	eventually(t, "the request waits", func() bool { return waiting() > before })
	leave()
	<-left
	eventually(t, "the connection ends", func() bool { return here.Stats().ConnectionsOpen == 0 })
	p.gone()
}

// expectConnected asks for the answer to a CONNECT packet.
func (p *poller) expectConnected() {
	p.t.Helper()
	if got := p.collect(1); !strings.HasPrefix(got[0], `40{"sid":"`) {
		p.t.Fatalf("connecting was answered with %q", got)
	}
}

// TestWhatIsNotForwarded asks a server for connections that no other one can have, or that are asked for in a way that it need not hear of.
func TestWhatIsNotForwarded(t *testing.T) {
	var n nodes
	_, address := n.join(t, "here", socketio.Options{})
	random := strings.Repeat("a", 20)
	for _, c := range []struct {
		method, query string
		body          string
		forwarded     bool
	}{
		{"GET", "EIO=4&transport=polling&sid=" + random + ".gone", unknownSession, true},
		{"POST", "EIO=4&transport=polling&sid=" + random + ".gone", unknownSession, true},
		{"PUT", "EIO=4&transport=polling&sid=" + random + ".gone", `{"code":2,"message":"Bad handshake method"}`, false},
		{"GET", "EIO=4&transport=websocket&sid=" + random + ".gone", unknownSession, false},
		{"GET", "EIO=3&transport=polling&sid=" + random + ".gone", `{"code":5,"message":"Unsupported protocol version"}`, false},
		{"GET", "EIO=4&transport=tin&sid=" + random + ".gone", `{"code":0,"message":"Transport unknown"}`, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + ".here", unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random, unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + ".", unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + "a.gone", unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + ".go.ne", unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + ".go%2Ane", unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random[1:] + "+.gone", unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + "." + strings.Repeat("n", 33), unknownSession, false},
		{"GET", "EIO=4&transport=polling&sid=" + random + ".gone&sid=" + random + ".gone", unknownSession, false},
	} {
		n.asked = nil
		r, err := http.NewRequestWithContext(t.Context(), c.method, scheme("http")+"://"+address+"/socket.io/?"+c.query, nil)
		must(t, err)
		response, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: anyone, DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		must(t, err)
		_ = response.Body.Close()
		if got := (answer{response.StatusCode, string(body), nil, nil}); !got.is(http.StatusBadRequest, c.body) || (n.asked != nil) != c.forwarded {
			t.Errorf("%s %s: %+v, asked %q", c.method, c.query, got, n.asked)
		}
	}
}

// TestALoneServerForwardsNothing has the ids of a server without a name, and one with a name and nobody to ask.
func TestALoneServerForwardsNothing(t *testing.T) {
	p := poll(t, serve(t, newServer(t, socketio.Options{})))
	if !regexp.MustCompile(`^[\w-]{20}$`).MatchString(p.open.ID) {
		t.Errorf("the connection is called %q", p.open.ID)
	}
	named := poll(t, serve(t, newServer(t, socketio.Options{Node: "a"})))
	stranger := *named
	stranger.open.ID = strings.TrimSuffix(named.open.ID, "a") + "b"
	if a := stranger.get(); !a.is(http.StatusBadRequest, unknownSession) {
		t.Errorf("got %+v", a)
	}
	for _, options := range []socketio.Options{
		{Node: "a b"}, {Node: "a.b"}, {Node: strings.Repeat("a", 33)}, {Forward: new(nodes).forward},
	} {
		if _, err := socketio.NewServer(options); err == nil {
			t.Errorf("%+v is accepted", options.Node)
		}
	}
}

// TestAnUpgradeAtHome has a websocket take over at the server that it belongs to, whose name is in the id.
func TestAnUpgradeAtHome(t *testing.T) {
	var n nodes
	_, address := n.join(t, "here", socketio.Options{PingInterval: time.Hour})
	p := pollIn(t, address)
	c := p.upgrade()
	c.send("2probe")
	c.expect("3probe")
	c.send("5")
	c.send(`421["echo",1]`)
	c.expect("431[1]")
}
