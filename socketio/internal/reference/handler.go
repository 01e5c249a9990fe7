package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/maru-chat/maru/socketio"
	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// What the suites count on.
const (
	pingInterval   = 300 * time.Millisecond
	pingTimeout    = 200 * time.Millisecond
	connectTimeout = time.Second
	maxPayload     = 1_000_000 // bytes
)

func newHandler() (http.Handler, error) {
	sockets, err := newSocketIO()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", sockets)
	mux.Handle("/engine.io/", newEngineIO())
	return mux, nil
}

// newSocketIO answers "message" with "message-back" and acknowledges
// "message-with-ack", both with the arguments that came. Every socket of "/" and
// "/custom" is first told the auth that it gave.
func newSocketIO() (*socketio.Server, error) {
	server, err := socketio.NewServer(socketio.Options{
		PingInterval: pingInterval, PingTimeout: pingTimeout, ConnectTimeout: connectTimeout, MaxPayload: maxPayload,
		CORS:   &socketio.CORS{Origins: []string{"*"}},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"/", "/custom"} {
		server.Of(name).OnConnect(func(_ context.Context, s *socketio.Socket) {
			auth := s.Handshake().Auth
			if auth == nil {
				auth = json.RawMessage("{}")
			}
			_ = s.Emit("auth", auth) // a client that is gone needs no echo
		})
	}
	server.Of("/").Handle("message", func(_ context.Context, s *socketio.Socket, args []json.RawMessage, _ socketio.Ack) {
		_ = s.Emit("message-back", values(args)...)
	})
	server.Of("/").Handle("message-with-ack", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		_ = ack.Send(values(args)...)
	})
	return server, nil
}

func values(args []json.RawMessage) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		list[i] = arg
	}
	return list
}

// newEngineIO sends every message back.
func newEngineIO() *engineio.Server {
	return engineio.NewServer(engineio.Config{
		PingInterval: pingInterval, PingTimeout: pingTimeout, MaxPayload: maxPayload,
		WriteTimeout: 10 * time.Second, CloseTimeout: 5 * time.Second, UpgradeTimeout: 10 * time.Second,
		SendQueue: 1 << 20, VolatileQueue: 1 << 18,
		Address: func(r *http.Request) string {
			host, _, _ := net.SplitHostPort(r.RemoteAddr)
			return host
		},
		Accept: func(s *engineio.Session, _ *http.Request) engineio.Handler { return echo{s} },
	})
}

type echo struct{ session *engineio.Session }

func (e echo) Receive(payload []byte, binary bool) error {
	frame := engineio.SealBinary(payload)
	if !binary {
		frame = engineio.Seal(append([]byte{engineio.Message}, payload...))
	}
	_ = e.session.Send(frame) // a session that cannot send has ended by itself
	return nil
}

func (e echo) Ended(engineio.Ending) {}

func (e echo) Gone() {}
