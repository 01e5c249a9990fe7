package main

import (
	"bytes"
	"testing"

	"github.com/gobwas/ws"

	"github.com/maru-chat/maru/bench/peers/fan"
)

func TestConsumeAtEveryBoundary(t *testing.T) {
	var sent []byte
	for _, text := range []string{"40", `421["message","x"]`, "3", `422["message","` + string(bytes.Repeat([]byte("x"), 120)) + `"]`} {
		sent = append(sent, ws.MustCompileFrame(ws.MaskFrameInPlaceWith(ws.NewTextFrame([]byte(text)), [4]byte{1, 2, 3, 4}))...)
	}
	for split := range len(sent) {
		c := newCrowd([]byte("message"), 0)
		m := new(fan.Member)
		c.members.Add(m)
		buf := make([]byte, readBuffer)
		held, err := c.consume(buf, copy(buf, sent[:split]))
		if err == nil {
			held, err = c.consume(buf, held+copy(buf[held:], sent[split:]))
		}
		if err != nil || held != 0 || m.Waiting() != 2 {
			t.Fatalf("split at %d: %d bytes held, %d messages, %v", split, held, m.Waiting(), err)
		}
	}
	c := newCrowd(nil, 0)
	if _, err := c.consume([]byte{0x81, 0xff, 0, 0}, 4); err == nil {
		t.Error("a full buffer without a frame")
	}
}
