package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/photo/phototest"
)

// noFiles fails where an upload left something in the folder of uploads.
func noFiles(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	if len(entries) > 0 {
		t.Errorf("uploads left %v", entries)
	}
}

func TestBadUploads(t *testing.T) {
	var folder string
	w := start(t, func(o *httpapi.Options, _ *auth.Options) { folder = o.Uploads.Folder })
	jisu := w.join("지수")
	good := phototest.PNG(t, phototest.Quarters(90, 60))
	padded := func(size int) []byte { // what follows a picture is dropped, so it is good at any size
		return append(bytes.Clone(good), make([]byte, size-len(good))...)
	}
	file := func(name, kind string, content []byte) form { return formOf(t, "file", name, kind, content) }
	raw := func(kind, body string) form { return form{kind, strings.NewReader(body)} }
	const kind = "multipart/form-data; boundary=x"
	for name, try := range map[string]struct {
		body form
		want string
	}{
		"a good one":                   {file("a.png", "image/png", good), "201"},
		"a name that leads out":        {file("../../../../etc/passwd", "image/png", good), "201"},
		"a name of NULs":               {file(strings.Repeat("%00../", 500), "image/png", good), "201"},
		"said to be HTML":              {file("a.html", "text/html", good), "201"},
		"HTML said to be a picture":    {file("a.png", "image/png", []byte("<!doctype html><script>alert(1)</script>")), "415 unsupported_image"},
		"SVG":                          {file("a.svg", "image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)), "415 unsupported_image"},
		"an animated WebP":             {file("a.webp", "image/webp", phototest.MovingWebP(t)), "415 unsupported_image"},
		"a still WebP":                 {file("a.webp", "image/webp", phototest.WebP(t)), "201"},
		"nothing":                      {file("a.png", "image/png", nil), "415 unsupported_image"},
		"30,000 × 30,000":              {file("a.png", "image/png", phototest.Flood(30_000, 30_000)), "413 image_too_large"},
		"a GIF of 10,000 pictures":     {file("a.gif", "image/gif", phototest.GIF(t, phototest.Animation(4, 4, 10_000))), "413 image_too_large"},
		"10 MiB":                       {file("a.png", "image/png", padded(10<<20)), "201"},
		"10 MiB and a byte":            {file("a.png", "image/png", padded(10<<20+1)), "413 image_too_large"},
		"12 MiB":                       {file("a.png", "image/png", padded(12<<20)), "413 image_too_large"},
		"half of a picture":            {file("a.png", "image/png", good[:len(good)/2]), "415 unsupported_image"},
		"no form":                      {raw("application/json", `{"file":"a"}`), "400 invalid"},
		"no boundary":                  {raw("multipart/form-data", "x"), "400 invalid"},
		"an empty body":                {raw(kind, ""), "400 invalid"},
		"no part":                      {raw(kind, "--x--\r\n"), "422 invalid"},
		"another part":                 {formOf(t, "senderId", "a.png", "image/png", good), "422 invalid"},
		"a part without a name":        {raw(kind, "--x\r\n\r\nabc\r\n--x--\r\n"), "422 invalid"},
		"two files":                    {raw(kind, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--x--\r\n"), "422 invalid"},
		"no end":                       {raw(kind, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc"), "400 invalid"},
		"a header without end":         {raw(kind, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\nX: "+strings.Repeat("x", 5<<20)), "400 invalid"},
		"ten thousand headers":         {raw(kind, "--x\r\n"+strings.Repeat("X: y\r\n", 10_000)+"\r\nabc\r\n--x--\r\n"), "400 invalid"},
		"endless parts after the file": {raw(kind, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--x"+strings.Repeat(" ", 1<<20)), "400 invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			a := jisu.do("POST", "/images", try.body).is(t, try.want)
			if a.status != http.StatusCreated && a.problem(t).RequestID == "" {
				t.Error(a.body)
			}
			noFiles(t, folder)
		})
	}
	w.swept()
	if keys := w.stored(); len(keys) != 2*6 {
		t.Errorf("six were good, and there are %d blobs", len(keys))
	}
}

var errGone = errors.New("gone")

// Uploads that end in the middle, or never, leave nothing.
func TestUploadsThatDoNotEnd(t *testing.T) {
	var folder string
	w := start(t, func(o *httpapi.Options, _ *auth.Options) { folder = o.Uploads.Folder })
	jisu := w.join("지수")
	whole := formOf(t, "file", "a.png", "image/png", phototest.PNG(t, phototest.Quarters(900, 600)))
	content, err := io.ReadAll(whole.body)
	must(t, err)
	for _, share := range []int{1, 50, 99} {
		ctx, cancel := context.WithCancel(t.Context())
		reader, writer := io.Pipe()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/api/v1/images", reader)
		must(t, err)
		r.Header.Set("Content-Type", whole.kind)
		r.Header.Set("Origin", w.url)
		r.AddCookie(&http.Cookie{Name: "maru_access", Value: jisu.cookies["maru_access"]})
		ended := make(chan error, 1)
		go func() {
			response, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				_ = response.Body.Close()
			}
			ended <- err
		}()
		_, err = writer.Write(content[:len(content)*share/100])
		must(t, err)
		cancel()
		_ = writer.CloseWithError(errGone) // the transport may wait for more of the body
		if err := <-ended; err == nil {
			t.Error("an answer to half a request")
		}
	}
	// As many as there may be at once can follow: their places are free again.
	var wait sync.WaitGroup
	for range 10 {
		tab := jisu.clone()
		wait.Go(func() {
			for tab.upload(phototest.PNG(t, phototest.Quarters(30, 20))).code() == "429 rate_limited" {
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	wait.Wait()
	noFiles(t, folder)
	w.swept()
	if keys := w.stored(); len(keys) != 20 {
		t.Errorf("%d blobs", len(keys))
	}
}

// What comes too slowly is given up: with long pauses, and steadily but for too long.
func TestSlowUploads(t *testing.T) {
	var folder string
	w := start(t, func(o *httpapi.Options, _ *auth.Options) {
		o.Uploads.Pause, o.Uploads.Within = 400*time.Millisecond, 1200*time.Millisecond
		folder = o.Uploads.Folder
	})
	jisu := w.join("지수")
	slowly := func(pause time.Duration) answer {
		reader, writer := io.Pipe()
		whole := formOf(t, "file", "a.png", "image/png", phototest.PNG(t, phototest.Quarters(90, 60)))
		content, err := io.ReadAll(whole.body)
		must(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range content {
				time.Sleep(pause)
				if _, err := writer.Write(content[i : i+1]); err != nil {
					return
				}
			}
		}()
		a := jisu.do("POST", "/images", form{whole.kind, reader})
		_ = reader.Close()
		<-done
		return a
	}
	for _, pause := range []time.Duration{900 * time.Millisecond, 100 * time.Millisecond} {
		begun := time.Now()
		if a := slowly(pause).is(t, "400 invalid"); !strings.Contains(a.body, "too slowly") {
			t.Error(a.body)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("given up after %s", took)
		}
	}
	noFiles(t, folder)
	jisu.image()
}

// lame is a store that fails when told to.
type lame struct {
	chat.Blobs
	mu        sync.Mutex
	put, open error
	del       error
	puts      int
}

func (l *lame) set(put, open, del error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put, l.open, l.del, l.puts = put, open, del, 0
}

func (l *lame) Put(ctx context.Context, key, kind string, r io.Reader, size int64) error {
	l.mu.Lock()
	l.puts++
	err := l.put
	if l.puts == 1 {
		err = nil // the first of an image's blobs is stored, the second is not
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return l.Blobs.Put(ctx, key, kind, r, size)
}

func (l *lame) Open(ctx context.Context, key string) (chat.Blob, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		return nil, l.open
	}
	return l.Blobs.Open(ctx, key)
}

func (l *lame) Delete(ctx context.Context, keys ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.del != nil {
		return l.del
	}
	return l.Blobs.Delete(ctx, keys...)
}

// A store that does not work costs what it costs: nothing half-stored stays, no message goes without its image, and what was to be
// removed is removed once it works.
func TestStoreThatFails(t *testing.T) {
	disk, err := blob.OpenDisk(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, disk.Close()) })
	store := &lame{Blobs: disk}
	w := startOn(t, store, nil)
	jisu := w.join("지수")
	room := jisu.room(chat.NewRoom{})
	image, sent := jisu.photograph(room)
	loose := jisu.image()

	down := &chat.Error{Code: chat.Unavailable, Message: "the images' store does not work at the moment"}
	store.set(down, down, down)
	jisu.upload(phototest.PNG(t, phototest.Quarters(30, 20))).is(t, "503 unavailable")
	jisu.fetch("GET", image.URL, nil).is(t, "503 unavailable")
	jisu.do("PATCH", "/me", map[string]any{"photoImageId": loose.ID}).is(t, "503 unavailable")
	// Rules do not wait for it.
	jisu.do("DELETE", fmt.Sprintf("/rooms/%s/messages/%d", room, sent.Seq), nil).is(t, "200")
	jisu.fetch("GET", image.URL, nil).is(t, "404 not_found")
	if _, err := w.chat.SweepImages(t.Context()); chat.CodeOf(err) != chat.Unavailable {
		t.Errorf("sweeping: %v", err)
	}
	store.set(nil, nil, nil)
	if keys := w.stored(); len(keys) != 2+2+1 {
		t.Errorf("%v", keys)
	}
	w.clock.move(2 * time.Minute)
	w.swept()
	if keys := w.stored(); len(keys) != 2 || !strings.Contains(keys[0], loose.ID) {
		t.Errorf("beside the loose one there are %v", keys)
	}
	jisu.do("PATCH", "/me", map[string]any{"photoImageId": loose.ID}).is(t, "200")
	jisu.fetch("GET", loose.URL, nil).is(t, "200")
	jisu.photograph(room)
}
