//go:build unix

package blob_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/blob/blobtest"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/test/s3"
)

const (
	// timeout of the stores under faults: more than a store that works takes while all of these tests run.
	timeout = 3 * time.Second
	// noisy is how much longer a call may take where others use the machine too.
	noisy = 3 * time.Second
)

// front stands between the store and the real server, and does to requests what a fault would.
type front struct {
	*httptest.Server
	fault atomic.Pointer[http.HandlerFunc]
	real  http.Handler
	over  chan struct{}
}

func newFront(t *testing.T, server *s3.Server) *front {
	t.Helper()
	target, err := url.Parse(server.Endpoint())
	must(t, err)
	proxy := &httputil.ReverseProxy{
		// The Host stays as the client signed it.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		Transport: &http.Transport{DisableKeepAlives: true},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	f := &front{real: proxy, over: make(chan struct{})}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := f.fault.Load(); fault != nil {
			(*fault)(w, r)
			return
		}
		f.real.ServeHTTP(w, r)
	}))
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(func() {
		close(f.over)
		f.Close()
	})
	return f
}

func (f *front) inject(fault http.HandlerFunc) { f.fault.Store(&fault) }

func (f *front) heal() { f.fault.Store(nil) }

// answers makes a fault of a status and S3's error document.
func answers(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if r.Method != http.MethodHead && code != "" {
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>on purpose</Message></Error>", code)
		}
	}
}

// silence neither reads nor answers.
func (f *front) silence(_ http.ResponseWriter, r *http.Request) { f.wait(r, time.Minute) }

// wait waits until the client left, as far as a server that does not read notices, or the test ends.
func (f *front) wait(r *http.Request, d time.Duration) (on bool) {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
	case <-f.over:
	}
	return false
}

// trickle answers what the real server does, a byte at a time.
func (f *front) trickle(w http.ResponseWriter, r *http.Request) {
	whole := httptest.NewRecorder()
	f.real.ServeHTTP(whole, r)
	if r.Method == http.MethodHead || whole.Body.Len() == 0 {
		f.silence(w, r)
		return
	}
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
	w.WriteHeader(whole.Code)
	for _, b := range whole.Body.Bytes() {
		if _, err := w.Write([]byte{b}); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if !f.wait(r, 20*time.Millisecond) {
			return
		}
	}
}

// cut closes the connection in the middle of an answer.
func cut(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if r.Method == http.MethodGet {
		_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nETag: \"x\"\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\n<Half")
		_ = buffered.Flush()
	}
	_ = conn.Close()
}

func always(fault http.HandlerFunc) func(*front) http.HandlerFunc {
	return func(*front) http.HandlerFunc { return fault }
}

func TestFaultsOfS3(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	there := blobtest.Content(1, 5000)
	for name, fault := range map[string]func(*front) http.HandlerFunc{
		"500":            always(answers(http.StatusInternalServerError, "InternalError")),
		"503":            always(answers(http.StatusServiceUnavailable, "SlowDown")),
		"503 of a proxy": always(answers(http.StatusServiceUnavailable, "")),
		"502 and a proxy's page": always(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>no such site", http.StatusBadGateway)
		}),
		"403":                  always(answers(http.StatusForbidden, "AccessDenied")),
		"a clock that differs": always(answers(http.StatusForbidden, "RequestTimeTooSkewed")),
		"an expired token":     always(answers(http.StatusBadRequest, "ExpiredToken")),
		"the bucket is gone":   always(answers(http.StatusNotFound, "NoSuchBucket")),
		"full":                 always(answers(http.StatusInsufficientStorage, "XMinioStorageFull")),
		"over its quota":       always(answers(http.StatusForbidden, "QuotaExceeded")),
		"silence":              func(f *front) http.HandlerFunc { return f.silence },
		"a byte at a time":     func(f *front) http.HandlerFunc { return f.trickle },
		"cut off":              always(cut),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, server)
			b := open(t, bucketFor(server, f.URL, name), timeout)
			blobtest.Put(t, b, "image/there", there)
			f.inject(fault(f))
			refuses(t, b, timeout+noisy)
			f.heal()
			works(t, b, there)
		})
	}
	t.Run("connections that nobody reads", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		b := open(t, bucket(server, "http://"+listener.Addr().String()), timeout)
		refuses(t, b, timeout+noisy)
		must(t, listener.Close())
	})
}

// killedSize is how large a blob is that is put while the server is killed.
func killedSize(i int) int { return 1000 + i*50_000%1_500_000 }

func TestServerThatIsKilled(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	setting := bucket(server, server.Endpoint())
	b := open(t, setting, timeout)
	there := blobtest.Content(1, 5000)
	blobtest.Put(t, b, "image/there", there)

	// In the middle of puts: what was acknowledged is there, and everything that is there is whole.
	var (
		mu    sync.Mutex
		acked = map[string]int{}
		all   sync.WaitGroup
		stop  = make(chan struct{})
	)
	for w := range 4 {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key, size := fmt.Sprintf("killed/%d-%d", w, i), killedSize(i)
				err := b.Put(t.Context(), key, "image/png", bytes.NewReader(blobtest.Content(i, size)), int64(size))
				mu.Lock()
				if err == nil {
					acked[key] = i
				} else if chat.CodeOf(err) != chat.Unavailable {
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	server.Kill()
	time.Sleep(100 * time.Millisecond)
	close(stop)
	all.Wait()
	refuses(t, b, timeout+noisy)

	// A store that is away is no mistake of the setting: Maru starts, and blobs come back by themselves.
	early := open(t, setting, timeout)
	server.Run()
	must(t, early.Ready(t.Context()))
	for key, i := range acked {
		blobtest.Is(t, key, blobtest.Get(t, b, key), blobtest.Content(i, killedSize(i)))
	}
	var keys []string
	for key := range blobtest.List(t, b) {
		var w, i int
		if n, _ := fmt.Sscanf(key, "killed/%d-%d", &w, &i); n == 2 {
			blobtest.Is(t, key, blobtest.Get(t, b, key), blobtest.Content(i, killedSize(i)))
			keys = append(keys, key)
		}
	}
	must(t, b.Delete(t.Context(), keys...))
	works(t, b, there)
}

func TestBucketThatDisappears(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	b := open(t, bucket(server, server.Endpoint()), timeout)
	server.DropBucket("images")
	refuses(t, b, timeout+noisy)
	server.Bucket("images")
	there := blobtest.Content(1, 5000)
	blobtest.Put(t, b, "image/there", there)
	works(t, b, there)
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	for name, fault := range map[string]http.HandlerFunc{
		"503": answers(http.StatusServiceUnavailable, "SlowDown"), "cut off": cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, server)
			b := open(t, bucketFor(server, f.URL, name), 5*time.Second)
			var before atomic.Int32
			f.inject(func(w http.ResponseWriter, r *http.Request) {
				if before.Add(1)%3 == 1 {
					fault(w, r)
					return
				}
				f.real.ServeHTTP(w, r)
			})
			content := blobtest.Content(2, 600_000)
			for i := range 6 {
				key := fmt.Sprint("image/", i)
				// Also what cannot rewind by itself.
				must(t, b.Put(t.Context(), key, "image/png", io.MultiReader(bytes.NewReader(content)), int64(len(content))))
				blob, err := b.Open(t.Context(), key)
				must(t, err)
				got, err := io.ReadAll(blob)
				for again := 0; err != nil && again < 3; again++ { // a cut answer is the reader's to ask for again
					_, err = blob.Seek(0, io.SeekStart)
					must(t, err)
					got, err = io.ReadAll(blob)
				}
				must(t, err)
				blobtest.Is(t, key, got, content)
				must(t, blob.Close())
			}
		})
	}
}

func TestStoreThatDoesNotKnowHowToDeleteMany(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	f := newFront(t, server)
	b := open(t, bucket(server, f.URL), timeout)
	var asked atomic.Int32
	f.inject(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			asked.Add(1)
			answers(http.StatusNotImplemented, "NotImplemented")(w, r)
			return
		}
		f.real.ServeHTTP(w, r)
	})
	there := blobtest.Content(1, 5000)
	for _, key := range []string{"image/there", "image/a", "image/b", "image/c"} {
		blobtest.Put(t, b, key, there)
	}
	must(t, b.Delete(t.Context(), "image/a", "image/none", "image/b", "image/c"))
	if asked.Load() == 0 {
		t.Error("was not asked at all")
	}
	works(t, b, there)
}

// TestSlowReaderCostsNothing reads more slowly than the store may answer.
func TestSlowReaderCostsNothing(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	b := open(t, bucket(server, server.Endpoint()), timeout)
	content := blobtest.Content(1, 200_000)
	blobtest.Put(t, b, "image/a", content)
	blob, err := b.Open(t.Context(), "image/a")
	must(t, err)
	var got []byte
	part := make([]byte, 40_000)
	for len(got) < len(content) {
		n, err := io.ReadFull(blob, part)
		must(t, err)
		got = append(got, part[:n]...)
		time.Sleep(timeout / 3)
	}
	blobtest.Is(t, "read slowly", got, content)
	must(t, blob.Close())
}

func TestMistakesOfTheSetting(t *testing.T) {
	server := s3.Start(t)
	server.Bucket("images")
	f := newFront(t, server)
	at := "?endpoint=" + server.Endpoint()
	for setting, want := range map[string]string{
		"ftp://x":                         "unknown kind",
		"images":                          "neither file:FOLDER nor s3://BUCKET",
		"s3":                              "neither",
		"file://images":                   "without //",
		"s3:":                             "no bucket",
		"s3:images":                       "must look like s3://",
		"s3://":                           "no bucket",
		"s3://" + at:                      "no bucket",
		"s3://Images" + at:                "no name of a bucket",
		"s3://key:hunter2@images" + at:    "credentials do not belong there",
		"s3://images" + at + "&acl=x":     `unknown parameter "acl"`,
		"s3://images" + at + "&region=":   "region",
		"s3://images?region=a&region=b":   "twice",
		"s3://images?endpoint=minio":      "must look like https://",
		"s3://images?endpoint=":           "must look like https://",
		"s3://images?endpoint=ftp://x":    "must look like https://",
		"s3://images?endpoint=http://a/b": "must look like https://",
		"s3://images?endpoint=http://key:hunter2@a": "credentials do not belong",
		"s3://images/../x" + at:                     "prefix",
		"s3://images/a//b" + at:                     "prefix",
		"s3://nothere" + at:                         "bucket nothere at " + server.Endpoint() + " does not exist",
		"s3://images" + at + "&region=xx-1":         "region",
	} {
		opensNot(t, setting, want)
	}
	t.Run("wrong secret", func(t *testing.T) {
		t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
		opensNot(t, "s3://images"+at, "does not accept these credentials")
	})
	t.Run("unknown key", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "somebody")
		opensNot(t, "s3://images"+at, "does not accept these credentials")
	})
	t.Run("no credentials", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
		t.Setenv("AWS_CONFIG_FILE", "/nowhere")
		t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")
		opensNot(t, "s3://images"+at, "no credentials: set AWS_ACCESS_KEY_ID")
	})
	for name, method := range map[string]string{"may not write": http.MethodPut, "may not delete": http.MethodDelete, "may not list": http.MethodGet} {
		t.Run(name, func(t *testing.T) {
			f.inject(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == method {
					answers(http.StatusForbidden, "AccessDenied")(w, r)
					return
				}
				f.real.ServeHTTP(w, r)
			})
			opensNot(t, "s3://images?region=us-east-1&endpoint="+f.URL, "refuses us (AccessDenied)")
		})
	}
	if all := blobtest.List(t, open(t, "s3://images"+at, 0)); len(all) > 0 {
		t.Errorf("looking whether it may be used left %v", all)
	}
}

func opensNot(t *testing.T, setting, want string) {
	t.Helper()
	b, err := blob.Open(t.Context(), setting, blob.Options{Data: t.TempDir(), Timeout: 5 * time.Second, Logger: quiet})
	if err == nil {
		t.Errorf("%s was opened", setting)
		must(t, b.Close())
		return
	}
	if said := err.Error(); !strings.Contains(said, want) || strings.Contains(said, "\n") || strings.Contains(said, "hunter2") {
		t.Errorf("%s: %q does not say %q", setting, said, want)
	}
}

func TestSettingsThatWork(t *testing.T) {
	server := s3.Start(t)
	server.Bucket("images")
	folder := t.TempDir()
	for _, setting := range []string{
		"", "file:", "file:" + folder + "/one", "file://" + folder + "/two",
		"s3://images?endpoint=" + server.Endpoint(), // asks the bucket for its region
		"s3://images/?region=us-east-1&endpoint=" + server.Endpoint() + "/",
		"s3://images/some/Prefix_1.0/?endpoint=" + server.Endpoint(),
	} {
		b := open(t, setting, 0)
		there := blobtest.Content(1, 5000)
		blobtest.Put(t, b, "image/there", there)
		works(t, b, there)
		must(t, b.Delete(t.Context(), "image/there"))
	}
	t.Setenv("AWS_REGION", "xx-none-1")
	opensNot(t, "s3://images?endpoint="+server.Endpoint(), "region")
}
