package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// way is how a reload comes to know who is logged in. Each is the same server
// and the same site; what differs is the page, which a proxy of the benchmark
// rewrites, so that the product has nothing of this in it.
type way struct {
	name string
	// fetched takes the session's data out of the page, and the cookies out of
	// the request for it: the site then asks the API before it draws.
	fetched bool
	// drawn puts into the page what the site draws: the settled screen of the
	// user, or of a visitor where fetched.
	drawn bool
}

var ways = []way{
	{name: inPage},
	{name: "fetched", fetched: true},
	{name: "rendered", drawn: true},
	{name: control, fetched: true, drawn: true},
}

// Of two ways something is expected: the product's own must not show a visitor,
// and the control must, or the check sees nothing.
const (
	inPage  = "in the page"
	control = "visitor first"
)

var (
	statePlace = regexp.MustCompile(`(?s)(id="maru-page">).*?(</script>)(?:<link rel="preload" as="image"[^>]*>)?`)
	rootPlace  = []byte(`<div id="root"></div>`)
)

// front is a proxy in front of maru that serves its site in one way.
type front struct {
	way     way
	address string
	html    string // what is drawn into the page
	server  *http.Server
	ended   chan error
}

func startFront(ctx context.Context, w way, maru, html string) (*front, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{way: w, address: listener.Addr().String(), html: html, ended: make(chan error, 1)}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: maru})
			r.Out.Host = r.In.Host // cookies and origins are this address's
			if !isPage(r.In) {
				return
			}
			if w.fetched {
				r.Out.Header.Del("Cookie")
			}
			if w.fetched || w.drawn {
				r.Out.Header.Del("Accept-Encoding") // so that the page can be read
			}
		},
		ModifyResponse: func(response *http.Response) error {
			if response.StatusCode != http.StatusOK || !isPage(response.Request) || (!w.fetched && !w.drawn) {
				return nil
			}
			return f.rewrite(response)
		},
	}
	f.server = &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	go func() { f.ended <- f.server.Serve(listener) }()
	return f, nil
}

// close ends the proxy, its open sockets too.
func (f *front) close() error {
	err := f.server.Close()
	if ended := <-f.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// isPage tells the site's page from its files and from the API.
func isPage(r *http.Request) bool {
	return r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, "/socket.io/") &&
		path.Ext(r.URL.Path) == ""
}

func (f *front) rewrite(response *http.Response) error {
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if f.way.fetched {
		if !statePlace.Match(page) {
			return fmt.Errorf("no place for the session's data in %s", response.Request.URL)
		}
		page = statePlace.ReplaceAll(page, []byte("$1{}$2"))
	}
	if f.way.drawn {
		if !bytes.Contains(page, rootPlace) {
			return fmt.Errorf("no place to draw in %s", response.Request.URL)
		}
		page = bytes.Replace(page, rootPlace, []byte(`<div id="root">`+f.html+`</div>`), 1)
		// What is drawn already need not wait for the scripts.
		page = bytes.Replace(page, []byte(` blocking="render"`), nil, 1)
		// What scripts set is in the markup as style attributes, which the site's policy forbids.
		policy := response.Header.Get("Content-Security-Policy")
		response.Header.Set("Content-Security-Policy", strings.Replace(policy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1))
	}
	// As it came from maru.
	if page, err = zipped(page); err != nil {
		return err
	}
	response.Header.Set("Content-Encoding", "gzip")
	response.Body = io.NopCloser(bytes.NewReader(page))
	response.ContentLength = int64(len(page))
	response.Header.Set("Content-Length", strconv.Itoa(len(page)))
	return nil
}

func zipped(page []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(page); err != nil {
		return nil, err
	}
	err := z.Close()
	return out.Bytes(), err
}
