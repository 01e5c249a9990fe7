// Command maru-socketio is the socketio package doing the work that
// bench/README.md describes.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/maru-chat/maru/bench/peers/peer"
	"github.com/maru-chat/maru/socketio"
)

func main() {
	if err := peer.Run(serve); err != nil {
		fmt.Fprintln(os.Stderr, "maru-socketio:", err)
		os.Exit(1)
	}
}

func serve(listener net.Listener) error {
	server, err := socketio.NewServer(socketio.Options{})
	if err != nil {
		return err
	}
	n := server.Of("/")
	joined, err := socketio.EncodeEvent("/", "joined")
	if err != nil {
		return err
	}
	n.OnConnect(func(_ context.Context, s *socketio.Socket) {
		if s.Join("room") == nil {
			_ = s.Send(joined) // a socket that is gone needs no word
		}
	})
	socketio.On(n, "message", func(_ context.Context, _ *socketio.Socket, text string) (struct{}, error) {
		message, err := socketio.EncodeEvent("/", "message", text)
		if err != nil {
			return struct{}{}, err
		}
		n.To("room").Broadcast(message)
		return struct{}{}, nil
	})
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	return http.Serve(listener, mux) //nolint:gosec // no timeouts: for the load generator alone
}
