package load

import (
	"bytes"
	"strings"
	"testing"
)

// received is what a server sends to a member: deliveries with a 16-bit
// length, pings and acknowledgements in between.
func received(m message) (stream []byte, want tally) {
	for i := range 5 {
		stream = append(stream, m.delivery...)
		want.deliveries++
		if i%2 == 0 {
			stream = append(stream, frame([]byte("2"))...)
			want.pings++
		}
		stream = append(stream, frame([]byte("4317[]"))...)
		want.acknowledgements++
	}
	return stream, want
}

func TestCountAtEveryBoundary(t *testing.T) {
	for _, length := range []int{1, 120, 1000} {
		m := newMessage(length)
		stream, want := received(m)
		for first := range len(stream) {
			for _, second := range []int{first, first + 1, first + 3, len(stream)} {
				second = min(second, len(stream))
				var got tally
				var rest []byte
				for _, part := range [][]byte{stream[:first], stream[first:second], stream[second:]} {
					part = append(rest, part...)
					n, err := m.count(part, &got)
					if err != nil {
						t.Fatalf("split at %d and %d: %v", first, second, err)
					}
					rest = bytes.Clone(part[n:])
				}
				if got != want || len(rest) > 0 {
					t.Fatalf("split at %d and %d: %+v, not %+v, with %d bytes left", first, second, got, want, len(rest))
				}
			}
		}
	}
}

func TestCountByteByByte(t *testing.T) {
	m := newMessage(120)
	stream, want := received(m)
	var got tally
	var rest []byte
	for _, b := range stream {
		rest = append(rest, b)
		n, err := m.count(rest, &got)
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if got != want || len(rest) > 0 {
		t.Fatalf("%+v, not %+v, with %d bytes left", got, want, len(rest))
	}
}

func TestCountRefuses(t *testing.T) {
	m := newMessage(120)
	other := bytes.Clone(m.delivery)
	other[len(other)-10] ^= 1
	for name, p := range map[string][]byte{
		"another text":      other,
		"another length":    newMessage(121).delivery,
		"another event":     frame([]byte(`42["other","x"]`)),
		"a disconnection":   frame([]byte(`41`)),
		"an id that is not": frame([]byte(`43x[]`)),
		"no id":             frame([]byte(`43[]`)),
		"a masked frame":    appendPacket(nil, []byte("2")),
		"a binary frame":    {0x82, 1, 0},
		"a fragment":        {0x01, 1, '4'},
		"a close frame":     {finClose, 2, 3, 0xe8},
		"a huge frame":      {finText, length64, 0, 0, 0, 0, 0, 1, 0, 0},
	} {
		var got tally
		if _, err := m.count(append(bytes.Clone(m.delivery), p...), &got); err == nil {
			t.Errorf("%s: counted as %+v", name, got)
		}
	}
}

func TestAppendPacket(t *testing.T) {
	for _, n := range []int{1, 125, 126, 300} {
		packet := []byte(strings.Repeat("m", n))
		sent := appendPacket(nil, packet)
		if sent[1]&masked == 0 {
			t.Fatalf("%d bytes: not masked", n)
		}
		key := sent[len(sent)-n-4 : len(sent)-n]
		payload := sent[len(sent)-n:]
		for i := range payload {
			payload[i] ^= key[i%4]
		}
		header := sent[:len(sent)-n-4]
		header[1] &^= masked
		got, size, err := unframe(append(bytes.Clone(header), payload...))
		if err != nil || size != len(sent)-4 || !bytes.Equal(got, packet) {
			t.Fatalf("%d bytes: %q, %d, %v", n, got, size, err)
		}
	}
}
