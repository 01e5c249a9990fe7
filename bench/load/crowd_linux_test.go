package load

import (
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// fake is a room for tests. What answer returns is sent to each member, by its
// number, for every message; member 0 sends them.
type fake struct {
	answer func(member int) []byte

	mu      sync.Mutex
	members []net.Conn
}

func (f *fake) serve(t *testing.T) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f.member(conn)
		}
	}()
	return listener.Addr().String()
}

func (f *fake) member(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // read to its end
	if _, err := ws.Upgrade(conn); err != nil {
		return
	}
	for _, packet := range []string{`0{}`, `40{}`, `42["joined"]`} {
		f.mu.Lock()
		_ = wsutil.WriteServerText(conn, []byte(packet))
		f.mu.Unlock()
	}
	f.mu.Lock()
	f.members = append(f.members, conn)
	f.mu.Unlock()
	for {
		packet, err := wsutil.ReadClientText(conn)
		if err != nil {
			return
		}
		if !strings.HasPrefix(string(packet), "42") {
			continue
		}
		id, _, _ := strings.Cut(string(packet[2:]), "[")
		f.mu.Lock()
		for i, member := range f.members {
			_, _ = member.Write(f.answer(i))
		}
		_ = wsutil.WriteServerText(conn, []byte("43"+id+"[]"))
		f.mu.Unlock()
	}
}

// crowd joins members.
func crowd(t *testing.T, f *fake, members int) *Crowd {
	c, err := NewCrowd(120)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Join(t.Context(), f.serve(t), members); err != nil {
		t.Fatal(err)
	}
	return c
}

func closedLoop() FanOut {
	return FanOut{Outstanding: 8, Warm: 10 * time.Millisecond, For: 50 * time.Millisecond, Acknowledged: true, CPU: ownCPU}
}

func TestRunCountsEverything(t *testing.T) {
	delivery := newMessage(120).delivery
	c := crowd(t, &fake{answer: func(int) []byte { return delivery }}, 5)
	w, err := c.Run(t.Context(), closedLoop())
	if err != nil {
		t.Fatal(err)
	}
	if w.Messages == 0 || w.Deliveries != 5*w.Messages || w.ServerCPU <= 0 || w.LoadCPU <= 0 || w.Elapsed <= 0 {
		t.Errorf("%+v", w)
	}
}

// A run in which something is lost, doubled or changed has no figures.
func TestRunFails(t *testing.T) {
	delivery := newMessage(120).delivery
	for _, test := range []struct {
		name, want string
		answer     func(member int) []byte
	}{
		{"lost", "lost", func(member int) []byte {
			if member == 3 {
				return nil
			}
			return delivery
		}},
		{"twice", "too much", func(int) []byte { return append(delivery, delivery...) }},
		{"another", "unexpected packet", func(int) []byte { return newMessage(119).delivery }},
		{"closed", "code 1000", func(int) []byte { return []byte{finClose, 2, 0x03, 0xe8} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := crowd(t, &fake{answer: test.answer}, 5)
			c.patience = time.Second // what is lost never comes
			if w, err := c.Run(t.Context(), closedLoop()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, %v", w, err)
			}
		})
	}
	t.Run("not acknowledged", func(t *testing.T) {
		c := crowd(t, &fake{answer: func(int) []byte { return delivery }}, 5)
		f := closedLoop()
		f.Acknowledged = false // so what comes is too much
		if _, err := c.Run(t.Context(), f); err == nil {
			t.Error("acknowledgements that were not expected")
		}
	})
}

func TestStayAnswersPings(t *testing.T) {
	f := &fake{answer: func(int) []byte { return frame([]byte("2")) }}
	c := crowd(t, f, 3)
	c.queue(1)
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
	// The acknowledgement is one of the things that may come meanwhile.
	seen := 0
	for end := time.Now().Add(10 * time.Second); seen < 3 && time.Now().Before(end); {
		pings, err := c.Stay(t.Context(), 50*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		seen += pings
	}
	if seen != 3 {
		t.Errorf("%d pings", seen)
	}
}

// The clock of a process agrees with what the system says of its resources.
func TestCPU(t *testing.T) {
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
		_ = strings.Repeat("x", 1000)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	want := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	got, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if difference := (got - want).Abs(); difference > 20*time.Millisecond {
		t.Errorf("%v, not %v", got, want)
	}
	if bytes, err := resident(os.Getpid()); err != nil || bytes < 1<<20 {
		t.Errorf("%d bytes, %v", bytes, err)
	}
	if _, err := CPU(-5); err == nil {
		t.Error("a process that cannot be")
	}
}
