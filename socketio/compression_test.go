package socketio_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/maru-chat/maru/socketio"
)

const rsv1 = 0b100

// dialDeflate offers permessage-deflate with parameters.
func dialDeflate(t *testing.T, address string, parameters map[string]string) (c *client, accepted bool) {
	t.Helper()
	c = dialWith(t, ws.Dialer{Extensions: []httphead.Option{httphead.NewOption("permessage-deflate", parameters)}},
		scheme("ws")+"://"+address+"/socket.io/?EIO=4&transport=websocket")
	if len(c.extensions) == 0 {
		return c, false
	}
	var p wsflate.Parameters
	must(t, p.Parse(c.extensions[0]))
	if p != (wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}) {
		t.Errorf("accepted with %+v", p)
	}
	return c, true
}

// deflated is a text frame as a client compresses it.
func deflated(t *testing.T, text string) ws.Frame {
	t.Helper()
	f, err := wsflate.CompressFrame(ws.NewTextFrame([]byte(text)))
	must(t, err)
	return f
}

// inflated reads the next frame, and whether it was compressed.
func inflated(t *testing.T, c *client) (text string, compressed bool) {
	t.Helper()
	f, err := c.frame()
	must(t, err)
	if f.Header.Rsv&rsv1 == 0 {
		return string(f.Payload), false
	}
	f, err = wsflate.DecompressFrame(f)
	must(t, err)
	return string(f.Payload), true
}

func TestCompression(t *testing.T) {
	server := newServer(t, socketio.Options{CompressFrom: 100})
	echoes(server)
	address := serve(t, server)
	c, accepted := dialDeflate(t, address, map[string]string{"client_max_window_bits": ""})
	if !accepted {
		t.Fatal("the offer was declined")
	}
	plain := join(t, address)
	c.openPacket() // shorter compressed or not, it is the handshake's own
	c.write(masked(deflated(t, "40")))
	if text, compressed := inflated(t, c); !strings.HasPrefix(text, `40{"sid":"`) || compressed {
		t.Errorf("got %q, compressed: %v", text, compressed)
	}
	for _, size := range []int{1, 1000, 200_000} {
		long := `["` + strings.Repeat("é", size) + `"]`
		c.write(masked(deflated(t, `427["echo",`+long[1:])))
		text, compressed := inflated(t, c)
		if want := "437" + long; text != want || compressed != (size > 1) {
			t.Errorf("%d: got %.50q, compressed: %v", size, text, compressed)
		}
	}
	// What is broadcast goes to each as it takes it; a client need not compress.
	c.send(`428["echo","` + strings.Repeat("x", 200) + `"]`)
	if _, compressed := inflated(t, c); !compressed {
		t.Error("the answer is not compressed")
	}
	data := bytes.Repeat([]byte{7}, 5000)
	_, err := server.Of("/").Emit("all", strings.Repeat("y", 300), socketio.Binary(data))
	must(t, err)
	for _, want := range []string{`451-["all","` + strings.Repeat("y", 300) + `",{"_placeholder":true,"num":0}]`, string(data)} {
		if text, compressed := inflated(t, c); text != want || !compressed {
			t.Errorf("got %.60q, compressed: %v", text, compressed)
		}
		if text, compressed := inflated(t, plain); text != want || compressed {
			t.Errorf("got %.60q, compressed: %v", text, compressed)
		}
	}
}

func TestCompressionOffers(t *testing.T) {
	on := serve(t, newServer(t, socketio.Options{CompressFrom: 1}))
	off := serve(t, newServer(t, socketio.Options{}))
	for _, c := range []struct {
		address    string
		parameters map[string]string
		want       bool
	}{
		{on, nil, true},
		{on, map[string]string{"server_no_context_takeover": "", "client_no_context_takeover": ""}, true},
		{on, map[string]string{"server_max_window_bits": "15"}, true},
		{on, map[string]string{"server_max_window_bits": "10"}, false},
		{on, map[string]string{"server_max_window_bits": "99"}, false},
		{on, map[string]string{"what": "ever"}, false},
		{off, nil, false},
	} {
		client, accepted := dialDeflate(t, c.address, c.parameters)
		if accepted != c.want {
			t.Errorf("%v: accepted %v", c.parameters, accepted)
		}
		client.openPacket()
	}
}

// Attack 18: what is compressed is bounded by what it is, not by what it was.
func TestLawlessCompression(t *testing.T) {
	address, check := attacked(t, socketio.Options{CompressFrom: 1})
	bomb, err := wsflate.CompressFrame(ws.NewTextFrame(bytes.Repeat([]byte("0"), 16<<20)))
	must(t, err)
	garbage := ws.NewTextFrame([]byte("not deflated at all"))
	garbage.Header.Rsv = rsv1
	ping := ws.NewPingFrame([]byte("x"))
	ping.Header.Rsv = rsv1
	second := ws.NewTextFrame([]byte("x"))
	second.Header.Rsv = 0b010
	head := deflated(t, `42["x"]`)
	head.Header.Fin = false
	rest := ws.NewFrame(ws.OpContinuation, true, []byte("x"))
	rest.Header.Rsv = rsv1
	for name, attack := range map[string]struct {
		frames []ws.Frame
		code   ws.StatusCode
	}{
		"a bomb":                    {[]ws.Frame{bomb}, 1009},
		"garbage":                   {[]ws.Frame{garbage}, 1007},
		"a compressed ping":         {[]ws.Frame{ping}, 1002},
		"another reserved bit":      {[]ws.Frame{second}, 1002},
		"a compressed continuation": {[]ws.Frame{head, rest}, 1002},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			c, _ := dialDeflate(t, address, nil)
			for _, f := range attack.frames {
				c.write(masked(f))
			}
			if code := c.expectClose(); code != attack.code {
				t.Errorf("closed with %d, want %d", code, attack.code)
			}
			if grown := heap() - before; grown > 4<<20 {
				t.Errorf("%d KiB more", grown>>10)
			}
			check()
		})
	}
}
