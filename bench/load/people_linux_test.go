package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// town is a server of one room whose faults a test chooses.
type town struct {
	told []int // of each message, how often everybody is told

	mu     sync.Mutex
	people []net.Conn
}

func (s *town) serve(t *testing.T, people int) (address string, seats []Seat) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	type event struct {
		from   net.Conn
		packet string
	}
	events := make(chan event)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := ws.Upgrade(conn); err != nil {
				return
			}
			_ = wsutil.WriteServerText(conn, []byte(`0{}`))
			_, _ = wsutil.ReadClientText(conn)
			s.mu.Lock()
			s.people = append(s.people, conn)
			s.mu.Unlock()
			for _, packet := range []string{`40{}`, `42["ready",{}]`} {
				_ = wsutil.WriteServerText(conn, []byte(packet))
			}
			go func() {
				for {
					packet, err := wsutil.ReadClientText(conn)
					if err != nil {
						return
					}
					events <- event{conn, string(packet)}
				}
			}()
		}
	}()
	go func() {
		var held string
		next := 0
		for e := range events {
			s.mu.Lock()
			people := slices.Clone(s.people)
			s.mu.Unlock()
			id, rest, _ := strings.Cut(strings.TrimPrefix(e.packet, "42"), "[")
			_, text, _ := strings.Cut(rest, `"text":"`)
			_ = wsutil.WriteServerText(e.from, []byte("43"+id+`[{"ok":true}]`))
			delivery := fmt.Sprintf(`42["message",{"message":{"text":"%s"}}]`, text[:digits])
			times := 1
			if next < len(s.told) {
				times = s.told[next]
			}
			next++
			if times < 0 { // behind the next one
				held = delivery
				continue
			}
			for _, conn := range people {
				for range times {
					_ = wsutil.WriteServerText(conn, []byte(delivery))
				}
				if held != "" {
					_ = wsutil.WriteServerText(conn, []byte(held))
				}
			}
			held = ""
		}
	}()
	for range people {
		seats = append(seats, Seat{Token: "t", Room: "r"})
	}
	return l.Addr().String(), seats
}

// What a server does wrong is counted.
func TestPeopleCheckWhatTheyReceive(t *testing.T) {
	const people = 3
	for name, test := range map[string]struct {
		told                       []int
		lost, repeated, disordered int
	}{
		"nothing wrong": {nil, 0, 0, 0},
		"repeated":      {[]int{1, 2, 3}, 0, 3 * people, 0},
		"disordered":    {[]int{1, -1, 1}, 0, 0, people},
	} {
		s := &town{told: test.told}
		address, seats := s.serve(t, people)
		p, err := NewPeople(t.Context(), address, seats, Way{}, 20)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Send(t.Context(), Pace{Senders: []int{0}, Outstanding: 4, For: 50 * time.Millisecond, CPU: ownCPU})
		p.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if out.Lost != test.lost || out.Repeated != test.repeated || out.Disordered != test.disordered {
			t.Errorf("%s: %d lost, %d repeated, %d disordered", name, out.Lost, out.Repeated, out.Disordered)
		}
		if out.Messages == 0 || out.Deliveries != out.Messages*people || len(out.Acknowledged) != out.Messages || len(out.Received) != out.Deliveries {
			t.Errorf("%s: %d messages, %d deliveries, %d and %d times", name, out.Messages, out.Deliveries, len(out.Acknowledged), len(out.Received))
		}
	}
}

func TestResponses(t *testing.T) {
	for whole, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}":                                               "{}",
		"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3\r\n\":1\r\n0\r\n\r\n": `{"":1`,
	} {
		for n := range whole {
			if _, size, err := response([]byte(whole[:n])); size != 0 || err != nil {
				t.Errorf("%d bytes of %q: %d, %v", n, whole, size, err)
			}
		}
		body, size, err := response([]byte(whole + "HTTP"))
		if string(body) != want || size != len(whole) || err != nil {
			t.Errorf("%q: %q, %d, %v", whole, body, size, err)
		}
	}
	for _, wrong := range []string{"HTTP/1.1 404 Not Found\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nx\r\n"} {
		if _, _, err := response([]byte(wrong)); err == nil {
			t.Errorf("%q: accepted", wrong)
		}
	}
}

func TestGet(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != fmt.Sprint("/", asked.Load()) || r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(http.StatusNotFound)
		}
		asked.Add(1)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close() //nolint:errcheck // a test's
	n, err := Get(t.Context(), l.Addr().String(), "t", func(i int) string { return fmt.Sprint("/", i) }, 30*time.Millisecond)
	if err != nil || n == 0 || int64(n) != asked.Load() {
		t.Errorf("%d of %d: %v", n, asked.Load(), err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Get(gone, l.Addr().String(), "t", func(int) string { return "/" }, time.Minute); err == nil {
		t.Error("goes on without its context")
	}
}
