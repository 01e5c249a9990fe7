package faults

import (
	"encoding/json"
	"fmt"

	"github.com/maru-chat/maru/internal/wire"
)

// evidence is everything that people noted while faults were injected, and what the server says afterwards.
type evidence struct {
	Changes []change
	Views   []view
	Rooms   []room
}

// change is one thing that somebody asked for until it was answered: sent again and again under the same client id.
type change struct {
	Line  string        `json:"line"` // a connection in a room: one change after the other
	Verb  string        `json:"verb"` // send, edit or delete
	Room  string        `json:"room"`
	By    string        `json:"by"`
	ID    string        `json:"id"`   // the client id of the message
	Text  string        `json:"text"` // as asked for
	Got   *wire.Message `json:"got"`  // as acknowledged; nil where it was given up, or refused
	Tries int           `json:"tries"`
}

// view is what one connection of a person saw of a room, by the contract's rule alone.
type view struct {
	Who      string         `json:"who"`
	Room     string         `json:"room"`
	Steps    []step         `json:"steps"`
	Cursor   int64          `json:"cursor"`
	Messages []wire.Message `json:"messages"` // folded
}

// step is one thing that reached a view: what, and numbers that depend on it.
type step struct {
	what  stepKind
	since int64 // message: after; changes and reset: the cursor asked from
	rev   int64 // ready: the room's head; message: its rev; changes and reset: next
	seq   int64 // message: its seq; reset: the first seq of the page
}

type stepKind int64

const (
	gotReady stepKind = iota // a connection has opened; since is 1 where it is the view's first, and rev its position
	gotMessage
	gotChanges
	gotReset
)

// MarshalJSON keeps the log of a long run small.
func (s step) MarshalJSON() ([]byte, error) {
	return json.Marshal([4]int64{int64(s.what), s.since, s.rev, s.seq})
}

func (s *step) UnmarshalJSON(raw []byte) error {
	var n [4]int64
	err := json.Unmarshal(raw, &n)
	*s = step{stepKind(n[0]), n[1], n[2], n[3]}
	return err
}

// room is what the server says at the end.
type room struct {
	ID      string
	Head    int64
	History []wire.Message           // all pages
	Changes map[int64][]wire.Message // by since: all pages
}

// state is a message in comparable form.
func state(m wire.Message) string {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Sprintf("%+v", m)
	}
	return string(raw)
}

// states are messages by seq.
func states(messages []wire.Message) map[int64]string {
	all := make(map[int64]string, len(messages))
	for _, m := range messages {
		all[m.Seq] = state(m)
	}
	return all
}
