package engineio

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// deaf is a ResponseWriter whose client is gone when the answer comes.
type deaf struct {
	http.ResponseWriter
	writes func()
}

func (d deaf) Write([]byte) (int, error) {
	d.writes()
	return 0, errors.New("the client is gone")
}

type idle struct{}

func (idle) Receive([]byte, bool) error { return nil }
func (idle) Ended(Ending)               {}
func (idle) Gone()                      {}

func testConfig() Config {
	return Config{
		PingInterval: time.Minute, PingTimeout: time.Minute, WriteTimeout: time.Minute, CloseTimeout: 50 * time.Millisecond,
		UpgradeTimeout: time.Minute, MaxPayload: 1000, SendQueue: 1000, VolatileQueue: 1000,
		Address: func(*http.Request) string { return "" },
		Accept:  func(*Session, *http.Request) Handler { return idle{} },
	}
}

// A session whose handshake could not be answered is gone, also where it was
// told to end, and to send what is queued first, before that came out.
func TestHandshakeThatCannotBeAnswered(t *testing.T) {
	for name, end := range map[string]func(*Session){
		"alone":            func(*Session) {},
		"ending":           func(s *Session) { s.End(Ending{Shutdown, CodeRestart, nil}, true) },
		"ending at once":   func(s *Session) { s.End(Ending{Shutdown, CodeRestart, nil}, false) },
		"with a queue":     func(s *Session) { _ = s.Send(pingFrame); s.End(Ending{Shutdown, CodeRestart, nil}, true) },
		"with a long line": func(s *Session) { _ = s.Send(pingFrame) },
	} {
		t.Run(name, func(t *testing.T) {
			server := NewServer(testConfig())
			w := deaf{httptest.NewRecorder(), func() {
				for _, s := range server.Sessions() {
					end(s)
				}
			}}
			server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?EIO=4&transport=polling", nil))
			server.Refuse()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := server.Wait(ctx); err != nil {
				t.Errorf("%d sessions remain: %v", server.Count(), err)
			}
		})
	}
}
