package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// The real socket.io-client, at the version that interop/package.json pins.
func TestRealClient(t *testing.T) {
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("no node: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 180*time.Second)
	defer cancel()
	found := exec.CommandContext(ctx, node, "--input-type=module", "-e", `import "socket.io-client"`)
	found.Dir = "interop"
	if out, err := found.CombinedOutput(); err != nil {
		missing("no socket.io-client (npm ci installs it): %v %s", err, out)
	}
	var all sync.WaitGroup // most of a scenario's time is waiting
	for _, name := range []string{"websocket", "polling", "upgrade", "compressed", "upgrade over TLS"} {
		way, _, secure := strings.Cut(name, " over ")
		options := socketio.Options{PingInterval: 200 * time.Millisecond, PingTimeout: 5 * time.Second, Logger: quiet}
		if way == "compressed" {
			options.CompressFrom = 1
		}
		server := interopServer(t, options)
		address := scheme("http") + "://" + serve(t, server)
		if secure {
			address = "https://" + serveTLS(t, server, server)
		}
		run := exec.CommandContext(ctx, node, "run.mjs", address, way)
		run.Dir = "interop"
		all.Go(func() {
			out, err := run.CombinedOutput()
			for line := range strings.Lines(string(out)) {
				t.Logf("%s: %s", name, strings.TrimSpace(line))
			}
			if err != nil {
				t.Errorf("%s: the scenarios end with %v", name, err)
			}
		})
	}
	all.Wait()
}

// interopServer has what interop/scenarios.mjs asks for.
func interopServer(t *testing.T, options socketio.Options) *socketio.Server {
	server := newServer(t, options)
	n := server.Of("/")
	n.OnConnect(func(_ context.Context, s *socketio.Socket) { _ = s.Emit("auth", s.Handshake().Auth) })
	n.OnDisconnect(func(s *socketio.Socket, reason socketio.Reason) {
		if frame, err := socketio.EncodeEvent("/", "left", s.ID(), reason); err == nil {
			n.Broadcast(frame)
		}
	})
	raw := func(event string, handle func(s *socketio.Socket, args []any, ack socketio.Ack)) {
		n.Handle(event, func(_ context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
			handle(s, anys(args), ack)
		})
	}
	raw("id", func(s *socketio.Socket, _ []any, ack socketio.Ack) { must(t, ack.Send(s.ID())) })
	raw("message", func(s *socketio.Socket, args []any, _ socketio.Ack) { must(t, s.Emit("message-back", args...)) })
	raw("echo", func(_ *socketio.Socket, args []any, ack socketio.Ack) { must(t, ack.Send(args...)) })
	raw("n", func(s *socketio.Socket, args []any, _ socketio.Ack) { must(t, s.Emit("n", args...)) })
	raw("transport", func(s *socketio.Socket, _ []any, ack socketio.Ack) { must(t, ack.Send(s.Transport())) })
	socketio.On(n, "tick", func(_ context.Context, s *socketio.Socket, count int) (struct{}, error) {
		go func() {
			for i := range count {
				if s.Emit("tick", i) != nil {
					return
				}
				time.Sleep(200 * time.Microsecond)
			}
		}()
		return struct{}{}, nil
	})
	rooms := func(event string, act func(s *socketio.Socket, rooms ...string)) {
		n.Handle(event, func(_ context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
			names := make([]string, len(args))
			for i := range args {
				must(t, json.Unmarshal(args[i], &names[i]))
			}
			act(s, names...)
			must(t, ack.Send())
		})
	}
	rooms("join", func(s *socketio.Socket, rooms ...string) { must(t, s.Join(rooms...)) })
	rooms("leave", (*socketio.Socket).Leave)
	say := func(event string, target func(s *socketio.Socket, rooms []string) socketio.Target) {
		n.Handle(event, func(_ context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
			var names []string
			var text string
			must(t, socketio.Args(args).Decode(&names, &text))
			_, err := target(s, names).Emit("said", text)
			must(t, err)
			must(t, ack.Send())
		})
	}
	say("say to", func(_ *socketio.Socket, rooms []string) socketio.Target { return n.To(rooms...) })
	say("say to everyone", func(*socketio.Socket, []string) socketio.Target { return n.Everyone() })
	say("say to others", func(s *socketio.Socket, rooms []string) socketio.Target { return s.To(rooms...) })
	raw("silence", func(*socketio.Socket, []any, socketio.Ack) {})
	raw("disconnect me", func(s *socketio.Socket, _ []any, _ socketio.Ack) { s.Disconnect() })
	raw("close me", func(s *socketio.Socket, _ []any, _ socketio.Ack) {
		must(t, s.Emit("farewell", "bye"))
		s.Close("enough")
	})
	socketio.On(n, "add", func(_ context.Context, _ *socketio.Socket, in struct{ A, B int }) (int, error) {
		return in.A + in.B, nil
	})
	socketio.On(n, "ask me", func(ctx context.Context, s *socketio.Socket, number int) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		args, err := s.EmitWithAck(ctx, "question", number, 7)
		if err != nil {
			return "no answer", nil
		}
		return args, nil
	})
	server.Of("/private").Use(func(_ context.Context, s *socketio.Socket) error {
		if string(s.Handshake().Auth) == `{"token":"right"}` {
			return nil
		}
		return &socketio.ConnectError{Message: "unauthorized", Data: map[string]bool{"retry": false}}
	})
	for i := range 21 {
		many := server.Of(fmt.Sprintf("/n/%d", i))
		socketio.On(many, "where", func(_ context.Context, s *socketio.Socket, _ struct{}) (string, error) {
			return s.Namespace().Name(), nil
		})
	}
	return server
}
