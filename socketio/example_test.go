package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// A whole server: who may connect, what it answers, how it ends.
func Example() {
	server, err := socketio.NewServer(socketio.Options{
		AllowRequest: func(r *http.Request) error {
			if r.Header.Get("Origin") != "https://example.com" {
				return errors.New("foreign origin") // the client learns only: 403
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	type sum struct{ A, B int }
	socketio.On(server.Of("/"), "add", func(_ context.Context, _ *socketio.Socket, in sum) (int, error) {
		return in.A + in.B, nil
	})

	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	web := httptest.NewServer(mux)
	defer web.Close()

	response, err := http.Get(web.URL + "/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = response.Body.Close()
	fmt.Println(response.Status)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(server.Shutdown(ctx, 5*time.Second))
	// Output:
	// 403 Forbidden
	// <nil>
}

// Middleware recognises the user and attaches them to the socket.
func ExampleKey() {
	type User struct{ Name string }
	user := socketio.NewKey[User]("user")

	server, _ := socketio.NewServer(socketio.Options{})
	chat := server.Of("/")
	chat.Use(func(_ context.Context, s *socketio.Socket) error {
		var auth struct{ Token string }
		if json.Unmarshal(s.Handshake().Auth, &auth) != nil || auth.Token != "secret" {
			return &socketio.ConnectError{Message: "unauthorized", Data: map[string]bool{"retry": false}}
		}
		user.Set(s, User{Name: "Ann"})
		return nil
	})
	chat.OnConnect(func(_ context.Context, s *socketio.Socket) {
		u, _ := user.Get(s)
		_ = s.Emit("welcome", u.Name)
	})
	fmt.Println(user)
	// Output: user
}

// A frame is encoded once, whoever it is for.
func ExampleEncodeEvent() {
	frame, err := socketio.EncodeEvent("/", "message", struct {
		Text string `json:"text"`
	}{"1 < 2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(frame.Size(), "bytes for every queue together")

	_, err = socketio.EncodeEvent("/", "disconnect")
	fmt.Println(err)

	server, _ := socketio.NewServer(socketio.Options{})
	for s := range server.Of("/").Sockets() {
		_ = s.Send(frame) // never waits
	}
	// Output:
	// 32 bytes for every queue together
	// socketio: event name is reserved
}

// The raw form of a handler decodes its arguments as strictly as it likes, and
// acknowledges when it likes.
func ExampleNamespace_Handle() {
	server, _ := socketio.NewServer(socketio.Options{})
	server.Of("/").Handle("move", func(_ context.Context, s *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		var x, y int
		if err := socketio.Args(args).Decode(&x, &y); err != nil {
			_ = ack.Send(map[string]string{"error": "two numbers, please"})
			return
		}
		if ack.Wanted() {
			_ = ack.Send(map[string]int{"x": x, "y": y})
		}
	})
	fmt.Println(server.Of("/").Count())
	// Output: 0
}

// Errors for clients are told apart from those that are not.
func ExampleOn() {
	server, _ := socketio.NewServer(socketio.Options{})
	type order struct{ Item string }
	type receipt struct {
		Number int `json:"number"`
	}
	socketio.On(server.Of("/shop"), "order", func(_ context.Context, _ *socketio.Socket, in order) (receipt, error) {
		if in.Item == "" {
			return receipt{}, &socketio.EventError{Message: "which item?"} // {"error":{"message":"which item?"}}
		}
		return receipt{Number: 1}, nil // {"number":1}
	})
	fmt.Println(server.Of("/shop").Name())
	// Output: /shop
}

// The server asks, and waits for the answer for as long as its context lasts.
func ExampleSocket_EmitWithAck() {
	server, _ := socketio.NewServer(socketio.Options{})
	server.Of("/").OnConnect(func(ctx context.Context, s *socketio.Socket) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		args, err := s.EmitWithAck(ctx, "your name?")
		if err != nil {
			return // no answer, or nobody there
		}
		var name string
		if args.Decode(&name) == nil {
			_ = s.Emit("hello", name)
		}
	})
}

// To end a connection without losing the last word: Send, then Close.
func ExampleSocket_Close() {
	server, _ := socketio.NewServer(socketio.Options{})
	logout := func(s *socketio.Socket) {
		_ = s.Emit("session:ended", "logged out elsewhere")
		s.Close("session ended")
	}
	for s := range server.Of("/").Sockets() {
		logout(s)
	}
	fmt.Println(socketio.Reason("session ended").ClientReturns(), socketio.ReasonServerDisconnect.ClientReturns())
	// Output: true false
}

// Members of a room hear of each other, and nobody else does.
func ExampleTarget() {
	server, _ := socketio.NewServer(socketio.Options{})
	chat := server.Of("/")
	socketio.On(chat, "join", func(_ context.Context, s *socketio.Socket, room string) (int, error) {
		if err := s.Join(room); err != nil {
			return 0, err
		}
		if _, err := s.To(room).Emit("joined", s.ID()); err != nil { // to all but itself
			return 0, err
		}
		return chat.To(room).Count(), nil
	})

	sent, err := chat.To("kitchen", "garden").Except("asleep").Emit("dinner", "in ten minutes")
	fmt.Println(sent, err)
	// Output: 0 <nil>
}

// A vote: one question for a room, and the answers of those who answer in time.
func ExampleTarget_EmitWithAck() {
	server, _ := socketio.NewServer(socketio.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	replies, err := server.Of("/").To("members").EmitWithAck(ctx, "vote", "tea or coffee?")
	if err != nil {
		fmt.Println(err)
		return
	}
	votes := map[string]int{}
	for _, reply := range replies {
		var choice string
		if reply.Err == nil && reply.Args.Decode(&choice) == nil {
			votes[choice]++
		}
	}
	fmt.Println(votes)
	// Output: map[]
}

// Bytes travel beside the JSON, wherever they stand in it.
func ExampleBinary() {
	type picture struct {
		Name string          `json:"name"`
		Data socketio.Binary `json:"data"`
	}
	server, _ := socketio.NewServer(socketio.Options{})
	socketio.On(server.Of("/"), "shrink", func(_ context.Context, _ *socketio.Socket, in picture) (picture, error) {
		return picture{in.Name, in.Data[:len(in.Data)/2]}, nil
	})

	frame, err := socketio.EncodeEvent("/", "picture", picture{"dot.png", make([]byte, 1000)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(frame.Size(), "bytes")
	// Output: 1077 bytes
}
