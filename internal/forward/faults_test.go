package forward_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/forward"
)

func TestDeadOwner(t *testing.T) {
	t.Parallel()
	h := newWait()
	p := start(t, h.ServeHTTP, nil)
	answer := make(chan got, 1)
	go func() { answer <- p.get() }()
	within(t, "the handler", h.began)
	begun := time.Now()
	p.there.Die()
	if g := within(t, "the end", answer); g.status != http.StatusTeapot || time.Since(begun) > 5*time.Second {
		t.Errorf("got %+v after %v", g, time.Since(begun))
	}
	// It does not hear of the asker either.
	if err := within(t, "the handler's end", h.ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.gone("a dead owner", 5*time.Second)
	if s := p.asker.Stats(); s.Gone != 2 {
		t.Errorf("%+v", s)
	}
}

func TestDeadAsker(t *testing.T) {
	t.Parallel()
	h := newWait()
	p := start(t, h.ServeHTTP, nil)
	go p.get()
	within(t, "the handler", h.began)
	p.here.Die()
	if err := within(t, "the handler's end", h.ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAnAbortedPoll ends the handler's request at once, not at a beat.
func TestAnAbortedPoll(t *testing.T) {
	t.Parallel()
	h := newWait()
	p := start(t, h.ServeHTTP, func(o *forward.Options) { o.Beat = time.Hour })
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan got, 1)
	go func() { left <- p.do(ctx, http.MethodGet, "/", nil, nil) }()
	within(t, "the handler", h.began)
	leave()
	within(t, "the client's end", left)
	if err := within(t, "the handler's end", h.ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	p := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }, func(o *forward.Options) { o.Beat = time.Minute })
	p.here.Down(true)
	p.gone("a link that is down", 5*time.Second)
	p.here.Down(false)
	if g := p.get(); g.body != "ok" {
		t.Errorf("after that: %+v", g)
	}
	if g := p.do(t.Context(), http.MethodGet, "/?to=here", nil, nil); g.status != http.StatusTeapot {
		t.Errorf("itself: %+v", g)
	}
}

// TestNamesThatMayBeMadeUp take few places.
func TestNamesThatMayBeMadeUp(t *testing.T) {
	t.Parallel()
	p := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }, func(o *forward.Options) { o.Beat = time.Second })
	p.get()
	var all sync.WaitGroup
	for range 600 {
		all.Go(func() {
			if g := p.do(t.Context(), http.MethodGet, "/?to=nobody", nil, nil); g.status != http.StatusTeapot {
				t.Errorf("nobody: %+v", g)
			}
		})
	}
	eventually(t, "some are refused", func() bool { return p.asker.Stats().Refused >= 100 })
	if s := p.asker.Stats(); s.Asking > 256 {
		t.Errorf("%+v", s)
	}
	if g := p.get(); g.body != "ok" {
		t.Errorf("beside them: %+v", g)
	}
	all.Wait()
}

// TestARushOfFirstPolls is what a node gets that a load balancer has just begun to use.
func TestARushOfFirstPolls(t *testing.T) {
	t.Parallel()
	h := newWait()
	p := start(t, h.ServeHTTP, func(o *forward.Options) { o.Beat = time.Hour })
	var all sync.WaitGroup
	ctx, leave := context.WithCancel(t.Context())
	for range 200 {
		all.Go(func() { p.do(ctx, http.MethodGet, "/", nil, nil) })
	}
	for range 200 {
		within(t, "a handler", h.began)
	}
	for range 200 { // the owner has been heard of
		all.Go(func() { p.do(ctx, http.MethodGet, "/", nil, nil) })
	}
	for range 200 {
		within(t, "a handler", h.began)
	}
	leave()
	all.Wait()
	if s := p.asker.Stats(); s.Refused != 0 {
		t.Errorf("%+v", s)
	}
}

// TestMessagesThatComeTwice runs nothing twice.
func TestMessagesThatComeTwice(t *testing.T) {
	t.Parallel()
	text := random(2 << 20)
	var runs sync.Map
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if _, again := runs.LoadOrStore(r.URL.RawQuery, true); again || err != nil || string(body) != text[:700_000] {
			t.Errorf("again: %v, %d bytes, %v", again, len(body), err)
		}
		_, _ = io.WriteString(w, text)
	}, nil)
	p.hub.Fault(func(string, string, []byte) int { return 2 })
	for i := range 20 {
		if g := p.do(t.Context(), http.MethodPost, "/?"+strconv.Itoa(i), strings.NewReader(text[:700_000]), nil); g.body != text {
			t.Errorf("%d, %d bytes, %v", g.status, len(g.body), g.err)
		}
	}
}

// TestLostMessages loses each message of an exchange in turn: the client gets all of its answer, or knows that it did not.
func TestLostMessages(t *testing.T) {
	t.Parallel()
	text := random(1_500_000)
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != text[:600_000] {
			t.Errorf("%d bytes, %v", len(body), err)
		}
		if r.URL.Query().Has("length") {
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		_, _ = io.WriteString(w, text)
	}, nil)
	whole := 0
	for lost := range 24 {
		var mu sync.Mutex
		count := 0
		p.hub.Fault(func(_, _ string, payload []byte) int {
			mu.Lock()
			defer mu.Unlock()
			if len(payload) < 100 { // what repeats itself, and acknowledgements: below
				return 1
			}
			if count++; count == lost+1 {
				return 0
			}
			return 1
		})
		query := "/?"
		if lost%2 == 0 {
			query = "/?length"
		}
		g := p.do(t.Context(), http.MethodPost, query, strings.NewReader(text[:600_000]), nil)
		switch {
		case g.status == http.StatusOK && g.err == nil && g.body == text:
			whole++
		case g.status == http.StatusTeapot, g.err != nil:
		default:
			t.Errorf("message %d lost: %d, %d bytes, %v", lost, g.status, len(g.body), g.err)
		}
	}
	if whole == 0 || whole == 24 {
		t.Errorf("%d of 24 came whole", whole)
	}
	p.hub.Fault(nil)
	eventually(t, "nothing is left", func() bool { return p.owner.Stats().Serving+p.owner.Stats().Bytes+p.asker.Stats().Bytes == 0 })
}

// TestRandomLoss loses a message in twenty, of any kind.
func TestRandomLoss(t *testing.T) {
	t.Parallel()
	text := random(900_000)
	p := start(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		_, _ = io.WriteString(w, text)
	}, nil)
	p.hub.Fault(func(string, string, []byte) int { return min(1, rand.IntN(20)) })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				g := p.get()
				if whole := g.status == http.StatusOK && g.err == nil; whole && g.body != text {
					t.Errorf("%d bytes are taken for the answer", len(g.body))
				}
			}
		})
	}
	all.Wait()
	p.hub.Fault(nil)
	eventually(t, "nothing is left", func() bool { return p.owner.Stats().Serving == 0 })
}
