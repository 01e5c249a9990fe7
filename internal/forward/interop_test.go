package forward_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/forward/forwardtest"
	"github.com/maru-chat/maru/socketio"
)

// server is one of the servers behind an address.
type server struct {
	name string
	link *forwardtest.Link
	io   *socketio.Server
	node *forward.Node
	web  *httptest.Server
	way  http.Handler // to it
}

// site is an address with servers behind it, and what they share.
type site struct {
	t       *testing.T
	servers []*server

	mu       sync.Mutex
	turn     int
	wrong    bool            // each request goes where its connection is not
	dead     map[string]bool // servers that get no requests
	items    map[string]int  // of each client, in the order in which they came: the database
	declined int             // upgrades
}

// open makes a site of two servers.
func open(t *testing.T, wrong bool) (s *site, address string) {
	hub := forwardtest.NewHub()
	s = &site{t: t, wrong: wrong, dead: map[string]bool{}, items: map[string]int{}}
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	for _, name := range []string{"a1", "b2"} {
		v := &server{name: name, link: hub.Link(name, 1<<20)}
		var err error
		v.node, err = forward.New(forward.Options{Link: v.link, Logger: quiet, Beat: time.Second})
		must(t, err)
		v.io, err = socketio.NewServer(socketio.Options{
			Node: name, Forward: v.node.Forward, Logger: quiet, PingInterval: 300 * time.Millisecond, PingTimeout: 5 * time.Second, SendQueue: 4 << 20,
		})
		must(t, err)
		s.listen(v.io.Of("/"))
		must(t, v.node.Serve(v.io))
		v.web = httptest.NewServer(v.io)
		at, err := url.Parse(v.web.URL)
		must(t, err)
		v.way = &httputil.ReverseProxy{
			Transport: transport, FlushInterval: -1,
			Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(at) },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
			ModifyResponse: func(r *http.Response) error {
				if r.StatusCode == http.StatusBadRequest && r.Request.URL.Query().Get("transport") == "websocket" {
					s.mu.Lock()
					defer s.mu.Unlock()
					s.declined++
				}
				return nil
			},
		}
		s.servers = append(s.servers, v)
	}
	front := httptest.NewServer(s)
	t.Cleanup(func() {
		for _, v := range s.servers {
			_ = v.io.Close()
			v.node.Close()
		}
		front.CloseClientConnections()
		front.Close()
		transport.CloseIdleConnections()
		for _, v := range s.servers {
			v.web.CloseClientConnections()
			v.web.Close()
			v.link.Close()
			for end := time.Now().Add(patience); v.io.Stats().ConnectionsOpen > 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		}
	})
	return s, front.URL
}

// ServeHTTP is the load balancer: each request goes to another server than the last.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, home, _ := strings.Cut(r.URL.Query().Get("sid"), ".")
	s.mu.Lock()
	var v *server
	for range s.servers {
		s.turn++
		v = s.servers[s.turn%len(s.servers)]
		if !s.dead[v.name] && (!s.wrong || v.name != home) {
			break
		}
	}
	s.mu.Unlock()
	v.way.ServeHTTP(w, r)
}

func (s *site) upgradesDeclined() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.declined
}

// kill ends a server without a word. The load balancer finds out a little later.
func (s *site) kill(v *server) {
	v.link.Die()
	_ = v.web.Listener.Close()
	v.web.CloseClientConnections()
	time.Sleep(50 * time.Millisecond)
	s.mu.Lock()
	s.dead[v.name] = true
	s.mu.Unlock()
	_ = v.io.Close()
}

// listen has what interop/run.mjs asks for.
func (s *site) listen(n *socketio.Namespace) {
	n.OnConnect(func(_ context.Context, socket *socketio.Socket) {
		var who struct {
			ID    string
			Since int
		}
		if err := json.Unmarshal(socket.Handshake().Auth, &who); err != nil {
			s.t.Error(err)
		}
		s.mu.Lock() // nothing comes between what was missed and what follows
		defer s.mu.Unlock()
		for seq := who.Since + 1; seq <= s.items[who.ID]; seq++ {
			_ = socket.Emit("item", seq, content(seq))
		}
		_ = socket.Join(who.ID)
	})
	n.Handle("echo", func(_ context.Context, socket *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		list := make([]any, len(args))
		for i, arg := range args {
			list[i] = arg
		}
		_ = socket.Emit("echo", list...)
		_ = ack.Send(args[0])
	})
	n.Handle("large", func(ctx context.Context, socket *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
		go func() {
			answer, err := socket.EmitWithAck(ctx, "large", strings.Repeat("x", 1_500_000))
			if err == nil {
				_ = ack.Send(answer[0])
			}
		}()
	})
	n.Handle("put", func(_ context.Context, socket *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		var number int
		if err := json.Unmarshal(args[0], &number); err != nil {
			s.t.Error(err)
		}
		var who struct{ ID string }
		_ = json.Unmarshal(socket.Handshake().Auth, &who)
		s.mu.Lock()
		if number == s.items[who.ID]+1 {
			s.items[who.ID] = number
			for _, v := range s.servers { // what a bus would do
				_, _ = v.io.Of("/").To(who.ID).Emit("item", number, content(number))
			}
		} else if number > s.items[who.ID] {
			s.t.Errorf("%s puts %d after %d", who.ID, number, s.items[who.ID])
		}
		s.mu.Unlock()
		_ = ack.Send(number)
	})
}

func content(n int) socketio.Binary {
	b := make(socketio.Binary, 500+n)
	for i := range b {
		b[i] = byte(n)
	}
	return b
}

// TestRealClientsAnywhere has the real socket.io-client talk to two servers that share its requests between them, and kills one.
func TestRealClientsAnywhere(t *testing.T) {
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("no node: %v", err)
	}
	found := exec.CommandContext(t.Context(), node, "--input-type=module", "-e", `import "socket.io-client"`)
	found.Dir = "interop"
	if out, err := found.CombinedOutput(); err != nil {
		missing("no socket.io-client (npm ci installs it): %v %s", err, out)
	}
	for _, c := range []struct {
		name, way   string
		wrong, kill bool
	}{
		{"polling", "polling", false, true},
		{"default", "default", false, true},
		{"websocket", "websocket", false, true},
		{"polling, always elsewhere", "polling", true, false},
		{"default, always elsewhere", "default", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, address := open(t, c.wrong)
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			run := exec.CommandContext(ctx, node, "run.mjs", address, c.way)
			run.Dir, run.Stderr = "interop", os.Stderr
			input, err := run.StdinPipe()
			must(t, err)
			output, err := run.StdoutPipe()
			must(t, err)
			must(t, run.Start())
			lines := bufio.NewScanner(output)
			for lines.Scan() {
				line := lines.Text()
				t.Log(line)
				if !strings.HasPrefix(line, "settled") {
					continue
				}
				time.Sleep(200 * time.Millisecond)
				switch {
				case c.way == "default" && c.wrong && strings.Contains(line, "websocket"):
					t.Error("a websocket took over where it could not")
				case c.way == "default" && s.upgradesDeclined() == 0:
					t.Error("no upgrade was declined")
				case c.way == "polling" && s.servers[0].node.Stats().Asked+s.servers[1].node.Stats().Asked == 0:
					t.Error("nothing was forwarded")
				}
				if c.kill {
					s.kill(s.servers[1])
				}
				_, _ = io.WriteString(input, "go on\n")
			}
			if err := run.Wait(); err != nil {
				t.Errorf("the clients end with %v", err)
			}
			for _, v := range s.servers {
				t.Logf("%s: %+v", v.name, v.node.Stats())
			}
		})
	}
}
