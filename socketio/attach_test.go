package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/maru-chat/maru/socketio/internal/engineio"
	"pgregory.net/rapid"
)

// Attack 25: placeholders that mean no attachment, or not each of them once.
func TestPlaceholders(t *testing.T) {
	const mark0, mark1 = `{"_placeholder":true,"base64":"AA=="}`, `{"_placeholder":true,"base64":"AQ=="}`
	const p0, p1 = `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":1}`
	for _, c := range []struct {
		name        string
		attachments int
		args        string
		want        string // empty for a violation
	}{
		{"one", 1, `["x",` + p0 + `]`, `["x",` + mark0 + `]`},
		{"two in order", 2, `["x",` + p0 + `,` + p1 + `]`, `["x",` + mark0 + `,` + mark1 + `]`},
		{"two in reverse", 2, `["x",` + p1 + `,` + p0 + `]`, `["x",` + mark1 + `,` + mark0 + `]`},
		{"deep", 1, `["x",{"a":[[{"b":` + p0 + `}]]}]`, `["x",{"a":[[{"b":` + mark0 + `}]]}]`},
		{"two in one argument", 2, `["x",[` + p0 + `,1,` + p1 + `]]`, `["x",[` + mark0 + `,1,` + mark1 + `]]`},
		{"with spaces", 1, "[\"x\",{ \"_placeholder\" :\ttrue ,\n\"num\" : 0 }]", `["x",` + mark0 + `]`},
		{"the other way round", 1, `["x",{"num":0,"_placeholder":true}]`, `["x",` + mark0 + `]`},
		{"beside an object like it", 1, `["x",` + p0 + `,{"_placeholder":false,"num":0}]`, `["x",` + mark0 + `,{"_placeholder":false,"num":0}]`},
		{"beside a string like it", 1, `["x",` + p0 + `,"{\"_placeholder\":true,\"num\":0}"]`, `["x",` + mark0 + `,"{\"_placeholder\":true,\"num\":0}"]`},

		{"missing", 1, `["x"]`, ""},
		{"one missing", 2, `["x",` + p0 + `]`, ""},
		{"out of range", 1, `["x",` + p1 + `]`, ""},
		{"one too many", 1, `["x",` + p0 + `,` + p1 + `]`, ""},
		{"twice", 1, `["x",` + p0 + `,` + p0 + `]`, ""},
		{"negative", 1, `["x",` + p0 + `,{"_placeholder":true,"num":-1}]`, ""},
		{"a string", 1, `["x",{"_placeholder":true,"num":"0"}]`, ""},
		{"fractional", 1, `["x",{"_placeholder":true,"num":0.5}]`, ""},
		{"enormous", 1, `["x",{"_placeholder":true,"num":18446744073709551616}]`, ""},
		{"65th bit", 1, `["x",{"_placeholder":true,"num":64}]`, ""},
		{"null", 1, `["x",{"_placeholder":true,"num":null}]`, ""},
		{"without its number", 1, `["x",{"_placeholder":true}]`, ""},
		{"not true", 1, `["x",{"_placeholder":1,"num":0}]`, ""},
		{"with another key", 1, `["x",{"_placeholder":true,"num":0,"x":1}]`, ""},
		{"around another", 1, `["x",{"_placeholder":true,"num":{"_placeholder":true,"num":0}}]`, ""},
	} {
		args, err := splitArray([]byte(c.args))
		if err != nil {
			t.Fatal(err)
		}
		err = attach(args, [][]byte{{0}, {1}}[:c.attachments])
		var violation *engineio.Violation
		if err != nil && !errors.As(err, &violation) {
			t.Errorf("%s: an error without a close code: %v", c.name, err)
		}
		if (err != nil) != (c.want == "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		var list []string
		for _, arg := range args {
			list = append(list, string(arg))
		}
		if got := "[" + strings.Join(list, ",") + "]"; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What we encode with attachments anywhere, and take apart as a client's, is
// what it was.
func TestAttachmentsThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := maxAttachments
		args := make([]any, rapid.IntRange(0, 4).Draw(t, "count"))
		for i := range args {
			args[i] = mixed(t, &budget, 3)
		}
		p, attachments := sent(t, args)
		if len(attachments) != maxAttachments-budget || p.attachments != len(attachments) {
			t.Fatalf("%d attachments of %d, and %d announced", len(attachments), maxAttachments-budget, p.attachments)
		}
		if err := attach(p.args, attachments); err != nil {
			t.Fatal(err)
		}
		for i, arg := range p.args[1:] {
			if got := revive(t, arg); !reflect.DeepEqual(got, args[i]) {
				t.Fatalf("argument %d is %#v, want %#v", i, got, args[i])
			}
		}
		// Passed on as they came, they travel as attachments again.
		raw := make([]any, len(p.args)-1)
		for i, arg := range p.args[1:] {
			raw[i] = arg
		}
		if q, more := sent(t, raw); q.attachments != p.attachments || len(more) != len(attachments) {
			t.Fatalf("%d attachments of %d when passed on", q.attachments, p.attachments)
		}
	})
}

// sent is an event as its client parses it.
func sent(t interface{ Fatal(...any) }, args []any) (p packet, attachments [][]byte) {
	e := newEncoder()
	defer e.free()
	e.payload.WriteByte('[')
	if err := e.list(append([]any{"x"}, args...)); err != nil {
		t.Fatal(err)
	}
	frame, err := e.seal(packetEvent, "/n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = parsePacket(frame.frame.Packet()[1:]); err != nil {
		t.Fatal(string(frame.frame.Packet()), err)
	}
	return p, slices.Clone(e.attachments)
}

// mixed is a JSON value with attachments, as revive returns it.
func mixed(t *rapid.T, budget *int, depth int) any {
	kinds := []string{"scalar", "binary"}
	if depth > 0 {
		kinds = append(kinds, "list", "map")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "binary":
		if *budget == 0 {
			return nil
		}
		*budget--
		return Binary(append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")...))
	case "list":
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = mixed(t, budget, depth-1)
		}
		return list
	case "map":
		m := make(map[string]any)
		for i := range rapid.IntRange(0, 3).Draw(t, "length") {
			key := rapid.SampledFrom([]string{"_placeholder", "num", "base64", "a", `"`, markOpen}).Draw(t, "key")
			m[fmt.Sprint(key, i)] = mixed(t, budget, depth-1)
		}
		return m
	default:
		return rapid.OneOf(
			rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64Range(-1e300, 1e300).AsAny(),
			rapid.String().Filter(utf8.ValidString).AsAny(),
			rapid.SampledFrom([]string{markOpen, markOpen + `AA=="}`, `{"_placeholder":true,"num":0}`, `"}`}).AsAny(),
		).Draw(t, "scalar")
	}
}

// revive decodes an argument, its attachments to Binary.
func revive(t *rapid.T, arg json.RawMessage) any {
	var b Binary
	if json.Unmarshal(arg, &b) == nil && b != nil {
		return b
	}
	switch arg[0] {
	case '[':
		var raw []json.RawMessage
		if err := json.Unmarshal(arg, &raw); err != nil {
			t.Fatal(err)
		}
		list := make([]any, len(raw))
		for i := range raw {
			list[i] = revive(t, raw[i])
		}
		return list
	case '{':
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(arg, &raw); err != nil {
			t.Fatal(err)
		}
		m := make(map[string]any)
		for key := range raw {
			m[key] = revive(t, raw[key])
		}
		return m
	default:
		var value any
		if err := json.Unmarshal(arg, &value); err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// What only looks like an attachment stays what it is.
func TestWhatOnlyLooksBinary(t *testing.T) {
	for _, arg := range []string{
		`"{\"_placeholder\":true,\"base64\":\"AA==\"}"`,
		`{"_placeholder":true,"base64":"not base64"}`,
		`{"_placeholder":true,"base64":"AA="}`,
		`{"_placeholder":true,"base64":"AB=="}`,
		`{"_placeholder":true,"base64":"A\nA=="}`,
		`{"_placeholder":true,"base64":"AA==","x":1}`,
		`{"_placeholder":true,"base64":""` + `,"a":{"b":"c"}}`,
		`{"_placeholder":false,"base64":"AA=="}`,
		`{"base64":"AA==","_placeholder":true}`,
		`{"_placeholder":true,"num":0}`,
		`[{"_placeholder":true,"base64":"` + strings.Repeat("!", 100) + `"}]`,
	} {
		frame, err := EncodeEvent("/", "x", json.RawMessage(arg))
		if err != nil {
			t.Errorf("%s: %v", arg, err)
			continue
		}
		if got, want := string(frame.frame.Packet()), `42["x",`+arg+`]`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		var b Binary
		if err := json.Unmarshal([]byte(arg), &b); err == nil {
			t.Errorf("%s became %v", arg, b)
		}
	}
}

// The largest message that a client may send, made of what only looks like
// attachments, is passed on as fast as any other: what it costs grows with its
// length alone.
func TestLookalikesCostNoMore(t *testing.T) {
	for name, piece := range map[string]string{
		"another key":  `{"_placeholder":true,"base64":"","a":1}`,
		"nothing else": `{"_placeholder":true,"base64":"","a":""}`,
	} {
		arg := json.RawMessage("[" + strings.Repeat(piece+",", 960_000/len(piece)) + `{"a":"x"}]`)
		start := time.Now()
		if _, err := EncodeEvent("/", "x", arg); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 30*time.Second { // milliseconds; with the square of the length, under -race, 44 s
			t.Errorf("%s: %v", name, took)
		}
	}
}

// More attachments than clients take are refused, in events and answers.
func TestTooManyAttachments(t *testing.T) {
	list := make([]any, maxAttachments+1)
	for i := range list {
		list[i] = Binary{byte(i)}
	}
	for name, encode := range map[string]func(args ...any) (*Frame, error){
		"event":           func(args ...any) (*Frame, error) { return EncodeEvent("/", "x", args...) },
		"acknowledgement": func(args ...any) (*Frame, error) { return encodeAck("/", 1, args) },
	} {
		if _, err := encode(list[:maxAttachments]...); err != nil {
			t.Errorf("%s of %d: %v", name, maxAttachments, err)
		}
		if _, err := encode(list...); !errors.Is(err, ErrAttachments) {
			t.Errorf("%s of %d: %v", name, len(list), err)
		}
		if _, err := encode(any(list)); !errors.Is(err, ErrAttachments) {
			t.Errorf("%s of %d in a list: %v", name, len(list), err)
		}
		if f, err := encode(); err != nil || bytes.Contains(f.frame.Packet(), []byte("-")) {
			t.Errorf("%s after a refusal: %v", name, err)
		}
	}
}

// A packet with attachments, in one piece of fuzz: the text, and behind each
// zero byte an attachment. What is taken can be passed on.
func FuzzAttachments(f *testing.F) {
	for _, seed := range []string{
		"51-[\"baz\",{\"_placeholder\":true,\"num\":0}]\x00abc",
		"52-/admin,7[\"baz\",[{\"_placeholder\":true,\"num\":1}],{\"a\":{ \"num\":0,\"_placeholder\":true}}]\x00a\x00b",
		"61-15[\"bar\",{\"_placeholder\":true,\"num\":0}]\x00",
		"51-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]\x00a",
		"51-[\"x\",{\"_placeholder\":true,\"num\":-1}]\x00a",
		"52-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]\x00a\x00b",
		"51-[\"x\",{\"_placeholder\":true,\"base64\":\"AA==\"},{\"_placeholder\":true,\"num\":0}]\x00a",
		"51-[\"x\",{\"_placeholder\":true,\"num\":{\"_placeholder\":true,\"num\":0}}]\x00a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		pieces := bytes.Split(b, []byte{0})
		p, err := parsePacket(pieces[0])
		if err != nil || !utf8.Valid(pieces[0]) || p.attachments == 0 || p.attachments > len(pieces)-1 {
			return
		}
		attachments := pieces[1 : 1+p.attachments]
		if err := attach(p.args, attachments); err != nil {
			var violation *engineio.Violation
			if !errors.As(err, &violation) {
				t.Fatalf("an error without a close code: %v", err)
			}
			return
		}
		args := make([]any, len(p.args))
		for i, arg := range p.args {
			if !json.Valid(arg) {
				t.Fatalf("argument %q", arg)
			}
			args[i] = arg
		}
		if _, err := encodeAck("/", 1, args); err != nil {
			if !errors.Is(err, ErrAttachments) { // some stood in the JSON already
				t.Fatal(err)
			}
			return
		}
		_, found := sent(t, args)
		for _, a := range attachments {
			if !slices.ContainsFunc(found, func(b []byte) bool { return bytes.Equal(a, b) }) {
				t.Fatalf("attachment %q is lost of %q", a, b)
			}
		}
	})
}
