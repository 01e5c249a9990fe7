package engineio

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

type received struct {
	packet []byte
	binary bool
}

func readAll(body []byte) (list []received, err error) {
	err = readPayload(body, func(packet []byte, binary bool) error {
		list = append(list, received{packet, binary})
		return nil
	})
	return list, err
}

// Whatever a body holds is taken apart into what makes the same body again, or
// is a violation.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		"", "3", "4hello\x1e2\x1e4world", "4hello\x1ebAQIDBA==", "b", "b\x1eb", "bAQIDBB==", "b=", "4\xff", "\x1e", "4é\x1e", "4\xc3\x1e\xa9",
		"42[\"x\"]\x1e451-[{\"_placeholder\":true,\"num\":0}]\x1ebAAAA", strings.Repeat("3\x1e", 300) + "1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		list, err := readAll(body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		var violation *Violation
		if err != nil {
			if !errors.As(err, &violation) {
				t.Fatalf("an error without a close code: %v", err)
			}
			return
		}
		if count := bytes.Count(body, []byte{separator}) + 1; len(list) != count {
			t.Fatalf("%d packets of %d", len(list), count)
		}
		var frames []*Frame
		var want []byte // base64 may be broken into lines
		for packet := range bytes.SplitSeq(body, []byte{separator}) {
			if len(packet) > 0 && packet[0] == binaryPrefix {
				packet = bytes.ReplaceAll(bytes.ReplaceAll(packet, []byte{'\r'}, nil), []byte{'\n'}, nil)
			}
			want = append(append(want, packet...), separator)
		}
		want = want[:len(want)-1]
		for _, r := range list {
			if !r.binary && (!utf8.Valid(r.packet) || len(r.packet) > 0 && r.packet[0] == binaryPrefix) {
				t.Fatalf("text packet %q", r.packet)
			}
			if !r.binary && len(r.packet) == 0 {
				return // the session takes none, so that none is ever sent
			}
			op := ws.OpText
			if r.binary {
				op = ws.OpBinary
			}
			frames = append(frames, sealed(op, r.packet))
		}
		if again := appendPayload(nil, frames); !bytes.Equal(again, want) {
			t.Fatalf("%q became %q", body, again)
		}
	})
}

// What is sent in frames, with and without attachments, of every length that
// their headers tell differently, arrives packet by packet.
func TestPayloadsOfFrames(t *testing.T) {
	sizes := rapid.OneOf(rapid.IntRange(0, 130), rapid.IntRange(65_530, 65_540))
	rapid.Check(t, func(t *rapid.T) {
		var frames []*Frame
		var want []received
		for range rapid.IntRange(1, 4).Draw(t, "frames") {
			text := []byte("4" + strings.Repeat("é", sizes.Draw(t, "text")/2))
			want = append(want, received{text, false})
			var attachments [][]byte
			for range rapid.IntRange(0, 3).Draw(t, "attachments") {
				a := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 1).Draw(t, "byte"), sizes.Draw(t, "binary"))
				attachments = append(attachments, a)
				want = append(want, received{a, true})
			}
			f := Seal(text, attachments...)
			if !bytes.Equal(f.Packet(), text) {
				t.Fatal("the first packet is another one")
			}
			frames = append(frames, f)
		}
		got, err := readAll(appendPayload(nil, frames))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d packets, want %d: %v", len(got), len(want), err)
		}
		for i := range want {
			if got[i].binary != want[i].binary || !bytes.Equal(got[i].packet, want[i].packet) {
				t.Fatalf("packet %d is %.50q, want %.50q", i, got[i].packet, want[i].packet)
			}
		}
	})
}

// A packet that is kept keeps no memory but its own.
func TestPacketsOfAPayloadAreCopies(t *testing.T) {
	body := []byte("4abc\x1ebAQID\x1e4def")
	list, err := readAll(body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	for i, want := range []string{"4abc", "\x01\x02\x03", "4def"} {
		if string(list[i].packet) != want || cap(list[i].packet) > 16 {
			t.Errorf("packet %d is %q in %d bytes", i, list[i].packet, cap(list[i].packet))
		}
	}
}
