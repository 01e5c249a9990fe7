package main

import (
	"bytes"
	"testing"

	"github.com/gobwas/ws"
)

func TestConsumeAtEveryBoundary(t *testing.T) {
	var sent []byte
	for _, text := range []string{"40", `421["message","x"]`, "3", `422["message","` + string(bytes.Repeat([]byte("x"), 120)) + `"]`} {
		sent = append(sent, ws.MustCompileFrame(ws.MaskFrameInPlaceWith(ws.NewTextFrame([]byte(text)), [4]byte{1, 2, 3, 4}))...)
	}
	for split := range len(sent) {
		c := newCrowd([]byte("message"))
		m := new(member)
		c.add(m)
		buf := make([]byte, readBuffer)
		held, err := c.consume(buf, copy(buf, sent[:split]))
		if err == nil {
			held, err = c.consume(buf, held+copy(buf[held:], sent[split:]))
		}
		if err != nil || held != 0 || len(m.queue) != 2 {
			t.Fatalf("split at %d: %d bytes held, %d messages, %v", split, held, len(m.queue), err)
		}
	}
	c := newCrowd(nil)
	if _, err := c.consume([]byte{0x81, 0xff, 0, 0}, 4); err == nil {
		t.Error("a full buffer without a frame")
	}
}
