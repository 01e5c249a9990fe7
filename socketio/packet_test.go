package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maru-chat/maru/socketio/internal/engineio"
	"pgregory.net/rapid"
)

// The examples of the protocol's document (Socket.IO protocol 5, "Packet
// encoding"), those that a client sends.
func TestPacketsOfTheDocument(t *testing.T) {
	raw := func(values ...string) (list []json.RawMessage) {
		for _, v := range values {
			list = append(list, json.RawMessage(v))
		}
		return list
	}
	const placeholder0, placeholder1 = `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":1}`
	for text, want := range map[string]packet{
		`0`:                      {kind: packetConnect, namespace: "/"},
		`0/admin,`:               {kind: packetConnect, namespace: "/admin"},
		`0/admin`:                {kind: packetConnect, namespace: "/admin"},
		`0/admin,{"token":"12"}`: {kind: packetConnect, namespace: "/admin", auth: json.RawMessage(`{"token":"12"}`)},
		`1`:                      {kind: packetDisconnect, namespace: "/"},
		`1/admin,`:               {kind: packetDisconnect, namespace: "/admin"},
		`2["foo"]`:               {kind: packetEvent, namespace: "/", args: raw(`"foo"`)},
		`2/admin,["bar"]`:        {kind: packetEvent, namespace: "/admin", args: raw(`"bar"`)},
		`212["foo"]`:             {kind: packetEvent, namespace: "/", id: 12, hasID: true, args: raw(`"foo"`)},
		`312[]`:                  {kind: packetAck, namespace: "/", id: 12, hasID: true},
		`3/admin,13["bar"]`:      {kind: packetAck, namespace: "/admin", id: 13, hasID: true, args: raw(`"bar"`)},
		`51-["baz",` + placeholder0 + `]`: {
			kind: packetEvent, attachments: 1, namespace: "/", args: raw(`"baz"`, placeholder0),
		},
		`52-/admin,["baz",` + placeholder0 + `,` + placeholder1 + `]`: {
			kind: packetEvent, attachments: 2, namespace: "/admin", args: raw(`"baz"`, placeholder0, placeholder1),
		},
		`61-15["bar",` + placeholder0 + `]`: {
			kind: packetAck, attachments: 1, namespace: "/", id: 15, hasID: true, args: raw(`"bar"`, placeholder0),
		},
	} {
		got, err := parsePacket([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
}

// What we encode is what we would parse.
func TestEncodeThenParse(t *testing.T) {
	namespaces := rapid.OneOf(rapid.Just("/"), rapid.StringMatching(`/[a-z0-9/_.-]{1,40}`))
	rapid.Check(t, func(t *rapid.T) {
		namespace := namespaces.Draw(t, "namespace")
		event := rapid.String().Filter(func(s string) bool { return !reserved(s) && utf8.ValidString(s) }).Draw(t, "event")
		args := rapid.SliceOfN(arguments(3), 0, 5).Draw(t, "args")
		id := rapid.Uint64Range(0, maxID).Draw(t, "id")

		question, err := encodeEvent(namespace, event, &id, args)
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePacket(question.frame.Packet()[1:])
		if err != nil {
			t.Fatalf("%s: %v", question.frame.Packet(), err)
		}
		name, err := eventName(p.args[0])
		if err != nil || name != event || p.namespace != namespace || p.id != id || !p.hasID || p.kind != packetEvent {
			t.Fatalf("%s: parsed as %+v, %v", question.frame.Packet(), p, err)
		}
		same(t, args, p.args[1:])

		ack, err := encodeAck(namespace, id, args)
		if err != nil {
			t.Fatal(err)
		}
		p, err = parsePacket(ack.frame.Packet()[1:])
		if err != nil || p.namespace != namespace || p.id != id || p.kind != packetAck {
			t.Fatalf("%s: parsed as %+v, %v", ack.frame.Packet(), p, err)
		}
		same(t, args, p.args)
	})
}

func same(t *rapid.T, want []any, got []json.RawMessage) {
	if len(got) != len(want) {
		t.Fatalf("%d arguments, want %d", len(got), len(want))
	}
	for i := range want {
		var value any
		if err := json.Unmarshal(got[i], &value); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(value, want[i]) {
			t.Fatalf("argument %d is %#v, want %#v", i, value, want[i])
		}
	}
}

// arguments are what encoding/json decodes JSON to.
func arguments(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Float64Range(-1e300, 1e300).AsAny(),
		rapid.String().Filter(utf8.ValidString).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := arguments(depth - 1)
	return rapid.OneOf(append(scalars,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(list []any) any { return list }),
		rapid.Map(rapid.MapOfN(rapid.String().Filter(utf8.ValidString), inner, 0, 4), func(m map[string]any) any { return m }),
	)...)
}

func FuzzPacket(f *testing.F) {
	for _, seed := range []string{
		"0", `0/admin,{"token":"x"}`, "1/admin,", `2["foo",1,{"a":[true,null]}]`, `2/a,12["foo"]`, "312[]",
		`51-["baz",{"_placeholder":true,"num":0}]`, `52-/admin,7["baz"]`, `61-15["bar"]`,
		`599999-["x"]`, `5-1-["x"]`, `2["\ud800",1e999,-0]`, `29007199254740993["x"]`, `2["connect"]`, "4abc", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePacket(b)
		if err != nil {
			var violation *engineio.Violation
			if !errors.As(err, &violation) {
				t.Fatalf("an error without a close code: %v", err)
			}
			return
		}
		if len(p.namespace) > maxNamespace || p.attachments > maxAttachments || len(p.args) > maxArgs {
			t.Fatalf("beyond the limits: %+v", p)
		}
		if p.auth != nil && !json.Valid(p.auth) {
			t.Fatalf("auth %q", p.auth)
		}
		for _, arg := range p.args {
			if !json.Valid(arg) {
				t.Fatalf("argument %q", arg)
			}
		}
		if p.kind == packetEvent {
			_, _ = eventName(p.args[0])
		}
	})
}

// The scanner takes exactly what encoding/json takes, within its limits.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`[]`, `[1,2.5e-3,-0,"a\u00e9\n",{"a":[{}],"b":null},true,false]`, ` [ 1 , 2 ] `, `[01]`, `[1.]`, `[.5]`, `[1e]`, `[+1]`,
		`["\x"]`, `["\u12g4"]`, "[\"\x01\"]", `[1,]`, `[,1]`, `{"a":1,}`, `{"a"}`, `{1:2}`, `[nul]`, `[[[[]]]]`, `["`, `[1] 2`, `{"a":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		valid := json.Valid(b)
		first := bytes.TrimLeft(b, " \t\r\n")
		args, err := splitArray(b)
		if err == nil && (!valid || first[0] != '[') {
			t.Fatalf("%q was taken", b)
		}
		if err != nil && valid && first[0] == '[' && !beyond(b) {
			t.Fatalf("%q was refused", b)
		}
		if err == nil {
			var want []json.RawMessage
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			if len(args) != len(want) {
				t.Fatalf("%q has %d elements, want %d", b, len(args), len(want))
			}
			for i := range want {
				if !bytes.Equal(args[i], want[i]) {
					t.Fatalf("element %d is %q, want %q", i, args[i], want[i])
				}
			}
		}
		if object := validObject(b); object != (valid && first[0] == '{') && !beyond(b) {
			t.Fatalf("%q as an object: %v", b, object)
		}
	})
}

// beyond reports whether the text could be over one of the scanner's limits.
func beyond(b []byte) bool {
	return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxDepth || bytes.Count(b, []byte(",")) >= maxArgs ||
		len(b) > maxNumber
}

func TestScannerLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	list := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	for _, c := range []struct {
		name  string
		text  string
		taken bool
	}{
		{"deep enough", nested(maxDepth), true},
		{"too deep", nested(maxDepth + 1), false},
		{"enough elements", list(maxArgs), true},
		{"too many", list(maxArgs + 1), false},
		{"an inner list of more", "[" + list(10*maxArgs) + "]", true},
		{"a long number", "[" + strings.Repeat("1", maxNumber) + "]", true},
		{"a longer number", "[" + strings.Repeat("1", maxNumber+1) + "]", false},
	} {
		if _, err := splitArray([]byte(c.text)); (err == nil) != c.taken {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEveryReasonHasItsConsequence(t *testing.T) {
	for reason, c := range consequences {
		if c.clientSees == "" || c.code < 1000 {
			t.Errorf("%q: %+v", reason, c)
		}
		if returns := strings.HasPrefix(c.clientSees, "transport"); returns != reason.ClientReturns() {
			t.Errorf("%q: the client sees %q and returns: %v", reason, c.clientSees, reason.ClientReturns())
		}
	}
	own := Reason("session ended")
	if own.ClientSees() != "transport close" || !own.ClientReturns() {
		t.Errorf("a reason of the application: %q, %v", own.ClientSees(), own.ClientReturns())
	}
}

func TestFrameSizes(t *testing.T) {
	for _, length := range []int{0, 1, 110, 118, 119, 120, 65_000, 65_527, 65_528, 65_529, 200_000} {
		frame, err := EncodeEvent("/", "", strings.Repeat("x", length))
		if err != nil {
			t.Fatal(err)
		}
		packet := fmt.Sprintf(`42["","%s"]`, strings.Repeat("x", length))
		header := 2
		if len(packet) > 125 {
			header = 4
		}
		if len(packet) > 65_535 {
			header = 10
		}
		if string(frame.frame.Packet()) != packet || frame.Size() != len(packet)+header || frame.Namespace() != "/" {
			t.Errorf("a packet of %d bytes has a frame of %d", len(packet), frame.Size())
		}
	}
}
