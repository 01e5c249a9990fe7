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
