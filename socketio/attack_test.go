package socketio_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/maru-chat/maru/socketio"
)

// attacked is a server with two namespaces whose side effects are counted, and
// a connection beside the attacker's that has to stay unaffected.
func attacked(t *testing.T, options socketio.Options) (address string, check func()) {
	t.Helper()
	options.Logger = quiet
	server := newServer(t, options)
	server.Of("/other")
	server.Of("/").Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		must(t, ack.Send(anys(args)...))
	})
	touched := make(chan string, 100)
	server.Of("/").HandleOther(func(_ context.Context, _ *socketio.Socket, event string, _ []json.RawMessage, _ socketio.Ack) {
		touched <- event
	})
	address = serve(t, server)
	control := join(t, address)
	return address, func() {
		t.Helper()
		select {
		case event := <-touched:
			t.Errorf("event %.100q was handled", event)
		default:
		}
		control.send(`421["echo","still here"]`)
		control.expect(`431["still here"]`)
	}
}

func masked(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }

// Attacks 16 and 17: frames that break RFC 6455 or a limit.
func TestLawlessFrames(t *testing.T) {
	address, check := attacked(t, socketio.Options{MaxPayload: 1000})
	text := func(s string) ws.Frame { return ws.NewTextFrame([]byte(s)) }
	with := func(f ws.Frame, change func(*ws.Header)) []byte {
		f = ws.MaskFrame(f)
		change(&f.Header)
		return ws.MustCompileFrame(f)
	}
	head := func(first, second byte, length uint64) []byte {
		return append(binary.BigEndian.AppendUint64([]byte{first, second}, length), 1, 2, 3, 4)
	}
	first := masked(ws.NewFrame(ws.OpText, false, []byte("40")))
	closing := func(code uint16, reason string) []byte {
		return masked(ws.NewCloseFrame(append(binary.BigEndian.AppendUint16(nil, code), reason...)))
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		code  ws.StatusCode
	}{
		{"RSV1", with(text("40"), func(h *ws.Header) { h.Rsv = ws.Rsv(true, false, false) }), 1002},
		{"RSV2", with(text("40"), func(h *ws.Header) { h.Rsv = ws.Rsv(false, true, false) }), 1002},
		{"RSV3", with(text("40"), func(h *ws.Header) { h.Rsv = ws.Rsv(false, false, true) }), 1002},
		{"opcode 3", with(text("40"), func(h *ws.Header) { h.OpCode = 3 }), 1002},
		{"opcode 11", with(text("40"), func(h *ws.Header) { h.OpCode = 11 }), 1002},
		{"unmasked", ws.MustCompileFrame(text("40")), 1002},
		{"ping of 126 bytes", masked(ws.NewPingFrame(make([]byte, 126))), 1002},
		{"ping in fragments", masked(ws.NewFrame(ws.OpPing, false, nil)), 1002},
		{"length with its highest bit", head(0x81, 0xff, 1<<63), 1002},
		{"length of all bits", head(0x81, 0xff, 1<<64-1), 1002},
		{"length 2^62", head(0x81, 0xff, 1<<62), 1009},
		{"length over the limit", head(0x81, 0xff, 1001), 1009},
		{"fragments over the limit", append(masked(ws.NewFrame(ws.OpText, false, make([]byte, 600))), masked(ws.NewFrame(ws.OpContinuation, true, make([]byte, 401)))...), 1009},
		{"fragments of one byte", bytes.Join([][]byte{masked(ws.NewFrame(ws.OpText, false, []byte("4"))), bytes.Repeat(masked(ws.NewFrame(ws.OpContinuation, false, []byte("0"))), 300)}, nil), 1009},
		{"fragments of nothing", bytes.Join([][]byte{masked(ws.NewFrame(ws.OpText, false, nil)), bytes.Repeat(masked(ws.NewFrame(ws.OpContinuation, false, nil)), 300)}, nil), 1009},
		{"continuation first", masked(ws.NewFrame(ws.OpContinuation, true, []byte("40"))), 1002},
		{"text inside of a message", append(first, masked(text("40"))...), 1002},
		{"text that is not UTF-8", masked(text("42[\"\xff\"]")), 1007},
		{"UTF-8 cut by the end", masked(text("42[\"\xc3")), 1007},
		{"surrogates in UTF-8", masked(text("42[\"\xed\xa0\x80\"]")), 1007},
		{"close with half a code", masked(ws.NewCloseFrame([]byte{3})), 1002},
		{"close code 999", closing(999, ""), 1002},
		{"close code 1004", closing(1004, ""), 1002},
		{"close code 1005", closing(1005, ""), 1002},
		{"close code 1006", closing(1006, ""), 1002},
		{"close code 1016", closing(1016, ""), 1002},
		{"close code 5000", closing(5000, ""), 1002},
		{"close reason that is not UTF-8", closing(1000, "\xff"), 1007},
		{"binary without a packet", masked(ws.NewBinaryFrame([]byte{1})), 1002},
		{"empty text", masked(text("")), 1002},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := dial(t, address)
			bad.openPacket()
			bad.write(c.bytes)
			if code := bad.expectClose(); code != c.code {
				t.Errorf("closed with %d, want %d", code, c.code)
			}
			check()
		})
	}
}

func TestLawfulFrames(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	c := dial(t, address)
	c.openPacket()
	c.write(masked(ws.NewFrame(ws.OpText, false, []byte("4"))))
	c.write(masked(ws.NewPingFrame([]byte("between"))))
	c.write(masked(ws.NewFrame(ws.OpContinuation, false, nil)))
	c.write(masked(ws.NewFrame(ws.OpContinuation, true, []byte("0"))))
	f, err := c.frame()
	must(t, err)
	if f.Header.OpCode != ws.OpPong || string(f.Payload) != "between" {
		t.Errorf("got %v %q, want the pong", f.Header.OpCode, f.Payload)
	}
	c.expectPrefix("40")
	c.write(masked(ws.NewPongFrame([]byte("unsolicited"))))
	for _, size := range []int{1, 100, 125, 126, 4096, 65_535, 65_536, 900_000} {
		arg := `"` + strings.Repeat("é", size/2) + `"`
		c.send(`427["echo",` + arg + `]`)
		c.expect(`437[` + arg + `]`)
	}
	c.write(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(3333, "bye"))))
	if code := c.expectClose(); code != 3333 {
		t.Errorf("close answered with %d", code)
	}
	check()
}

// Bytes that trickle in are read like those that come at once.
func TestFramesByteByByte(t *testing.T) {
	address, _ := attacked(t, socketio.Options{})
	c := dial(t, address)
	c.openPacket()
	trickle := func(packet string) {
		for _, b := range masked(ws.NewTextFrame([]byte(packet))) {
			c.write([]byte{b})
		}
	}
	trickle("40")
	c.expectPrefix("40")
	trickle(`421["echo","` + strings.Repeat("x", 200) + `"]`)
	c.expectPrefix(`431["xxx`)
}

// Frames that come with the request, before it was answered, are not lost.
func TestFramesAheadOfTheAnswer(t *testing.T) {
	address, _ := attacked(t, socketio.Options{})
	conn, err := plug(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	head := "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	_, err = conn.Write(append([]byte(head), masked(ws.NewTextFrame([]byte("40")))...))
	must(t, err)
	buffered := bufio.NewReader(conn)
	response, err := http.ReadResponse(buffered, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("answer %v, %v", response, err)
	}
	c := &client{t: t, conn: conn, reader: buffered}
	c.openPacket()
	c.expectPrefix("40")
}

// Attacks 22 to 28: packets that mean nothing, or no good.
func TestLawlessPackets(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, c := range []struct {
		packet string
		code   ws.StatusCode
	}{
		// Engine.IO
		{"0", 1002},
		{"2", 1002},
		{"5", 1002},
		{"6", 1002},
		{"7", 1002},
		{"x", 1002},
		{"4", 1002},
		// Socket.IO: types and payloads
		{"4abc", 1002},
		{"49", 1002},
		{"44", 1002},
		{`44{"message":"x"}`, 1002},
		{"42", 1002},
		{"42{}", 1002},
		{"42[]", 1002},
		{"42abc[]", 1002},
		{`42["x"`, 1002},
		{`42["x"]]`, 1002},
		{`42["x"] x`, 1002},
		{`42["x",]`, 1002},
		{`42["x",01]`, 1002},
		{`42["x","` + "\x01" + `"]`, 1002},
		{`42-1["x"]`, 1002},
		{`421.5["x"]`, 1002},
		{`429007199254740993["x"]`, 1002},
		{`42["x",` + deep + `]`, 1002},
		{`42["x",` + strings.Repeat("1", 65) + `]`, 1002},
		{`42["x"` + strings.Repeat(",1", 256) + `]`, 1002},
		// event names
		{`42["connect"]`, 1002},
		{`42["disconnecting"]`, 1002},
		{`42["disconnect"]`, 1002},
		{`42["error"]`, 1002},
		{`42["newListener"]`, 1002},
		{`42["removeListener"]`, 1002},
		{`42["connect_error"]`, 1002},
		{`42["\u0063onnect"]`, 1002},
		{`42[{"a":1}]`, 1002},
		{`42[null]`, 1002},
		{`42[["x"]]`, 1002},
		{`42[true]`, 1002},
		// attachments
		{`4599999999-["x"]`, 1002},
		{`45-1-["x"]`, 1002},
		{`451.5-["x"]`, 1002},
		{`45-["x"]`, 1002},
		{`45["x"]`, 1002},
		{`450-["x"]`, 1002},
		{`4511-["x"]`, 1002},
		{`4501-["x"]`, 1002},
		{`451-{"x":{"_placeholder":true,"num":0}}`, 1002},
		{`461-["x"]`, 1002},
		// acknowledgements
		{"43[]", 1002},
		{"431{}", 1002},
		{"431", 1002},
		// namespaces
		{"40", 1002},
		{"40{}", 1002},
		{"41x", 1002},
		{"42/unknown,[\"x\"]", 1002},
		{"41/unknown,", 1002},
		{"42/other,[\"x\"]", 1002},
		{"40/" + strings.Repeat("x", 1<<20-100_000), 1002},
		{"40/" + strings.Repeat("x", 256) + ",", 1002},
		{"40/other,[]", 1002},
		{`40/other,"x"`, 1002},
		{`40/other,1`, 1002},
		{`40/other,{"a":` + deep + `}`, 1002},
		{`40/other,{"a":"` + strings.Repeat("x", 64<<10) + `"}`, 1009},
		// size
		{`42["x","` + strings.Repeat("x", 1_000_000) + `"]`, 1009},
	} {
		t.Run(fmt.Sprintf("%.20s", c.packet), func(t *testing.T) {
			bad := join(t, address)
			bad.send(c.packet)
			if code := bad.expectClose(); code != c.code {
				t.Errorf("%.40q closed with %d, want %d", c.packet, code, c.code)
			}
			check()
		})
	}
}

// Attack 29: nothing happens before CONNECT, and nothing after DISCONNECT.
func TestPacketsOutOfTurn(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	for _, packet := range []string{`42["x"]`, "41", "431[]"} {
		early := dial(t, address)
		early.openPacket()
		early.send(packet)
		if code := early.expectClose(); code != 1002 {
			t.Errorf("%q before CONNECT: closed with %d", packet, code)
		}
	}
	late := join(t, address)
	late.send("41")
	late.send(`42["x"]`)
	late.send("40")
	late.expectPrefix("40")
	check()
}

// A CONNECT whose middleware still runs is not a connection.
func TestEventWhileConnecting(t *testing.T) {
	server := newServer(t, socketio.Options{})
	server.Of("/").Use(func(ctx context.Context, _ *socketio.Socket) error {
		<-ctx.Done()
		return ctx.Err()
	})
	c := dial(t, serve(t, server))
	c.openPacket()
	c.send("40")
	c.send(`42["x"]`)
	if code := c.expectClose(); code != 1002 {
		t.Errorf("closed with %d", code)
	}
}

// Attacks 26 and 27: lawful, odd, and harmless.
func TestOddPackets(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	c := join(t, address)
	for _, packet := range []string{
		"430[]", "439007199254740993[]", "43999999999999999999999999[]", "3", "3", "3probe",
	} {
		c.send(packet)
	}
	for _, arg := range []string{
		`1e308`, `1e999`, `9007199254740993`, `"\ud800"`, `"\u0000"`, `{"a":1,"a":2}`, `{"__proto__":{"x":1}}`, `-0`, `[ ]`,
		strings.Repeat("[", 63) + strings.Repeat("]", 63),
	} {
		c.send(`421["echo",` + arg + `]`)
		c.expect(`431[` + strings.ReplaceAll(arg, " ", "") + `]`)
	}
	c.send(` 421`[1:] + ` [ "echo" , 2 ] `)
	c.expect("431[2]")
	check()
}

// Attack 28: unknown namespaces are refused politely, and not for ever.
func TestUnknownNamespaces(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	c := dial(t, address)
	c.openPacket()
	c.send("40/random")
	c.expect(`44/random,{"message":"Invalid namespace"}`)
	c.send("40/other?admin=1,")
	c.expect(`44/other?admin=1,{"message":"Invalid namespace"}`)
	for i := range 40 {
		c.send(fmt.Sprintf("40/%d,", i))
	}
	if code := c.expectClose(); code != 1002 {
		t.Errorf("closed with %d", code)
	}
	check()
}

func TestNamespacesOfAConnectionAreBounded(t *testing.T) {
	server := newServer(t, socketio.Options{MaxNamespaces: 2})
	server.Of("/a")
	server.Of("/b")
	c := join(t, serve(t, server))
	c.send("40/a,")
	c.expectPrefix("40/a,")
	c.send("40/b,")
	if code := c.expectClose(); code != 1002 {
		t.Errorf("closed with %d", code)
	}
}

// Attack 12.
func TestConnectTimeout(t *testing.T) {
	server := newServer(t, socketio.Options{ConnectTimeout: 100 * time.Millisecond})
	server.Of("/closed").Use(func(context.Context, *socketio.Socket) error { return &socketio.ConnectError{Message: "no"} })
	address := serve(t, server)
	staying := join(t, address)
	leaving := join(t, address)
	leaving.send("41")
	refused := dial(t, address)
	refused.openPacket()
	refused.send("40/closed,")
	refused.expect(`44/closed,{"message":"no"}`)
	idle := dial(t, address)
	for _, c := range []*client{leaving, refused, idle} {
		start := time.Now()
		if code := c.expectClose(); code != 1008 || time.Since(start) > patience/2 {
			t.Errorf("closed with %d after %v", code, time.Since(start))
		}
	}
	staying.send("43999[]")
	time.Sleep(150 * time.Millisecond)
	if !connectedStill(staying) {
		t.Error("a connected socket was closed")
	}
}

func connectedStill(c *client) bool {
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err := c.reader.Read(make([]byte, 1))
	return err != nil && err != io.EOF
}

// A declared length is not memory: many connections that announce the largest
// message and send none of it cost next to nothing.
func TestAnnouncedLengthsCostNothing(t *testing.T) {
	address, check := attacked(t, socketio.Options{})
	before := heap()
	const connections = 100
	for range connections {
		c := dial(t, address)
		c.write([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 15, 66, 64, 1, 2, 3, 4, '4', '2'})
	}
	check()
	if grown := heap() - before; grown > connections*64<<10 {
		t.Errorf("%d KiB for a connection", grown/connections>>10)
	}
}
