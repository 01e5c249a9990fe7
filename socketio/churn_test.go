package socketio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/socketio"
)

// Clients come, talk and go in every way there is while everyone is written to.
// Nothing is left behind, and whoever came, went once.
func TestChurn(t *testing.T) {
	server := newServer(t, socketio.Options{Logger: quiet, CloseTimeout: 200 * time.Millisecond, EventQueue: 2})
	n := server.Of("/")
	var came, went atomic.Int64
	n.OnConnect(func(_ context.Context, s *socketio.Socket) {
		came.Add(1)
		_ = s.Emit("ready")
	})
	n.OnDisconnect(func(*socketio.Socket, socketio.Reason) { went.Add(1) })
	n.Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		_ = ack.Send(anys(args)...)
	})
	n.Handle("close", func(_ context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) { s.Close("asked") })
	n.Handle("disconnect me", func(_ context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) { s.Disconnect() })
	n.Handle("panic", func(context.Context, *socketio.Socket, []json.RawMessage, socketio.Ack) { panic("by design") })
	address := serve(t, server)

	ends := []string{`42["close"]`, `42["disconnect me"]`, `42["panic"]`, "41", "1", "4nonsense", ""}
	over := time.Now().Add(time.Second)
	var clients sync.WaitGroup
	for worker := range 8 {
		random := rand.New(rand.NewPCG(uint64(worker), 1))
		clients.Go(func() {
			for time.Now().Before(over) {
				c := dial(t, address)
				c.send("40")
				for range random.IntN(4) { // of the open packet, the connection, "ready"
					if _, err := c.frame(); err != nil {
						t.Errorf("read: %v", err)
					}
				}
				for i := range random.IntN(3) {
					c.send(fmt.Sprintf(`42%d["echo",%d]`, i, i))
				}
				c.send(ends[random.IntN(len(ends))])
				time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
				_ = c.conn.Close()
			}
		})
	}
	sent := 0
	for ; time.Now().Before(over); sent++ {
		frame, err := socketio.EncodeEvent("/", "tick", sent)
		must(t, err)
		n.Broadcast(frame)
		time.Sleep(time.Millisecond)
	}
	clients.Wait()
	eventually(t, "everyone is gone", func() bool {
		s := server.Stats()
		return s.ConnectionsOpen == 0 && s.SocketsConnected == 0 && n.Count() == 0
	})
	if came.Load() != went.Load() || came.Load() == 0 {
		t.Errorf("%d came, %d went", came.Load(), went.Load())
	}
	t.Logf("%d connections, %d ticks, ends %v", server.Stats().ConnectionsOpened, sent, server.Stats().Disconnects)
}
