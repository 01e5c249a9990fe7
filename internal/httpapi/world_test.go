package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/logline"
	"github.com/maru-chat/maru/internal/photo"
	"github.com/maru-chat/maru/internal/sqlstore"
	"github.com/maru-chat/maru/internal/wire"
)

const password = "correct horse 배터리"

var builtSite = fstest.MapFS{
	"index.html": {Data: []byte(`<!doctype html>
<html lang="ko">
<head><link rel="manifest" href="/manifest.webmanifest"><script type="application/json" id="maru-page">{}</script><script type="module" src="/assets/app-1a2b.js"></script></head>
<body><div id="root"></div></body>
</html>`)},
	"assets/app-1a2b.js":    {Data: []byte("export const words = '" + strings.Repeat("hello ", 500) + "'")},
	"assets/app-1a2b.js.br": {Data: []byte("Brotli")},
	"assets/dot-3c.png":     {Data: []byte("\x89PNG")},
	"assets/alone.br":       {Data: []byte("of nothing")},
	"assets/manifest.json": {Data: []byte(`{
		"index.html": {"file": "assets/app-1a2b.js", "isEntry": true, "imports": ["_shared"], "dynamicImports": ["src/features/room/RoomScreen.tsx"]},
		"_shared": {"file": "assets/shared-1.js"},
		"src/features/room/RoomScreen.tsx": {"file": "assets/room-2.js", "isDynamicEntry": true, "imports": ["_shared", "_also", "index.html"]},
		"src/features/lobby/Lobby.tsx": {"file": "assets/lobby-3.js", "isDynamicEntry": true, "imports": ["_shared"]},
		"src/lib/i18n/en.ts": {"file": "assets/en-4.js", "isDynamicEntry": true},
		"_also": {"file": "assets/also-5.js", "imports": ["_shared"]}
	}`)},
	"favicon.svg":             {Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
	"sw.js":                   {Data: []byte("addEventListener('fetch', () => {})")},
	"icons/icon.png":          {Data: []byte("\x89PNG")},
	"manifest.webmanifest":    {Data: []byte(`{"name": "마루"}`)},
	"manifest.en.webmanifest": {Data: []byte(`{"name": "Maru"}`)},
}

type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time              { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) move(by time.Duration)       { c.offset.Add(int64(by)) }
func (nobodyIsHere) Online(chat.UserID) bool { return false }

type nobodyIsHere struct{}

// lines is a log that may be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is a whole server but for its sockets.
type world struct {
	t     *testing.T
	chat  *chat.Chat
	auth  *auth.Auth
	blobs chat.Blobs
	store interface {
		chat.Store
		chat.Sweeper
	}
	clock *clock
	log   *lines
	url   string
	ends  func() []chat.SessionEnded
	named atomic.Int64
	// breakStore closes the database under the server.
	breakStore func()
}

func start(t *testing.T, change func(*httpapi.Options, *auth.Options)) *world {
	t.Helper()
	disk, err := blob.OpenDisk(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, disk.Close()) })
	return startOn(t, disk, change)
}

// startOn starts a server whose images are kept in blobs.
func startOn(t *testing.T, blobs chat.Blobs, change func(*httpapi.Options, *auth.Options)) *world {
	t.Helper()
	w := &world{t: t, blobs: blobs, clock: &clock{}, log: &lines{}}
	logger := logline.New(w.log, false, func(ctx context.Context) []slog.Attr {
		return []slog.Attr{slog.String("request_id", httpapi.RequestID(ctx))}
	})
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{Path: filepath.Join(t.TempDir(), "maru.db"), Clock: w.clock, Logger: logger})
	must(t, err)
	w.store = store
	w.breakStore = func() { must(t, store.Close()) }
	b := bus.NewMemory()
	var mu sync.Mutex
	var ends []chat.SessionEnded
	b.Subscribe(func(events []chat.Event) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range events {
			if end, ok := e.(chat.SessionEnded); ok {
				ends = append(ends, end)
			}
		}
	})
	w.ends = func() []chat.SessionEnded {
		mu.Lock()
		defer mu.Unlock()
		return append([]chat.SessionEnded{}, ends...)
	}
	w.chat = chat.New(chat.Options{
		Store: store, Bus: b, Clock: w.clock, Presence: nobodyIsHere{}, NFC: norm.NFC.String,
		DigestKey: []byte("digest"), NoRateLimits: true, Blobs: blobs, Photos: photo.NewLab(2, 256<<20),
	})
	o := httpapi.Options{Pages: builtSite, Logger: logger, Uploads: httpapi.Uploads{Folder: t.TempDir()}}
	authOptions := auth.Options{Cost: auth.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}, Logger: logger}
	if change != nil {
		change(&o, &authOptions)
	}
	w.auth, err = auth.New(store, w.chat, b, w.clock, bytes.Repeat([]byte("s"), 32), authOptions)
	must(t, err)
	o.Chat, o.Auth = w.chat, w.auth
	handler, err := httpapi.New(o)
	must(t, err)
	server := httptest.NewUnstartedServer(nil)
	server.Config = httpapi.Server("", handler)
	server.Config.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelError)
	server.Start()
	w.url = server.URL
	t.Cleanup(func() {
		server.Close()
		b.Close()
		must(t, store.Close())
	})
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is somebody at a browser, or a visitor without cookies.
type person struct {
	*world
	user    wire.User
	mu      sync.Mutex
	cookies map[string]string
	header  map[string]string // in place of what a browser would send
}

func (w *world) visitor() *person { return &person{world: w, cookies: map[string]string{}} }

// join signs somebody up under a login id of their own.
func (w *world) join(name string) *person {
	w.t.Helper()
	p := w.visitor()
	a := p.do("POST", "/users", map[string]any{"loginId": fmt.Sprintf("user%d", w.named.Add(1)), "password": password, "name": name})
	a.is(w.t, "201")
	p.user = into[wire.UserAnswer](w.t, a).User
	return p
}

// clone is the same browser in another tab.
func (p *person) clone() *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &person{world: p.world, user: p.user, cookies: maps.Clone(p.cookies), header: maps.Clone(p.header)}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// code is the status, and the code of a problem.
func (a answer) code() string {
	var p wire.Problem
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") && json.Unmarshal([]byte(a.body), &p) == nil {
		return fmt.Sprintf("%d %s", a.status, p.Code)
	}
	return fmt.Sprint(a.status)
}

func (a answer) is(t *testing.T, want string) answer {
	t.Helper()
	if got := a.code(); got != want {
		t.Errorf("got %s, want %s: %.300s", got, want, a.body)
	}
	return a
}

func (a answer) problem(t *testing.T) wire.Problem { return into[wire.Problem](t, a) }

func into[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %.300s", err, a.body)
	}
	return v
}

// do calls the API as a browser would; a string body is sent as it is.
func (p *person) do(method, path string, body any) answer {
	p.t.Helper()
	return p.fetch(method, "/api/v1"+path, body)
}

func (p *person) fetch(method, path string, body any) answer {
	p.t.Helper()
	var reader io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case form:
		reader, kind = b.body, b.kind
	default:
		data, err := json.Marshal(b)
		must(p.t, err)
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, reader)
	must(p.t, err)
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", p.url)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	p.mu.Lock()
	for name, value := range p.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	p.mu.Unlock()
	for name, value := range p.header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
		if name == "Host" {
			r.Host = value
		}
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	must(p.t, err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	must(p.t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(p.cookies, c.Name)
		} else {
			p.cookies[c.Name] = c.Value
		}
	}
	return answer{response.StatusCode, response.Header, string(data)}
}

// room makes a room of the person's, which others join.
func (p *person) room(n chat.NewRoom, members ...*person) string {
	p.t.Helper()
	n.Name = fmt.Sprintf("방 %d", p.named.Add(1))
	if n.Kind != chat.Private {
		n.Category = "동네"
	}
	room, _, err := p.chat.CreateRoom(p.t.Context(), chat.UserID(p.user.ID), n)
	must(p.t, err)
	for _, m := range members {
		_, err := p.chat.Join(p.t.Context(), chat.UserID(m.user.ID), room.ID)
		must(p.t, err)
	}
	return string(room.ID)
}

// say sends a message.
func (p *person) say(room, text string) chat.Message {
	p.t.Helper()
	m, _, err := p.chat.Send(p.t.Context(), chat.UserID(p.user.ID), chat.RoomID(room),
		chat.Draft{ClientID: fmt.Sprint(p.named.Add(1)), Text: text})
	must(p.t, err)
	return m
}
