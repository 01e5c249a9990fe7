package forward_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/forward/forwardtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to come, on a machine that has other things to do.
const patience = 15 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// pair is a client's node and the one that it asks.
type pair struct {
	t            *testing.T
	hub          *forwardtest.Hub
	asker, owner *forward.Node
	here, there  *forwardtest.Link
	url          string // of the asker
	web          *httptest.Server
	client       *http.Client
	failed       atomic.Int64 // requests that were not answered
}

// start makes a pair, whose owner has this handler. The test's end closes it.
func start(t *testing.T, handler http.HandlerFunc, change func(*forward.Options)) *pair {
	t.Helper()
	p := &pair{t: t, hub: forwardtest.NewHub()}
	p.here, p.there = p.hub.Link("here", 1<<20), p.hub.Link("there", 1<<20)
	node := func(link forward.Link, handler http.Handler) *forward.Node {
		options := forward.Options{Link: link, Logger: quiet, Beat: 150 * time.Millisecond}
		if change != nil {
			change(&options)
		}
		n, err := forward.New(options)
		must(t, err)
		must(t, n.Serve(handler))
		return n
	}
	p.asker, p.owner = node(p.here, http.NotFoundHandler()), node(p.there, handler)
	p.web = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.asker.Forward(to(r), w, r) {
			p.failed.Add(1)
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	p.web.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), 0)
	p.web.Start()
	p.url, p.client = p.web.URL, p.web.Client()
	t.Cleanup(func() {
		p.asker.Close()
		p.owner.Close()
		p.web.Close()
		for _, n := range []*forward.Node{p.asker, p.owner} {
			if got := n.Stats(); got.Asking+got.Bytes != 0 {
				t.Errorf("something is left: %+v", got)
			}
		}
		p.here.Close()
		p.there.Close()
	})
	return p
}

func to(r *http.Request) string {
	if node := r.URL.Query().Get("to"); node != "" {
		return node
	}
	return "there"
}

// got is what a client got.
type got struct {
	status int
	body   string
	header http.Header
	err    error
}

func (p *pair) do(ctx context.Context, method, path string, body io.Reader, change func(*http.Request)) got {
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	must(p.t, err)
	if change != nil {
		change(r)
	}
	response, err := p.client.Do(r)
	if err != nil {
		return got{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return got{response.StatusCode, string(text), response.Header, err}
}

func (p *pair) get() got { return p.do(context.Background(), http.MethodGet, "/", nil, nil) }

// gone requires that a request is not answered, and not held either.
func (p *pair) gone(what string, within time.Duration) {
	p.t.Helper()
	begun := time.Now()
	if g := p.get(); g.status != http.StatusTeapot {
		p.t.Errorf("%s: got %d %.100q, %v", what, g.status, g.body, g.err)
	}
	if took := time.Since(begun); took > within {
		p.t.Errorf("%s: took %v", what, took)
	}
}

// wait is a handler that answers when its request is over, and says that it began and why it ended.
type wait struct {
	began chan struct{}
	ended chan error
}

func newWait() wait { return wait{make(chan struct{}, 1<<12), make(chan error, 1<<12)} }

func (h wait) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	h.began <- struct{}{}
	select {
	case <-r.Context().Done():
		h.ended <- r.Context().Err()
	case <-time.After(patience):
		h.ended <- errors.New("nobody ended it")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what other goroutines are about to make true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// within fails the test unless something arrives.
func within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("in vain: %s", what)
		panic("unreachable")
	}
}
