package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

func TestAcknowledgeOnce(t *testing.T) {
	server := newServer(t, socketio.Options{})
	server.Of("/").Handle("x", func(_ context.Context, _ *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
		if err := ack.Send(func() {}); err == nil {
			t.Error("a function was encoded")
		}
		must(t, ack.Send(json.RawMessage(`{"b":1,"a":1.0}`), "<&>"))
		if err := ack.Send("again"); !errors.Is(err, socketio.ErrAcknowledged) {
			t.Errorf("twice: %v", err)
		}
	})
	c := join(t, serve(t, server))
	c.send(`429007199254740991["x"]`)
	c.expect(`439007199254740991[{"b":1,"a":1.0},"<&>"]`)
}

func TestAskTheClient(t *testing.T) {
	server := newServer(t, socketio.Options{MaxPendingAcks: 2, AckTimeout: 50 * time.Millisecond})
	connected := sockets(server)
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	type answer struct {
		args socketio.Args
		err  error
	}
	ask := func(ctx context.Context) <-chan answer {
		answers := make(chan answer, 1)
		go func() {
			args, err := s.EmitWithAck(ctx, "ask", "?")
			answers <- answer{args, err}
		}()
		return answers
	}
	long, cancelLong := context.WithTimeout(t.Context(), time.Minute)
	defer cancelLong()

	answered := ask(long)
	c.expect(`421["ask","?"]`)
	c.send(`431["yes",{"n":7}]`)
	c.send(`431["no"]`) // nobody waits for a second one
	a := within(t, "the answer", answered)
	must(t, a.err)
	var word string
	var object struct{ N int }
	must(t, a.args.Decode(&word, &object))
	if word != "yes" || object.N != 7 {
		t.Errorf("answer %s", a.args)
	}
	if err := a.args.Decode(&word, &object, &word); err == nil {
		t.Error("a third argument was found")
	}
	if err := a.args.Decode(&object); err == nil {
		t.Error("a string was decoded into an object")
	}

	unanswered := ask(t.Context())
	c.expect(`422["ask","?"]`)
	if a := within(t, "a time-out", unanswered); !errors.Is(a.err, socketio.ErrAckTimeout) || !errors.Is(a.err, context.DeadlineExceeded) {
		t.Errorf("got %v", a.err)
	}
	c.send(`432["too late"]`)

	cancelled, cancel := context.WithCancel(long)
	given := ask(cancelled)
	c.expect(`423["ask","?"]`)
	cancel()
	if a := within(t, "the cancellation", given); !errors.Is(a.err, context.Canceled) {
		t.Errorf("got %v", a.err)
	}

	one, two := ask(long), ask(long)
	c.expectPrefix(`42`)
	c.expectPrefix(`42`)
	if _, err := s.EmitWithAck(long, "ask"); !errors.Is(err, socketio.ErrPendingAcks) {
		t.Errorf("a third question: %v", err)
	}
	must(t, c.conn.Close())
	for _, pending := range []<-chan answer{one, two} {
		if a := within(t, "the end", pending); !errors.Is(a.err, socketio.ErrNotConnected) {
			t.Errorf("got %v", a.err)
		}
	}
	if _, err := s.EmitWithAck(long, "ask"); !errors.Is(err, socketio.ErrNotConnected) {
		t.Errorf("after the end: %v", err)
	}
}

// A handler may wait for its client, whose answer does not stand in line.
func TestAskInAHandler(t *testing.T) {
	server := newServer(t, socketio.Options{})
	server.Of("/").Handle("x", func(ctx context.Context, s *socketio.Socket, _ []json.RawMessage, ack socketio.Ack) {
		args, err := s.EmitWithAck(ctx, "sure?")
		must(t, err)
		must(t, ack.Send(anys(args)...))
	})
	c := join(t, serve(t, server))
	c.send(`425["x"]`)
	c.send(`426["x"]`)
	for i := range 2 {
		c.expect(fmt.Sprintf(`42%d["sure?"]`, i+1))
		c.send(fmt.Sprintf(`43%d[%d]`, i+1, i*10))
		c.expect(fmt.Sprintf(`43%d[%d]`, i+5, i*10))
	}
}

func TestTypedHandlers(t *testing.T) {
	server := newServer(t, socketio.Options{Logger: quiet})
	n := server.Of("/")
	type sum struct {
		A, B int
	}
	socketio.On(n, "add", func(_ context.Context, _ *socketio.Socket, in sum) (int, error) { return in.A + in.B, nil })
	socketio.On(n, "void", func(context.Context, *socketio.Socket, struct{}) (struct{}, error) { return struct{}{}, nil })
	socketio.On(n, "fail", func(context.Context, *socketio.Socket, struct{}) (int, error) {
		return 0, fmt.Errorf("why: %w", &socketio.EventError{Message: "no", Data: 7})
	})
	socketio.On(n, "leak", func(context.Context, *socketio.Socket, struct{}) (int, error) { return 0, errors.New("password: x") })
	socketio.On(n, "odd", func(context.Context, *socketio.Socket, struct{}) (func(), error) { return nil, nil })
	c := join(t, serve(t, server))
	for i, want := range []struct{ event, answer string }{
		{`["add",{"a":1,"b":2}]`, `[3]`},
		{`["add"]`, `[{"error":{"message":"invalid payload"}}]`},
		{`["add","x"]`, `[{"error":{"message":"invalid payload"}}]`},
		{`["void",1,2]`, `[]`},
		{`["fail"]`, `[{"error":{"message":"no","data":7}}]`},
		{`["leak"]`, `[{"error":{"message":"internal error"}}]`},
	} {
		c.send(fmt.Sprintf("42%d%s", i, want.event))
		c.expect(fmt.Sprintf("43%d%s", i, want.answer))
	}
	c.send(`421["odd"]`) // what cannot be encoded
	c.expect(`431[{"error":{"message":"internal error"}}]`)
	c.send(`42["add",{"a":1}]`)
	c.send(`422["void"]`)
	c.expect(`432[]`)
}

func TestErrorReply(t *testing.T) {
	server := newServer(t, socketio.Options{Logger: quiet, ErrorReply: func(err error) any { return "failed: " + err.Error() }})
	socketio.On(server.Of("/"), "x", func(context.Context, *socketio.Socket, struct{}) (int, error) { return 0, errors.New("y") })
	c := join(t, serve(t, server))
	c.send(`421["x"]`)
	c.expect(`431["failed: y"]`)
}

func TestRegistrationMistakes(t *testing.T) {
	server := newServer(t, socketio.Options{})
	nothing := func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) {}
	server.Of("/").Handle("x", nothing)
	for name, mistake := range map[string]func(){
		"twice":          func() { server.Of("/").Handle("x", nothing) },
		"reserved":       func() { server.Of("/").Handle("disconnect", nothing) },
		"no slash":       func() { server.Of("chat") },
		"comma":          func() { server.Of("/a,b") },
		"question mark":  func() { server.Of("/a?b") },
		"name too long":  func() { server.Of("/" + string(make([]byte, 256))) },
		"nothing at all": func() { server.Of("") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			mistake()
		}()
	}
}
