// Command limit is what no chat server can do better with this database and
// this network: the bare batching loop, and the bare floor's fan-out of what it
// stored. Everybody names their room where a chat has a token; a message's
// number and the acknowledgement's are all that is read of it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/gobwas/ws"

	"github.com/maru-chat/maru/bench/bare"
	"github.com/maru-chat/maru/bench/peers/fan"
	"github.com/maru-chat/maru/bench/peers/peer"
)

var (
	rooms   = flag.Int("rooms", 20, "how many rooms there are")
	length  = flag.Int("text", 120, "`bytes` of a text")
	data    = flag.String("data", "", "an empty `folder`")
	workers = flag.Int("workers", 1, "how many goroutines write; the load generator needs processors too")
)

// maxBatch is how many messages share a transaction, as in our store.
const maxBatch = 256

func main() {
	if err := peer.Run(serve); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

// member is a person in a room.
type member struct {
	fan.Member
	room int
	name string
}

// question is a message that waits to be stored.
type question struct {
	from   *member
	id     []byte // of the acknowledgement
	number []byte // that the text begins with
}

type server struct {
	rooms  []*fan.Group
	queue  chan question
	events []byte // up to the number, and what follows it
	rest   []byte
	fan    *fan.Fan
	// together is what each room is to receive of a batch.
	together [][]byte
}

func serve(listener net.Listener) error {
	store, err := bare.Open(context.Background(), *data, *rooms)
	if err != nil {
		return err
	}
	s := &server{
		queue: make(chan question, 4*maxBatch),
		// As long as ours.
		events: []byte(`42["message",{"message":{"roomId":"aaaaaaaaaaaaaaaa","seq":1000,"rev":1000,"clientId":"aaaaaaaaaaa-1000",` +
			`"senderId":"aaaaaaaaaaaaaaaa","kind":"message","sentAt":"2026-11-22T12:00:00.000Z","text":"`),
		rest: []byte(strings.Repeat("x", max(0, *length-10)) + `"},"after":999,"user":{"id":"aaaaaaaaaaaaaaaa","name":"aaaaaaaaaa","role":"member"}}]`),
		fan:  fan.New(*workers),

		together: make([][]byte, *rooms),
	}
	for range *rooms {
		s.rooms = append(s.rooms, &fan.Group{})
	}
	ended := make(chan error, 1)
	go func() { ended <- s.store(store) }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				ended <- err
				return
			}
			go s.accept(conn.(*net.TCPConn))
		}
	}()
	return <-ended
}

// store is the batching loop: what waits when a transaction has ended shares
// the next one.
func (s *server) store(to *bare.Store) error {
	batch := make([]question, 0, maxBatch)
	messages := make([]bare.Message, 0, maxBatch)
	text := strings.Repeat("x", *length)
	told := make([]int, 0, *rooms)
	for first := range s.queue {
		batch = append(batch[:0], first)
	gather:
		for len(batch) < maxBatch {
			select {
			case next := <-s.queue:
				batch = append(batch, next)
			default:
				break gather
			}
		}
		messages, told = messages[:0], told[:0]
		for _, q := range batch {
			messages = append(messages, bare.Message{Room: q.from.room, Sender: q.from.name, Text: text})
		}
		if err := to.Insert(context.Background(), messages); err != nil {
			return err
		}
		for _, q := range batch {
			s.fan.Send(&q.from.Member, frame(fmt.Appendf(nil, `43%s[{"ok":true,"message":{"seq":1000}}]`, q.id)))
			if s.together[q.from.room] == nil {
				told = append(told, q.from.room)
			}
			s.together[q.from.room] = append(s.together[q.from.room], frame(bytes.Join([][]byte{s.events, s.rest}, q.number))...)
		}
		for _, room := range told {
			s.fan.Broadcast(s.rooms[room], s.together[room])
			s.together[room] = nil
		}
	}
	return nil
}

func (s *server) accept(conn *net.TCPConn) {
	defer conn.Close() //nolint:errcheck // its client is gone
	if _, err := ws.Upgrade(conn); err != nil {
		return
	}
	m := &member{Member: fan.Member{Conn: conn}, room: -1}
	defer s.leave(m)
	s.fan.Send(&m.Member, frame([]byte(`0{"sid":"limit","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`)))
	read(conn, func(packet []byte) error {
		switch {
		case bytes.HasPrefix(packet, []byte(`40{"token":"`)):
			return s.join(m, packet)
		case m.room >= 0 && bytes.HasPrefix(packet, []byte("42")):
			return s.ask(m, packet)
		}
		return nil
	})
}

func (s *server) join(m *member, packet []byte) error {
	if _, err := fmt.Sscanf(string(packet), `40{"token":"room-%d-`, &m.room); err != nil || m.room >= len(s.rooms) {
		return errors.New("no such room")
	}
	m.name = fmt.Sprintf("%p", m)
	s.rooms[m.room].Add(&m.Member)
	s.fan.Send(&m.Member, frame([]byte(`40{"sid":"limit"}`)))
	s.fan.Send(&m.Member, frame([]byte(`42["ready"]`)))
	return nil
}

func (s *server) leave(m *member) {
	if m.room >= 0 {
		s.rooms[m.room].Remove(&m.Member)
	}
}

func (s *server) ask(m *member, packet []byte) error {
	id, rest, ok := bytes.Cut(packet[2:], []byte("["))
	_, text, found := bytes.Cut(rest, []byte(`"text":"`))
	if !ok || !found || len(text) < 10 {
		return errors.New("not a message")
	}
	s.queue <- question{m, bytes.Clone(id), bytes.Clone(text[:10])}
	return nil
}

func frame(text []byte) []byte { return ws.MustCompileFrame(ws.NewTextFrame(text)) }
