package bus_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/bus/bustest"
	"github.com/maru-chat/maru/internal/chat"
)

func TestMemory(t *testing.T) {
	defer goleak.VerifyNone(t)
	bustest.Run(t, func(t *testing.T) chat.Bus {
		b := bus.NewMemory()
		t.Cleanup(b.Close)
		return b
	})
}

func TestMemoryDeliversWhatWasPublishedBeforeClosing(t *testing.T) {
	b := bus.NewMemory()
	heard := 0
	b.Subscribe(func(events []chat.Event) { heard += len(events) })
	for range 100 {
		b.Publish(chat.ReadMoved{})
	}
	b.Close()
	b.Publish(chat.ReadMoved{}) // dropped, and does not hang
	if heard != 100 {
		t.Fatalf("heard %d of 100", heard)
	}
}
