package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/maru-chat/maru/socketio"
)

// expectBinary reads the next attachment.
func (c *client) expectBinary(want string) {
	c.t.Helper()
	f, err := c.frame()
	if err != nil || f.Header.OpCode != ws.OpBinary || string(f.Payload) != want {
		c.t.Fatalf("got %v %.100q, %v, want %.100q", f.Header.OpCode, f.Payload, err, want)
	}
}

func (c *client) sendBinary(attachment string) {
	c.t.Helper()
	c.write(masked(ws.NewBinaryFrame([]byte(attachment))))
}

type file struct {
	Name string
	Data socketio.Binary
	More []socketio.Binary          `json:",omitempty"`
	By   map[string]socketio.Binary `json:",omitempty"`
}

// The bytes of the document (Socket.IO protocol 5, "Packet encoding"), on a
// WebSocket and by polling, from one frame.
func TestBinaryOnTheWire(t *testing.T) {
	server := newServer(t, socketio.Options{})
	address := serve(t, server)
	c, p := join(t, address), pollIn(t, address)
	n := server.Of("/")
	eventually(t, "both are connected", func() bool { return n.Count() == 2 })
	for _, x := range []struct {
		args   []any
		packet string
		binary []string // and in base64
	}{
		{[]any{socketio.Binary{1, 2, 3, 4}}, `451-["baz",{"_placeholder":true,"num":0}]`, []string{"\x01\x02\x03\x04", "AQIDBA=="}},
		{[]any{socketio.Binary{}, 1}, `451-["baz",{"_placeholder":true,"num":0},1]`, []string{"", ""}},
		{[]any{socketio.Binary(nil)}, `42["baz",null]`, nil},
		{[]any{[]byte{1}}, `42["baz","AQ=="]`, nil}, // as encoding/json has it
		{
			[]any{file{"a", socketio.Binary("A"), []socketio.Binary{nil, {'B'}}, map[string]socketio.Binary{"c": {'C'}}}, socketio.Binary("D")},
			`454-["baz",{"Name":"a","Data":{"_placeholder":true,"num":0},"More":[null,{"_placeholder":true,"num":1}],` +
				`"By":{"c":{"_placeholder":true,"num":2}}},{"_placeholder":true,"num":3}]`,
			[]string{"A", "QQ==", "B", "Qg==", "C", "Qw==", "D", "RA=="},
		},
		{[]any{file{Name: "{\"_placeholder\":true,\"base64\":\"AA==\"}"}}, `42["baz",{"Name":"{\"_placeholder\":true,\"base64\":\"AA==\"}","Data":null}]`, nil},
	} {
		if sent, err := n.Emit("baz", x.args...); sent != 2 || err != nil {
			t.Errorf("%s: %d, %v", x.packet, sent, err)
		}
		c.expect(x.packet)
		polled := []string{x.packet}
		for i := 0; i < len(x.binary); i += 2 {
			c.expectBinary(x.binary[i])
			polled = append(polled, "b"+x.binary[i+1])
		}
		p.expect(polled...)
	}
	if _, err := n.Emit("baz", make([]socketio.Binary, 11)); err != nil {
		t.Errorf("eleven times null: %v", err)
	}
}

// Attachments reach typed handlers, raw ones, and go back as they came; other
// namespaces and acknowledgements carry them as well.
func TestBinaryFromTheClient(t *testing.T) {
	server := newServer(t, socketio.Options{})
	echoes(server)
	socketio.On(server.Of("/n"), "size", func(_ context.Context, _ *socketio.Socket, in file) (file, error) {
		return file{Name: fmt.Sprintf("%s%d%v%d", in.Name, len(in.Data), in.Data == nil, len(in.More)), Data: in.Data}, nil
	})
	address := serve(t, server)
	c := join(t, address)
	c.send("40/n,")
	c.expectPrefix("40/n,")
	for _, size := range []int{0, 1, 125, 126, 65_536, 900_000} {
		data := strings.Repeat("\x00\xff", size)[:size]
		c.send(`451-/n,7["size",{"name":"a","data":{"_placeholder":true,"num":0},"more":[null]}]`)
		c.sendBinary(data)
		c.expect(fmt.Sprintf(`461-/n,7[{"Name":"a%dfalse1","Data":{"_placeholder":true,"num":0}}]`, size))
		c.expectBinary(data)
	}
	c.send(`42/n,8["size",{"data":null}]`)
	c.expect(`43/n,8[{"Name":"0true0","Data":null}]`)
	c.send(`42/n,9["size",{"data":"AA=="}]`) // no attachment, but text
	c.expect(`43/n,9[{"error":{"message":"invalid payload"}}]`)

	p := pollIn(t, address)
	p.send(`452-1["echo",[{"_placeholder":true,"num":1}],{"_placeholder":true,"num":0}]`, "bAQID", "b", `422["echo"]`)
	if got := p.collect(4); !reflect.DeepEqual(got, []string{
		`462-1[[{"_placeholder":true,"num":0}],{"_placeholder":true,"num":1}]`, "b", "bAQID", `432[]`,
	}) {
		t.Errorf("got %q", got)
	}
}

// The answer to a question may hold attachments.
func TestBinaryAcknowledgement(t *testing.T) {
	server := newServer(t, socketio.Options{})
	connected := sockets(server)
	c := join(t, serve(t, server))
	s := within(t, "a socket", connected)
	answers := make(chan socketio.Args, 1)
	go func() {
		args, err := s.EmitWithAck(t.Context(), "ask", socketio.Binary("?"))
		must(t, err)
		answers <- args
	}()
	c.expect(`451-1["ask",{"_placeholder":true,"num":0}]`)
	c.expectBinary("?")
	c.send(`461-1["yes",{"_placeholder":true,"num":0}]`)
	c.sendBinary("!")
	var word string
	var data socketio.Binary
	must(t, within(t, "the answer", answers).Decode(&word, &data))
	if word != "yes" || string(data) != "!" {
		t.Errorf("got %q, %q", word, data)
	}
}

// Attacks 24 and 25, on the wire: what is not exactly announced closes the
// connection, and nothing is handled.
func TestLawlessAttachments(t *testing.T) {
	address, check := attacked(t, socketio.Options{MaxPayload: 10_000})
	const p0 = `{"_placeholder":true,"num":0}`
	for _, x := range []struct {
		name string
		send func(c *client)
		code ws.StatusCode
	}{
		{"text while one is missing", func(c *client) { c.send(`451-["x",` + p0 + `]`); c.send(`42["x"]`) }, 1002},
		{"disconnection while one is missing", func(c *client) { c.send(`451-["x",` + p0 + `]`); c.send(`41`) }, 1002},
		{"one that nobody announced", func(c *client) { c.sendBinary("x") }, 1002},
		{"one too many", func(c *client) { c.send(`451-["echo",` + p0 + `]`); c.sendBinary("x"); c.sendBinary("y") }, 1002},
		{"one without a placeholder", func(c *client) { c.send(`451-["x"]`); c.sendBinary("x") }, 1002},
		{"a placeholder for the name", func(c *client) { c.send(`451-[` + p0 + `]`); c.sendBinary("x") }, 1002},
		{"a reserved name", func(c *client) { c.send(`451-["connect",` + p0 + `]`); c.sendBinary("x") }, 1002},
		{"an unknown namespace", func(c *client) { c.send(`451-/unknown,["x",` + p0 + `]`); c.sendBinary("x") }, 1002},
		{"an answer without an id", func(c *client) { c.send(`461-[` + p0 + `]`); c.sendBinary("x") }, 1002},
		{"eleven", func(c *client) { c.send(`4511-["x"]`) }, 1002},
		{"over the limit", func(c *client) {
			c.send(`451-["x",` + p0 + `]`)
			c.sendBinary(strings.Repeat("x", 10_001))
		}, 1009},
	} {
		t.Run(x.name, func(t *testing.T) {
			bad := join(t, address)
			x.send(bad)
			if code := bad.expectClose(); code != x.code {
				t.Errorf("closed with %d, want %d", code, x.code)
			}
			check()
		})
	}
}

// Attack 25: attachments that stop to come close the connection, and their
// memory is released.
func TestAttachmentsThatNeverCome(t *testing.T) {
	const timeout = 300 * time.Millisecond
	server := newServer(t, socketio.Options{PingTimeout: timeout, CloseTimeout: timeout})
	ended := watch(server)
	address := serve(t, server)
	before := heap()
	const clients, size = 5, 900_000
	for range clients {
		c := join(t, address)
		c.send(`454-["x"]`)
		for range 3 {
			c.sendBinary(strings.Repeat("x", size))
		}
	}
	p := pollIn(t, address)
	p.send(`452-["x"]`, "bAAAA")
	for range clients + 1 {
		if g := within(t, "the end", ended); g.reason != socketio.ReasonParseError {
			t.Errorf("reason %q", g.reason)
		}
	}
	eventually(t, "the memory is released", func() bool { return heap()-before < size })
}

// An attachment that comes late, but in time, each.
func TestAttachmentsOneByOne(t *testing.T) {
	server := newServer(t, socketio.Options{PingTimeout: time.Second})
	echoes(server)
	c := join(t, serve(t, server))
	c.send(`453-1["echo",{"_placeholder":true,"num":2},{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	for _, a := range []string{"a", "b", "c"} {
		time.Sleep(400 * time.Millisecond)
		c.sendBinary(a)
	}
	c.expectPrefix(`463-1[`)
	for _, a := range []string{"c", "a", "b"} {
		c.expectBinary(a)
	}
}

// A frame is sent to those who poll and those who do not at once, over and
// over, from several goroutines: the bytes are shared, and stay what they are.
func TestBinaryBroadcast(t *testing.T) {
	server := newServer(t, socketio.Options{})
	address := serve(t, server)
	c, p := join(t, address), pollIn(t, address)
	n := server.Of("/")
	eventually(t, "both are connected", func() bool { return n.Count() == 2 })
	frame, err := socketio.EncodeEvent("/", "x", json.RawMessage(`[1.50]`), socketio.Binary("abc"))
	must(t, err)
	const times = 100
	for range 4 {
		go func() {
			for range times {
				if n.Broadcast(frame) != 2 {
					t.Error("somebody was left out")
				}
			}
		}()
	}
	const packet = `451-["x",[1.50],{"_placeholder":true,"num":0}]`
	for range 4 * times {
		c.expect(packet)
		c.expectBinary("abc")
	}
	for i, got := range p.collect(2 * 4 * times) {
		if want := []string{packet, "bYWJj"}[i%2]; got != want {
			t.Fatalf("packet %d is %q", i, got)
		}
	}
}
