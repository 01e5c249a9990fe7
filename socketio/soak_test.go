package socketio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/maru-chat/maru/socketio"
)

// soakFor is how long TestSoak goes on; from a minute on it does so with 2,000
// connections: make soak-socketio.
var soakFor = flag.Duration("soak", 2*time.Second, "how long TestSoak goes on")

// TestSoak has connections come and go over every transport, talk, join rooms and
// leave in every way, while everyone is written to. In the end there are as many
// goroutines and as much memory as in the beginning.
func TestSoak(t *testing.T) {
	population, longest := 60, 300*time.Millisecond
	if *soakFor >= time.Minute {
		population, longest = 2000, 20*time.Second
	}
	server := newServer(t, socketio.Options{
		Logger: quiet, PingInterval: time.Second, CloseTimeout: time.Second, Context: func(*http.Request) context.Context { return t.Context() },
	})
	n := server.Of("/")
	n.Handle("echo", func(_ context.Context, _ *socketio.Socket, args []json.RawMessage, ack socketio.Ack) {
		_ = ack.Send(anys(args)...)
	})
	n.Handle("close", func(_ context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) { s.Close("asked") })
	n.Handle("disconnect me", func(_ context.Context, s *socketio.Socket, _ []json.RawMessage, _ socketio.Ack) { s.Disconnect() })
	socketio.On(n, "join", func(_ context.Context, s *socketio.Socket, rooms []string) (struct{}, error) {
		return struct{}{}, s.Join(rooms...)
	})
	address := serve(t, server)

	// What the first ones leave behind, pools and tables, is there for all.
	soak(t, n, address, population, longest/10, longest)
	settle(t, server)
	goroutines, before, resident := runtime.NumGoroutine(), heap(), residentBytes()
	lives := soak(t, n, address, population, *soakFor, longest)
	settle(t, server)
	eventually(t, "the goroutines of the beginning", func() bool { return runtime.NumGoroutine() <= goroutines })
	after := heap()
	stats := server.Stats()
	t.Logf("%d lives, up to %d at once, %d upgrades; heap %d and then %d KiB, resident %d and then %d KiB, goroutines %d and then %d",
		lives, population, stats.Upgrades, before>>10, after>>10, resident>>10, residentBytes()>>10, goroutines, runtime.NumGoroutine())
	if after-before > 1<<20 {
		t.Errorf("%d KiB more than in the beginning", (after-before)>>10)
	}
	if n.Count() != 0 || n.RoomCount() != 0 {
		t.Errorf("%d sockets and %d rooms are left", n.Count(), n.RoomCount())
	}
}

// soakers is what everyone polls with.
var soakers = &http.Client{Transport: &http.Transport{TLSClientConfig: anyone}}

// settle waits until everyone is gone, and gives what is free back to the system.
func settle(t *testing.T, server *socketio.Server) {
	t.Helper()
	soakers.CloseIdleConnections()
	deadline := time.Now().Add(time.Minute) // the last pings of those that fell silent
	for server.Stats().ConnectionsOpen > 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if open := server.Stats().ConnectionsOpen; open > 0 {
		t.Fatalf("%d connections are left", open)
	}
	debug.FreeOSMemory()
}

// residentBytes is 0 where the system does not tell.
func residentBytes() int {
	statm, err := os.ReadFile("/proc/self/statm")
	var size, resident int
	if _, scan := fmt.Sscan(string(statm), &size, &resident); err != nil || scan != nil {
		return 0
	}
	return resident * os.Getpagesize()
}

// soak keeps up a population for a time and counts its lives.
func soak(t *testing.T, n *socketio.Namespace, address string, population int, over, longest time.Duration) int64 {
	ctx, cancel := context.WithTimeout(t.Context(), over)
	defer cancel()
	var lives atomic.Int64
	var all sync.WaitGroup
	for i := range population {
		random := rand.New(rand.NewPCG(uint64(i), uint64(over)))
		all.Go(func() {
			for ctx.Err() == nil {
				l := life{address: address, random: random, span: time.Duration(random.Int64N(int64(longest)))}
				if err := l.live(); err != nil {
					t.Errorf("a life over %s: %v", l.transport, err)
					return
				}
				lives.Add(1)
			}
		})
	}
	for i := 0; ctx.Err() == nil; i++ {
		_, err := n.To(fmt.Sprintf("room %d", i%20)).Emit("tick", i, strings.Repeat("x", i%300))
		must(t, err)
		time.Sleep(2 * time.Millisecond)
	}
	all.Wait()
	return lives.Load()
}

// life is one connection from its beginning to its end.
type life struct {
	address   string
	random    *rand.Rand
	span      time.Duration
	transport string
	query     string
}

func (l *life) live() error {
	switch l.transport = []string{"websocket", "websocket", "polling", "upgrade"}[l.random.IntN(4)]; l.transport {
	case "websocket":
		return l.overWebsocket(false)
	case "polling":
		return l.overPolling()
	default:
		if err := l.open(); err != nil {
			return err
		}
		return l.overWebsocket(true)
	}
}

// talk is what every life says, and how it ends.
func (l *life) talk() (packets []string, last string) {
	packets = []string{"40", fmt.Sprintf(`421["join",["room %d","room %d"]]`, l.random.IntN(20), l.random.IntN(20))}
	for i := range l.random.IntN(4) {
		packets = append(packets, fmt.Sprintf(`42%d["echo",{"n":%d}]`, i+2, i))
	}
	ends := []string{`42["close"]`, `42["disconnect me"]`, "41", "1", "4nonsense", ""}
	return packets, ends[l.random.IntN(len(ends))]
}

func (l *life) overWebsocket(upgrade bool) error {
	conn, ahead, _, err := ws.Dialer{TLSConfig: anyone}.Dial(context.Background(), scheme("ws")+"://"+l.address+"/socket.io/?EIO=4&transport=websocket"+l.query)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if ahead != nil {
		defer ws.PutReader(ahead)
	}
	packets, last := l.talk()
	if upgrade {
		packets = append([]string{"2probe", "5"}, packets...)
	}
	var writing sync.Mutex
	say := func(packet string) {
		writing.Lock()
		defer writing.Unlock()
		_ = wsutil.WriteClientText(conn, []byte(packet)) // what ended hears nothing
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		from := io.Reader(conn)
		if ahead != nil {
			from = io.MultiReader(io.LimitReader(ahead, int64(ahead.Buffered())), conn)
		}
		for {
			header, err := ws.ReadHeader(from)
			if err != nil || header.OpCode == ws.OpClose {
				return
			}
			payload := make([]byte, header.Length)
			if _, err := io.ReadFull(from, payload); err != nil {
				return
			}
			if string(payload) == "2" {
				say("3")
			}
		}
	}()
	for _, packet := range packets {
		say(packet)
	}
	time.Sleep(l.span)
	if last != "" {
		say(last)
		time.Sleep(time.Millisecond)
	}
	_ = conn.(interface{ CloseWrite() error }).CloseWrite()
	select {
	case <-read:
	case <-time.After(patience):
		return fmt.Errorf("%q did not end it", last)
	}
	return nil
}

func (l *life) overPolling() error {
	if err := l.open(); err != nil {
		return err
	}
	packets, last := l.talk()
	ctx, cancel := context.WithTimeout(context.Background(), l.span)
	defer cancel()
	if status, _ := l.request(ctx, http.MethodPost, strings.Join(packets, "\x1e")); status == http.StatusOK {
		for ctx.Err() == nil {
			status, body := l.request(ctx, http.MethodGet, "")
			if status != http.StatusOK {
				break
			}
			if body == "2" || strings.HasPrefix(body, "2\x1e") || strings.HasSuffix(body, "\x1e2") || strings.Contains(body, "\x1e2\x1e") {
				l.request(ctx, http.MethodPost, "3")
			}
		}
	}
	if last != "" {
		l.request(context.Background(), http.MethodPost, last)
	}
	return nil
}

// open begins to poll.
func (l *life) open() error {
	l.query = ""
	status, body := l.request(context.Background(), http.MethodGet, "")
	var open openPacket
	if err := json.Unmarshal(bytes.TrimPrefix([]byte(body), []byte("0")), &open); status != http.StatusOK || err != nil {
		return fmt.Errorf("opening: %d %s", status, body)
	}
	l.query = "&sid=" + open.ID
	return nil
}

// request returns status 0 where there is no answer.
func (l *life) request(ctx context.Context, method, body string) (status int, answer string) {
	r, err := http.NewRequestWithContext(ctx, method, scheme("http")+"://"+l.address+"/socket.io/?EIO=4&transport=polling"+l.query, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	response, err := soakers.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(b)
}
