package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/maru-chat/maru/socketio"
)

// text120 is the payload of the project's fan-out figures.
var text120 = strings.Repeat("x", 120)

// crowd connects n clients that read everything and look at nothing.
func crowd(b *testing.B, server *socketio.Server, n int) {
	b.Helper()
	address := serve(b, server)
	for range n {
		c := join(b, address)
		go func() { _, _ = io.Copy(io.Discard, deaf{c.conn}) }()
	}
	eventually(b, "everyone is there", func() bool { return server.Of("/").Count() == n })
}

// deaf hides what would let io.Copy splice.
type deaf struct{ net.Conn }

// BenchmarkBroadcast sends one shared frame to everyone, and waits for the
// queues so that none of them overflows. What is allocated for each broadcast
// must not depend on the number of connections.
func BenchmarkBroadcast(b *testing.B) {
	for _, n := range []int{10, 100, 500} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			server := newServer(b, socketio.Options{SendQueue: 64 << 20})
			crowd(b, server, n)
			all := make([]*socketio.Socket, 0, n)
			for s := range server.Of("/").Sockets() {
				all = append(all, s)
			}
			b.ReportAllocs()
			for b.Loop() {
				frame, err := socketio.EncodeEvent("/", "message", text120)
				must(b, err)
				if sent := server.Of("/").Broadcast(frame); sent != n {
					b.Fatalf("%d of %d", sent, n)
				}
				for _, s := range all {
					for s.Queued() > 1<<20 {
						eventually(b, "the readers keep up", func() bool { return s.Queued() < 1<<20 })
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
		})
	}
}

func BenchmarkEncodeEvent(b *testing.B) {
	payload := struct {
		RoomID string `json:"roomId"`
		Seq    int    `json:"seq"`
		Text   string `json:"text"`
	}{"r1", 12345, text120}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := socketio.EncodeEvent("/", "message", payload); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEcho is one event and its acknowledgement, there and back.
func BenchmarkEcho(b *testing.B) {
	server := newServer(b, socketio.Options{})
	server.Of("/").Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		_ = ack.Send(args[0])
	})
	c := join(b, serve(b, server))
	packet := masked(ws.NewTextFrame([]byte(`421["echo",{"text":"` + text120 + `"}]`)))
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.conn.Write(packet); err != nil {
			b.Fatal(err)
		}
		if _, err := c.conn.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
