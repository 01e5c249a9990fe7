package forward_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/forward"
)

// TestARequestAsItCame compares what the handler sees with what the client said, and the other way round.
func TestARequestAsItCame(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "the body" {
			t.Errorf("%q, %v", body, err)
		}
		seen <- r
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Cookie")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "the answer")
	}, nil)
	g := p.do(t.Context(), http.MethodPost, "/a%20b/?to=there&x=%2F", strings.NewReader("the body"), func(r *http.Request) {
		r.Host = "chat.example"
		r.Header = http.Header{
			"Cookie": {"a=1; b=2"}, "Origin": {"https://chat.example"}, "Sec-Fetch-Site": {"same-origin"}, "Authorization": {"Bearer x"},
			"X-Forwarded-For": {"1.2.3.4", "5.6.7.8"}, "Content-Type": {"text/plain"}, "X-Other": {"y"}, "User-Agent": {"me"},
		}
	})
	if g.status != http.StatusAccepted || g.body != "the answer" || fmt.Sprint(g.header["Vary"]) != "[Origin Cookie]" || g.err != nil {
		t.Errorf("got %+v", g)
	}
	r := within(t, "the request", seen)
	if r.Method != http.MethodPost || r.RequestURI != "/a%20b/?to=there&x=%2F" || r.URL.Path != "/a b/" || r.Host != "chat.example" ||
		r.TLS != nil || r.ContentLength != 8 || !strings.HasPrefix(r.RemoteAddr, "127.0.0.1:") {
		t.Errorf("seen %+v", r)
	}
	if h := r.Header; h.Get("Cookie") != "a=1; b=2" || len(h["X-Forwarded-For"]) != 2 || h.Get("X-Other") != "" || h.Get("Authorization") != "Bearer x" {
		t.Errorf("seen %v", h)
	}
}

func TestTLSIsSeen(t *testing.T) {
	t.Parallel()
	p := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.TLS != nil) }, nil)
	secure := httptest.NewTLSServer(p.web.Config.Handler)
	defer secure.Close()
	p.url, p.client = secure.URL, secure.Client()
	if g := p.get(); g.body != "true" {
		t.Errorf("got %+v", g)
	}
}

// random is text that cannot be mistaken for a part of itself.
func random(size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}

func TestHugeAnswers(t *testing.T) {
	t.Parallel()
	text := random(5<<20 + 1)
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		pieces, _ := strconv.Atoi(r.URL.Query().Get("pieces"))
		if r.URL.Query().Has("length") {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		control := http.NewResponseController(w)
		if err := control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			t.Error(err)
		}
		for i := range pieces {
			if _, err := io.WriteString(w, text[size*i/pieces:size*(i+1)/pieces]); err != nil {
				t.Error(err)
			}
			if r.URL.Query().Has("flush") {
				if err := control.Flush(); err != nil {
					t.Error(err)
				}
			}
		}
	}, nil)
	for _, size := range []int{0, 1, 256<<10 - 1, 256 << 10, 256<<10 + 1, 1 << 20, len(text)} {
		for _, how := range []string{"&pieces=1&length", "&pieces=1", "&pieces=7&length", "&pieces=3&flush", "&pieces=1&length&flush"} {
			g := p.do(t.Context(), http.MethodGet, "/?size="+strconv.Itoa(size)+how, nil, nil)
			if g.status != http.StatusOK || g.body != text[:size] || g.err != nil {
				t.Errorf("%d%s: %d, %d bytes, %v", size, how, g.status, len(g.body), g.err)
			}
		}
	}
}

// TestLargeBodies brings bodies up to the limit and beyond it.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%d %d %v %s", r.ContentLength, len(body), err != nil, body[:min(len(body), 2)])
	}, func(o *forward.Options) { o.MaxBody = most })
	for _, size := range []int{0, 2, 511, 512, 513, 256 << 10, 700_000, most, most + 1, 3 * most} {
		for _, announced := range []bool{true, false} {
			var body io.Reader = strings.NewReader(random(size))
			length := size
			if !announced && size > 0 {
				body, length = io.MultiReader(body), -1
			}
			came, broken := size, false
			switch {
			case announced && size > most:
				came, broken = 0, true // its length says enough
			case size > most, size == most && !announced: // what is at the limit may be more
				came, broken = most, true
			}
			g := p.do(t.Context(), http.MethodPost, "/", body, nil)
			if want := fmt.Sprintf("%d %d %v ", length, came, broken); !strings.HasPrefix(g.body, want) {
				t.Errorf("%d bytes, announced: %v: got %d %q %v, want %q", size, announced, g.status, g.body, g.err, want)
			}
		}
	}
}

// TestABodyThatBreaksOff is not taken for a whole one.
func TestABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	p := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		ended <- err
	}, nil)
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "begun")
		_ = writer.CloseWithError(errors.New("enough"))
	}()
	p.do(t.Context(), http.MethodPost, "/", reader, nil)
	if err := within(t, "the end of the body", ended); err == nil {
		t.Error("the body is taken for whole")
	}
}

// TestALongPoll takes many beats.
func TestALongPoll(t *testing.T) {
	t.Parallel()
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(1500 * time.Millisecond):
			_, _ = io.WriteString(w, "at last")
		case <-r.Context().Done():
			t.Error("the request was given up")
		}
	}, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if g := p.get(); g.body != "at last" {
				t.Errorf("got %+v", g)
			}
		})
	}
	all.Wait()
}

// stuck is a client's connection that takes nothing before it is released.
type stuck struct {
	http.ResponseWriter
	released chan struct{}
	bytes    bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.released
	return s.bytes.Write(p)
}

func (s *stuck) Flush() {}

// TestASlowClient holds up its own handler, up to the deadline of that, and fills no memory.
func TestASlowClient(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	text := random(8 << 20)
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		limit := patience
		if r.URL.Query().Has("short") {
			limit = 100 * time.Millisecond
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, err := io.WriteString(w, text)
		ended <- err
	}, func(o *forward.Options) { o.Beat = time.Second })
	forwarded := func(query string) (s *stuck, done chan any) {
		s = &stuck{httptest.NewRecorder(), make(chan struct{}), bytes.Buffer{}}
		done = make(chan any, 1)
		r := httptest.NewRequest(http.MethodGet, "/"+query, nil)
		go func() {
			defer func() { done <- recover() }()
			if !p.asker.Forward("there", s, r) {
				t.Error("not answered")
			}
		}()
		return s, done
	}

	s, done := forwarded("")
	eventually(t, "the window is full", func() bool { return p.asker.Stats().Bytes == 1<<20 })
	time.Sleep(200 * time.Millisecond)
	if held := p.asker.Stats().Bytes; held != 1<<20 {
		t.Errorf("%d bytes are held", held)
	}
	close(s.released)
	if err := within(t, "the handler's end", ended); err != nil {
		t.Error(err)
	}
	if reason := within(t, "the answer", done); reason != nil || s.bytes.String() != text {
		t.Errorf("%v, %d bytes", reason, s.bytes.Len())
	}

	s, done = forwarded("?short")
	if err := within(t, "the handler's end", ended); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a client that takes nothing: %v", err)
	}
	close(s.released)
	if reason := within(t, "the cut", done); reason != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
		t.Errorf("ended with %v", reason)
	}
}

// TestLimits asks for more than is allowed.
func TestLimits(t *testing.T) {
	t.Parallel()
	t.Run("requests", func(t *testing.T) {
		t.Parallel()
		h := newWait()
		p := start(t, h.ServeHTTP, func(o *forward.Options) { o.MaxRequests = 3 })
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { p.do(ctx, http.MethodGet, "/", nil, nil) })
			within(t, "a handler", h.began)
		}
		p.gone("a fourth request", time.Second)
		leave()
		all.Wait()
		eventually(t, "there is room", func() bool { return p.asker.Stats().Asking == 0 })
	})
	t.Run("bodies", func(t *testing.T) {
		t.Parallel()
		p := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }, func(o *forward.Options) { o.MaxBytes = 100_000 })
		if g := p.do(t.Context(), http.MethodPost, "/", strings.NewReader(random(100_001)), nil); g.status != http.StatusTeapot {
			t.Errorf("got %+v", g)
		}
		// The answer may come while the body still has its room.
		if g := p.do(t.Context(), http.MethodPost, "/", strings.NewReader(random(100_000-len("ok"))), nil); g.body != "ok" {
			t.Errorf("got %+v", g)
		}
	})
	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		p := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, random(200_000)) }, func(o *forward.Options) { o.MaxBytes = 100_000 })
		p.gone("an answer beyond the limit", time.Second)
	})
	t.Run("heads", func(t *testing.T) {
		t.Parallel()
		p := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", random(30_000))
		}, nil)
		p.gone("an answer's head beyond the limit", time.Second)
		if g := p.do(t.Context(), http.MethodGet, "/", nil, func(r *http.Request) { r.Header.Set("Cookie", random(30_000)) }); g.status != http.StatusTeapot {
			t.Errorf("got %+v", g)
		}
	})
}

// TestTheEndOfANode is told to those who wait for it.
func TestTheEndOfANode(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"owner", "asker"} {
		h := newWait()
		p := start(t, h.ServeHTTP, func(o *forward.Options) { o.Beat = time.Hour })
		answer := make(chan got, 1)
		go func() { answer <- p.get() }()
		within(t, "the handler", h.began)
		if which == "owner" {
			p.owner.Close()
		} else {
			p.asker.Close()
		}
		if g := within(t, "the answer", answer); g.status != http.StatusTeapot {
			t.Errorf("%s: got %+v", which, g)
		}
		if err := within(t, "the handler's end", h.ended); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", which, err)
		}
	}
}

func TestHandlersThatFail(t *testing.T) {
	t.Parallel()
	p := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("how") {
		case "at once":
			panic("oh")
		case "later":
			_, _ = io.WriteString(w, random(300_000))
			panic(http.ErrAbortHandler)
		case "short":
			w.Header().Set("Content-Length", "3")
			_, _ = io.WriteString(w, "ab")
		case "long":
			w.Header().Set("Content-Length", "1")
			if _, err := io.WriteString(w, "ab"); !errors.Is(err, http.ErrContentLength) {
				t.Error(err)
			}
		case "flushed":
			w.(http.Flusher).Flush()
			panic("oh")
		}
	}, nil)
	for _, how := range []string{"at once", "short", "long"} {
		if g := p.do(t.Context(), http.MethodGet, "/?how="+strings.ReplaceAll(how, " ", "+"), nil, nil); g.status != http.StatusTeapot && g.err == nil {
			t.Errorf("%s: %+v", how, g)
		}
	}
	for _, how := range []string{"later", "flushed"} { // where the end comes with the beginning, nothing was written yet
		if g := p.do(t.Context(), http.MethodGet, "/?how="+how, nil, nil); g.err == nil && g.status != http.StatusTeapot {
			t.Errorf("%s: %d, %d bytes", how, g.status, len(g.body))
		}
	}
}

// TestNothingIsPassedOnTwice has an owner that would ask the next one.
func TestNothingIsPassedOnTwice(t *testing.T) {
	t.Parallel()
	var p *pair
	p = start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, p.owner.Forward("here", w, r))
	}, nil)
	if g := p.get(); g.body != "false" {
		t.Errorf("got %+v", g)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	p := start(t, http.NotFound, nil)
	for name, o := range map[string]forward.Options{
		"negative": {Link: p.here, MaxBody: -1},
		"nameless": {Link: p.hub.Link("", 1<<20)},
		"small":    {Link: p.hub.Link("x", 1000)},
	} {
		if _, err := forward.New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if link, ok := o.Link.(interface{ Close() }); ok && o.Link != p.here {
			link.Close()
		}
	}
	n, err := forward.New(forward.Options{Link: p.here})
	must(t, err)
	if n.Forward("there", httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)) {
		t.Error("asked before Serve")
	}
	n.Close()
}
