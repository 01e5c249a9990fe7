package bus

import (
	"errors"

	"github.com/maru-chat/maru/internal/chat"
)

// ErrAlone is the error of a message to another node where there is none.
var ErrAlone = errors.New("this node has no others")

// Node is "": a single node needs no name.
func (b *Memory) Node() string { return "" }

// Send fails with ErrAlone, but to everybody: nobody is there to be told.
func (b *Memory) Send(node, _ string, _ []byte) error {
	if node == "" {
		return nil
	}
	return ErrAlone
}

// Receive never has fn called.
func (b *Memory) Receive(string, func([]byte)) (cancel func(), err error) { return func() {}, nil }

// MaxPayload is as on NATS by default.
func (b *Memory) MaxPayload() int { return 1 << 20 }

// Watch has nothing to do: every event is this node's.
func (b *Memory) Watch(...chat.RoomID) {}

// Unwatch has nothing to do.
func (b *Memory) Unwatch(...chat.RoomID) {}

// Ready reports nothing: there is nobody to be parted from.
func (b *Memory) Ready() error { return nil }
