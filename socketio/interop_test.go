package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
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
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	found := exec.CommandContext(ctx, node, "--input-type=module", "-e", `import "socket.io-client"`)
	found.Dir = "interop"
	if out, err := found.CombinedOutput(); err != nil {
		missing("no socket.io-client (npm ci installs it): %v %s", err, out)
	}

	run := exec.CommandContext(ctx, node, "run.mjs", "http://"+serve(t, interopServer(t)))
	run.Dir = "interop"
	out, err := run.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		t.Log(strings.TrimSpace(line))
	}
	if err != nil {
		t.Errorf("the scenarios end with %v", err)
	}
}

// interopServer has what interop/scenarios.mjs asks for.
func interopServer(t *testing.T) *socketio.Server {
	server := newServer(t, socketio.Options{PingInterval: 200 * time.Millisecond, PingTimeout: 5 * time.Second, Logger: quiet})
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
