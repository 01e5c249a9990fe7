package live

import "github.com/maru-chat/maru/internal/chat"

// maxEarly is how many changes of a room may wait for the one that is due; more are read from the database with it.
const maxEarly = 256

// early keeps changes of one room that came before the one that is due: where several nodes write, the order of commits is
// not the order of arrival.
type early struct {
	changes map[int64]chat.MessageChanged // by rev
	due     int64                         // rev that was due when somebody began to look after the gap, 0 while nobody does
	over    bool                          // some were not kept
}

func (e *early) keep(change chat.MessageChanged) {
	if len(e.changes) >= maxEarly {
		e.over = true
		return
	}
	if e.changes == nil {
		e.changes = map[int64]chat.MessageChanged{}
	}
	e.changes[change.Message.Rev] = change
}

// follow appends what comes next after rev without a gap, forgets what came before it, and returns the last rev.
func (e *early) follow(next []chat.MessageChanged, rev int64) ([]chat.MessageChanged, int64) {
	for {
		change, there := e.changes[rev+1]
		if !there {
			break
		}
		delete(e.changes, rev+1)
		next, rev = append(next, change), rev+1
	}
	for known := range e.changes {
		if known <= rev {
			delete(e.changes, known)
		}
	}
	if len(e.changes) == 0 {
		e.changes = nil
	}
	return next, rev
}

// gap reports whether there is a gap after the cursor that nobody looks after yet; whoever asks does from now on.
func (e *early) gap(cursor int64) bool {
	if e.due > 0 || (len(e.changes) == 0 && !e.over) {
		return false
	}
	e.due = cursor + 1
	return true
}

// look is what whoever looks after a gap does when its time is up: late tells that what was due has not come and must be
// read, again that it has, and that another gap has opened since.
func (e *early) look(cursor int64) (late, again bool) {
	due := e.due
	e.due = 0
	switch {
	case e.over:
		e.over = false
		return true, false
	case len(e.changes) == 0:
		return false, false
	case cursor >= due:
		e.due = cursor + 1
		return false, true
	}
	return true, false
}
