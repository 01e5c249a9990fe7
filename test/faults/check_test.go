package faults

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/maru-chat/maru/internal/wire"
)

// fault is a kind of broken promise.
type fault string

const (
	lost       fault = "lost"       // what was acknowledged or committed did not arrive
	repeated   fault = "repeated"   // something is there twice, or came twice
	disordered fault = "disordered" // something is not where its order demands
	stale      fault = "stale"      // something is there in another state than its newest
	gap        fault = "gap"        // the stream passed something over
	stray      fault = "stray"      // something is there that nobody asked for
)

type finding struct {
	fault fault
	text  string
}

func (f finding) String() string { return string(f.fault) + ": " + f.text }

// check compares the evidence with what is promised and returns every breach.
func check(e evidence) []finding {
	c := &checker{rooms: map[string]room{}}
	for _, r := range e.Rooms {
		c.rooms[r.ID] = r
		c.room(r)
	}
	c.changes(e.Changes)
	for _, v := range e.Views {
		c.view(v)
	}
	return c.found
}

type checker struct {
	rooms map[string]room
	found []finding
}

func (c *checker) report(f fault, format string, args ...any) {
	c.found = append(c.found, finding{f, fmt.Sprintf(format, args...)})
}

// room checks the numbers of a room's history and that all changes from any cursor are the history.
func (c *checker) room(r room) {
	revs := map[int64]bool{}
	var before, head int64
	for _, m := range r.History {
		if m.Seq <= before {
			c.report(disordered, "history of %s has %d after %d", r.ID, m.Seq, before)
		}
		before = m.Seq
		if revs[m.Rev] {
			c.report(repeated, "two messages of %s have rev %d", r.ID, m.Rev)
		}
		revs[m.Rev] = true
		if m.Rev < m.Seq {
			c.report(disordered, "message %d of %s has rev %d", m.Seq, r.ID, m.Rev)
		}
		head = max(head, m.Rev)
	}
	if head != r.Head {
		c.report(disordered, "the head of %s is %d, its newest change %d", r.ID, r.Head, head)
	}
	for since, changes := range r.Changes {
		want := slices.DeleteFunc(slices.Clone(r.History), func(m wire.Message) bool { return m.Rev <= since })
		slices.SortFunc(want, func(a, b wire.Message) int { return cmp.Compare(a.Rev, b.Rev) })
		if !slices.EqualFunc(changes, want, func(a, b wire.Message) bool { return state(a) == state(b) }) {
			c.report(stale, "the changes of %s after %d are not its history", r.ID, since)
		}
	}
}

type messageKey struct {
	sender, id string
}

// changes checks that what was acknowledged is stored once, in its newest state and in its line's order, and that nothing
// is stored that nobody asked for.
func (c *checker) changes(all []change) {
	stored := map[messageKey][]wire.Message{}
	for _, r := range c.rooms {
		for _, m := range r.History {
			if m.ClientID != "" {
				key := messageKey{m.SenderID, m.ClientID}
				stored[key] = append(stored[key], m)
			}
		}
	}
	for key, found := range stored {
		if len(found) > 1 {
			c.report(repeated, "%s of %s is stored %d times", key.id, key.sender, len(found))
		}
	}
	asked := map[messageKey]change{}
	newest := map[place]change{} // by message: its newest acknowledged change
	last := map[string]int64{}   // by line: the seq of its last acknowledged send
	for _, one := range all {
		if one.Verb == "send" {
			asked[messageKey{one.By, one.ID}] = one
		}
		if one.Got == nil {
			continue
		}
		at := place{one.Room, one.Got.Seq}
		if one.Got.Rev > newest[at].rev() {
			newest[at] = one
		}
		if one.Verb != "send" {
			continue
		}
		if len(stored[messageKey{one.By, one.ID}]) == 0 {
			c.report(lost, "%s was acknowledged as %d of %s and is not stored", one.ID, one.Got.Seq, one.Room)
		}
		if one.Got.Seq <= last[one.Line] {
			c.report(disordered, "%s is %d, what its line sent before it %d", one.ID, one.Got.Seq, last[one.Line])
		}
		last[one.Line] = one.Got.Seq
	}
	c.stored(asked, newest)
}

// place names a message.
type place struct {
	room string
	seq  int64
}

func (c change) rev() int64 {
	if c.Got == nil {
		return 0
	}
	return c.Got.Rev
}

// stored checks that each message stored is in the state that its newest acknowledged change left it in, or as it was sent
// where nothing was acknowledged.
func (c *checker) stored(asked map[messageKey]change, newest map[place]change) {
	for _, r := range c.rooms {
		for _, m := range r.History {
			if m.ClientID == "" && m.Kind != wire.KindDeleted {
				continue
			}
			at := place{r.ID, m.Seq}
			sent, known := asked[messageKey{m.SenderID, m.ClientID}]
			one, changed := newest[at]
			delete(newest, at)
			switch {
			case !known || sent.Room != r.ID:
				c.report(stray, "nobody sent %s", state(m))
			case !changed && (m.Rev != m.Seq || m.Text != sent.Text):
				c.report(stale, "%s was never acknowledged and is %s", sent.ID, state(m))
			case !changed:
			case state(*one.Got) != state(m):
				c.report(stale, "%s was acknowledged as %s and is %s", sent.ID, state(*one.Got), state(m))
			case one.Verb == "delete" && m.Kind != wire.KindDeleted, one.Verb == "edit" && m.Text != one.Text:
				c.report(stale, "%s was to %s %q and is %s", sent.ID, one.Verb, one.Text, state(m))
			}
		}
	}
	for at, one := range newest {
		c.report(lost, "%d of %s was acknowledged (%s of %s) and is not stored", at.seq, at.room, one.Verb, one.ID)
	}
}

// view replays what reached a connection, and compares what it amounts to with the history.
func (c *checker) view(v view) {
	r := c.rooms[v.Room]
	var (
		cursor    int64
		delivered int64          // what this connection was given last, of this room
		came      map[int64]bool // on this connection
		position  int64          // everything after it must be there
		floor     = int64(1 << 62)
	)
	for _, s := range v.Steps {
		switch s.what {
		case gotReady:
			delivered, came = s.rev, map[int64]bool{}
			if s.since == 1 {
				cursor, position = s.rev, s.rev
			}
			if s.rev > r.Head {
				c.report(lost, "%s was told of %d of %s, whose head is %d", v.Who, s.rev, r.ID, r.Head)
			}
		case gotMessage:
			switch {
			case came[s.rev]:
				c.report(repeated, "%s got %d of %s twice on one connection", v.Who, s.rev, r.ID)
			case s.rev <= delivered:
				c.report(disordered, "%s got %d of %s after %d", v.Who, s.rev, r.ID, delivered)
			case s.since > delivered:
				c.report(gap, "%s got %d of %s, which says after %d, after %d", v.Who, s.rev, r.ID, s.since, delivered)
			}
			came[s.rev] = true
			delivered = max(delivered, s.rev)
			if s.since <= cursor {
				cursor = max(cursor, s.rev)
			}
		case gotChanges:
			cursor = max(cursor, s.rev)
		case gotReset:
			cursor, position, floor = s.rev, s.rev, s.seq
		}
	}
	if cursor != v.Cursor {
		c.report(stray, "%s is at %d of %s, by the rule it would be at %d", v.Who, v.Cursor, r.ID, cursor)
	}
	if cursor != r.Head {
		c.report(lost, "%s is at %d of %s, whose head is %d", v.Who, cursor, r.ID, r.Head)
	}
	saw := states(v.Messages)
	if len(saw) != len(v.Messages) {
		c.report(repeated, "%s holds a message of %s twice", v.Who, r.ID)
	}
	history := states(r.History)
	for _, m := range r.History {
		got, there := saw[m.Seq]
		switch {
		case !there && (m.Rev > position || m.Seq >= floor):
			c.report(lost, "%s did not see %s", v.Who, state(m))
		case there && got != history[m.Seq]:
			c.report(stale, "%s saw %s, and it is %s", v.Who, got, state(m))
		}
	}
	for _, m := range v.Messages {
		if _, there := history[m.Seq]; !there {
			c.report(stray, "%s saw %s, which is not stored", v.Who, state(m))
		}
	}
}
