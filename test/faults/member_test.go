package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/maru-chat/maru/internal/wire"
)

// member is a light client over a WebSocket, for when there are to be thousands: it follows its rooms by the contract's
// rule and comes back whenever its connection ends.
type member struct {
	who   string
	addr  string
	token string
	rest  time.Duration // at most, before it comes back

	onAck func(id int, ok bool, m *wire.Message)
	out   chan string  // packets to be sent
	ready atomic.Int64 // how often it got ready

	mu      sync.Mutex
	lost    time.Time // when the connection ended; zero while there is one
	returns []absence
	rooms   map[string]*seen
	asked   map[int]question // for changes, by the acknowledgement's id
	next    int
}

// absence is how long somebody was without a connection, and when that was over.
type absence struct {
	at    time.Time
	after time.Duration
}

// question is one for the changes of a room from a cursor on.
type question struct {
	seen  *seen
	since int64
}

// seen is what a member saw of a room.
type seen struct {
	view
	messages map[int64]wire.Message
	known    bool // the position is
	asking   bool // for changes
	again    bool // something came meanwhile that asks, too
}

func newMember(who, addr, token string) *member {
	return &member{who: who, addr: addr, token: token, rest: 20 * time.Millisecond, rooms: map[string]*seen{}, asked: map[int]question{}, next: changesID, out: make(chan string, 64)}
}

// live is connected until the context ends.
func (m *member) live(ctx context.Context) {
	for ctx.Err() == nil {
		_ = m.connect(ctx) // whatever it was, another one follows
		m.mu.Lock()
		if m.lost.IsZero() && m.ready.Load() > 0 {
			m.lost = time.Now()
		}
		m.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(m.rest)):
		}
	}
}

// connect opens a connection and serves it until it ends.
func (m *member) connect(ctx context.Context) error {
	dialer := ws.Dialer{Timeout: 10 * time.Second}
	conn, ahead, _, err := dialer.Dial(ctx, "ws://"+m.addr+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	from := io.Reader(conn)
	if ahead != nil {
		from = io.MultiReader(ahead, conn)
	}
	for len(m.out) > 0 {
		<-m.out // for the connection before
	}
	ended, end := context.WithCancel(ctx)
	var writing sync.WaitGroup
	defer writing.Wait()
	defer end()
	writing.Go(func() { m.write(ended, conn) })
	m.mu.Lock()
	clear(m.asked)
	for _, s := range m.rooms {
		s.asking, s.again = false, false
	}
	m.mu.Unlock()
	for {
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Second)) // ping interval and time-out
		raw, _, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{from, conn})
		if err != nil {
			return err
		}
		if err := m.hear(string(raw)); err != nil {
			return err
		}
	}
}

// write sends what is queued, and closes the connection where the context ends.
func (m *member) write(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for text := `40{"token":"` + m.token + `"}`; ; {
		if wsutil.WriteClientText(conn, []byte(text)) != nil {
			return
		}
		select {
		case text = <-m.out:
		case <-ctx.Done():
			return
		}
	}
}

func (m *member) say(format string, args ...any) {
	select {
	case m.out <- fmt.Sprintf(format, args...):
	default: // it asks again with the next ready
	}
}

var errRefused = errors.New("refused")

// hear takes a packet.
func (m *member) hear(text string) error {
	switch {
	case text == "2":
		m.say("3")
	case strings.HasPrefix(text, `42["ready",`):
		return m.hearReady(text[len(`42["ready",`) : len(text)-1])
	case strings.HasPrefix(text, `42["message",`):
		return m.hearMessage(text[len(`42["message",`) : len(text)-1])
	case strings.HasPrefix(text, "43"):
		return m.hearAnswer(text[2:])
	case strings.HasPrefix(text, "44"), text == "1":
		return errRefused
	}
	return nil
}

func (m *member) hearReady(text string) error {
	var ready struct {
		Rooms []struct {
			Room struct {
				ID   string
				Head int64
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &ready); err != nil {
		return err
	}
	m.mu.Lock()
	for _, one := range ready.Rooms {
		s := m.rooms[one.Room.ID]
		if s == nil {
			s = &seen{view: view{Who: m.who, Room: one.Room.ID}, messages: map[int64]wire.Message{}}
			m.rooms[one.Room.ID] = s
		}
		got := step{what: gotReady, rev: one.Room.Head}
		if !s.known {
			got.since, s.known, s.Cursor = 1, true, one.Room.Head
		}
		s.Steps = append(s.Steps, got)
		if one.Room.Head != s.Cursor {
			m.ask(s)
		}
	}
	if now := time.Now(); !m.lost.IsZero() {
		m.returns = append(m.returns, absence{now, now.Sub(m.lost)})
		m.lost = time.Time{}
	}
	m.mu.Unlock()
	m.ready.Add(1)
	return nil
}

func (m *member) hearMessage(text string) error {
	var e wire.MessageEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.rooms[e.Message.RoomID]
	if s == nil {
		return fmt.Errorf("a message of %s, which is not among the rooms", e.Message.RoomID)
	}
	s.Steps = append(s.Steps, step{gotMessage, e.After, e.Message.Rev, e.Message.Seq})
	switch {
	case e.Message.Rev <= s.Cursor:
	case e.After > s.Cursor:
		m.ask(s)
	default:
		s.apply(e.Message)
		s.Cursor = e.Message.Rev
	}
	return nil
}

func (s *seen) apply(m wire.Message) {
	if m.Rev > s.messages[m.Seq].Rev {
		s.messages[m.Seq] = m
	}
}

// ask asks for the changes of a room; m.mu is held.
func (m *member) ask(s *seen) {
	if s.asking {
		s.again = true
		return
	}
	s.asking = true
	m.next++
	m.asked[m.next] = question{s, s.Cursor}
	m.say(`42%d["room:changes",{"roomId":%q,"since":%d}]`, m.next, s.Room, s.Cursor)
}

// changesID and beyond are the ids of acknowledgements of room:changes; smaller ones are those of sends.
const changesID = 1 << 30

func (m *member) hearAnswer(text string) error {
	bracket := strings.IndexByte(text, '[')
	if bracket < 0 {
		return errRefused
	}
	id, err := strconv.Atoi(text[:bracket])
	if err != nil {
		return err
	}
	raw := []byte(text[bracket+1 : len(text)-1])
	if id < changesID {
		var answer struct {
			OK bool
			wire.MessageAnswer
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return err
		}
		m.onAck(id, answer.OK, &answer.Message)
		return nil
	}
	var answer struct {
		OK bool
		wire.ChangesAnswer
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	if !answer.OK || len(answer.Messages) == 0 && answer.Reset {
		return errRefused
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if q, known := m.asked[id]; known {
		delete(m.asked, id)
		m.take(q.seen, q.since, answer.ChangesAnswer)
	}
	return nil
}

// take applies a page of changes; m.mu is held.
func (m *member) take(s *seen, since int64, page wire.ChangesAnswer) {
	got := step{gotChanges, since, page.Next, 0}
	if page.Reset {
		got.what = gotReset
		clear(s.messages)
		if page.Messages[0].Seq > 1 {
			got.seq = page.Messages[0].Seq
		}
	}
	s.Steps = append(s.Steps, got)
	for _, one := range page.Messages {
		s.apply(one)
	}
	if s.Cursor = max(s.Cursor, page.Next); page.Reset {
		s.Cursor = page.Next
	}
	more := page.HasMore || s.again
	s.asking, s.again = false, false
	if more {
		m.ask(s)
	}
}
