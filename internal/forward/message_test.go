package forward

import (
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func samples() []*message {
	named := call{run: math.MaxUint64, n: 1 << 40}
	return []*message{
		{
			kind: kindRequest, flags: flagTLS | flagHello, from: "a", call: named, method: "POST", uri: "/socket.io/?EIO=4&sid=x.b", host: "chat.example",
			remote: "[::1]:4711", header: http.Header{"Cookie": {"a=b", "c=d"}, "Origin": {"https://chat.example"}}, length: -1, size: 7, part: []byte("42"),
		},
		{kind: kindRequest, flags: flagBroken, from: "a", call: call{run: 1, n: 1}, header: http.Header{}, length: math.MaxInt64},
		{kind: kindBody, from: "a", call: named, offset: 2, part: []byte("[\"x\"]")},
		{kind: kindTaken, from: "a", call: named, offset: math.MaxUint64},
		{kind: kindCancel, from: "a", call: named},
		{kind: kindAsking, from: "a", call: call{run: 2}, calls: []uint64{1, math.MaxUint64, 0}},
		{kind: kindAnswer, flags: flagEnd, from: "b", call: named, status: 200, header: http.Header{"Content-Type": {"text/plain"}}, part: []byte("ok")},
		{kind: kindMore, flags: flagBroken, from: strings.Repeat("b", maxName), call: named, offset: 1},
		{kind: kindServing, from: "b", call: call{run: 2}},
	}
}

func TestMessages(t *testing.T) {
	for _, m := range samples() {
		got, err := parse(m.append(nil))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v became %+v, %v", m, got, err)
		}
	}
}

// TestNoMessages has what no node of ours says.
func TestNoMessages(t *testing.T) {
	head := func(change func(*message)) []byte {
		m := &message{kind: kindAnswer, from: "b", status: 200, header: http.Header{}}
		change(m)
		return m.append(nil)
	}
	for name, payload := range map[string][]byte{
		"nothing":        nil,
		"kind 0":         head(func(m *message) { m.kind = 0 }),
		"unknown kind":   head(func(m *message) { m.kind = kindServing + 1 }),
		"unknown flag":   head(func(m *message) { m.flags = flagsAll + 1 }),
		"no name":        head(func(m *message) { m.from = "" }),
		"long name":      head(func(m *message) { m.from = strings.Repeat("n", maxName+1) }),
		"status":         head(func(m *message) { m.status = 101 }),
		"large status":   head(func(m *message) { m.status = math.MaxInt }),
		"header's name":  head(func(m *message) { m.header = http.Header{"cookie": {"x"}} }),
		"no header name": head(func(m *message) { m.header = http.Header{"": {"x"}} }),
		"many headers":   head(func(m *message) { m.header = http.Header{"X": make([]string, maxHeaders+1)} }),
		"large head": head(func(m *message) {
			m.header = http.Header{"X": {strings.Repeat("x", maxHead/2), strings.Repeat("x", maxHead/2)}}
		}),
		"long list":       (&message{kind: kindAsking, from: "a", calls: make([]uint64, maxCalls+1)}).append(nil),
		"half a number":   append((&message{kind: kindAsking, from: "a"}).append(nil), 1, 2, 3),
		"cancel and more": append((&message{kind: kindCancel, from: "a"}).append(nil), 1),
	} {
		if m, err := parse(payload); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for _, m := range samples() {
		whole := m.append(nil)
		for end := range len(whole) - len(m.part) - 8*len(m.calls) {
			if got, err := parse(whole[:end]); err == nil {
				t.Errorf("%d bytes of %+v are %+v", end, m, got)
			}
		}
	}
}

// FuzzMessage requires that what is a message is the same one when it is encoded anew, and takes no more memory than it brings.
func FuzzMessage(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.append(nil))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := parse(payload)
		if err != nil {
			return
		}
		if len(m.part) > len(payload) || len(m.calls)*8 > len(payload) || len(m.uri)+len(m.host)+len(m.remote)+len(m.method) > len(payload) {
			t.Fatalf("%d bytes became %+v", len(payload), m)
		}
		again, err := parse(m.append(nil))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}

func TestWindow(t *testing.T) {
	var w window
	for _, c := range []struct {
		number uint64
		first  bool
	}{
		{1, true},
		{1, false},
		{3, true},
		{2, true},
		{2, false},
		{3, false},
		{windowSize, true},
		{4, true},
		{windowSize + 3, true},
		{4, false},
		{3, false},
		{5, true},
		{windowSize + 4, true},
		{10 * windowSize, true},
		{windowSize + 5, false},
		{10*windowSize - 1, true},
		{9*windowSize + 1, true},
		{9 * windowSize, false},
		{math.MaxUint64, true},
		{math.MaxUint64, false},
		{1, false},
	} {
		if w.first(c.number) != c.first {
			t.Fatalf("%d: %v", c.number, !c.first)
		}
	}
	w = window{}
	for i := uint64(1); i < 4*windowSize; i++ {
		if !w.first(i) || w.first(i) {
			t.Fatal(i)
		}
	}
}
