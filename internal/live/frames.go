package live

import (
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/socketio"
)

// encode makes the frame of a server event. The shapes are our own, so that it cannot fail.
func encode(event string, payload any) *socketio.Frame {
	frame, err := socketio.EncodeEvent("/", event, payload)
	if err != nil {
		panic("live: " + event + ": " + err.Error())
	}
	return frame
}

func messageFrame(change chat.MessageChanged, after int64) *socketio.Frame {
	e := wire.MessageEvent{Message: present.Message(change.Message), After: after}
	if change.User.ID != "" {
		user := present.User(change.User)
		e.User = &user
	}
	return encode("message", e)
}

func hiddenFrame(m chat.Message, after int64) *socketio.Frame {
	return encode("message", wire.MessageEvent{Message: present.Message(m.Hidden()), After: after})
}

// encoding is changes of one room as they are sent.
type encoding struct {
	changes []chat.MessageChanged
	revs    []int64
	after   []int64           // what each one follows
	whole   []*socketio.Frame // nil where nobody has needed it yet
	hidden  []*socketio.Frame
	lowest  int64             // of the seqs
	mixed   []*socketio.Frame // of somebody who may not see all
}

func newEncoding(changes []chat.MessageChanged, after int64) *encoding {
	n := len(changes)
	e := &encoding{
		changes: changes, revs: make([]int64, n), after: make([]int64, n), whole: make([]*socketio.Frame, n),
		lowest: changes[0].Message.Seq,
	}
	for i, change := range changes {
		e.revs[i], e.after[i] = change.Message.Rev, after
		after = change.Message.Rev
		e.lowest = min(e.lowest, change.Message.Seq)
	}
	return e
}

// frames returns the changes for who sees what is beyond visibleAfter. They hold until the next call.
func (e *encoding) frames(visibleAfter int64) []*socketio.Frame {
	if e.lowest > visibleAfter {
		for i := range e.whole {
			e.wholeFrame(i)
		}
		return e.whole
	}
	if e.hidden == nil {
		e.hidden, e.mixed = make([]*socketio.Frame, len(e.whole)), make([]*socketio.Frame, len(e.whole))
	}
	for i, change := range e.changes {
		if !change.Message.HiddenFrom(visibleAfter) {
			e.mixed[i] = e.wholeFrame(i)
			continue
		}
		if e.hidden[i] == nil {
			e.hidden[i] = hiddenFrame(change.Message, e.after[i])
		}
		e.mixed[i] = e.hidden[i]
	}
	return e.mixed
}

func (e *encoding) wholeFrame(i int) *socketio.Frame {
	if e.whole[i] == nil {
		e.whole[i] = messageFrame(e.changes[i], e.after[i])
	}
	return e.whole[i]
}
