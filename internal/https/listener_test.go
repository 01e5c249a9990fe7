package https_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/https"
)

// secure runs a server with a certificate of its own until the test ends.
func secure(t testing.TB) (*https.Listener, string) {
	t.Helper()
	p := newPair(t, "a.example", time.Hour)
	f, err := https.OpenFiles(p.cert, p.key, quiet)
	must(t, err)
	return serve(t, f)
}

// client speaks to any server, whatever it shows.
func client(change func(*tls.Config)) *http.Client {
	c := &tls.Config{InsecureSkipVerify: true}
	change(c)
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
}

func TestVersionsAndNames(t *testing.T) {
	_, address := secure(t)
	for name, c := range map[string]struct {
		change func(*tls.Config)
		proto  string // "" where no answer comes
	}{
		"as browsers do":         {func(*tls.Config) {}, "HTTP/2.0"},
		"TLS 1.2":                {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, "HTTP/2.0"},
		"TLS 1.1":                {func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, ""},
		"TLS 1.0":                {func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }, ""},
		"another name":           {func(c *tls.Config) { c.ServerName = "evil.example" }, "HTTP/2.0"},
		"renegotiation accepted": {func(c *tls.Config) { c.Renegotiation, c.MaxVersion = tls.RenegotiateFreelyAsClient, tls.VersionTLS12 }, "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := client(c.change).Get("https://" + address)
			if err != nil {
				if c.proto != "" {
					t.Fatal(err)
				}
				return
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if response.Proto != c.proto || string(body) != hello || err != nil || response.TLS.Version < tls.VersionTLS12 {
				t.Errorf("%s, %q, %v, %s", response.Proto, body, err, tls.VersionName(response.TLS.Version))
			}
		})
	}
	t.Run("a stranger with a CA's protocol", func(t *testing.T) {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"acme-tls/1"}})
		if err == nil {
			_ = conn.Close()
			t.Error("it has its handshake")
		}
	})
}

// What comes without TLS is sent to the right address, unless it may carry something secret.
func TestWithoutTLS(t *testing.T) {
	_, address := secure(t)
	for request, want := range map[string]string{
		"GET /rooms/1?x=y HTTP/1.1\r\nHost: chat.example:8443\r\n\r\n":                           "307 https://chat.example:8443/rooms/1?x=y",
		"HEAD / HTTP/1.1\r\nHost: chat.example:80\r\n\r\n":                                       "307 https://chat.example/",
		"GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n":                                             "307 https://[::1]:8443/",
		"GET //evil.example HTTP/1.1\r\nHost: chat.example\r\n\r\n":                              "307 https://chat.example//evil.example",
		"GET http://evil.example/ HTTP/1.1\r\nHost: chat.example\r\n\r\n":                        "400 ",
		"GET / HTTP/1.1\r\nHost: a@evil.example\r\n\r\n":                                         "400 ",
		"GET / HTTP/1.0\r\n\r\n":                                                                 "400 ",
		"POST /api/v1/session HTTP/1.1\r\nHost: chat.example\r\nContent-Length: 2\r\n\r\n{}":     "400 ",
		"GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: chat.example\r\n\r\n":               "307 https://chat.example/.well-known/acme-challenge/x",
		"SSH-2.0-OpenSSH_9.6\r\n\r\n":                                                            "400 ",
		"GET / HTTP/1.1\r\nHost: chat.example\r\nX: " + strings.Repeat("x", 32<<10) + "\r\n\r\n": "431 ",
		"\x80\x2e\x01\x03\x01 as SSL 2 began\r\n\r\n":                                            "400 ",
	} {
		t.Run(fmt.Sprintf("%.30q", request), func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			must(t, err)
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(conn, request)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			must(t, err)
			_ = response.Body.Close()
			if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Location")); got != want {
				t.Errorf("answered with %q, want %q", got, want)
			}
		})
	}
}

// A handshake that is half there, too large, or none at all ends by itself and holds nobody up.
func TestHandshakesThatAreNone(t *testing.T) {
	t.Parallel() // it waits
	listener, address := secure(t)
	records := func(size int) []byte { // of a ClientHello of that size
		all := append([]byte{1, byte(size >> 16), byte(size >> 8), byte(size)}, make([]byte, size)...)
		var wire []byte
		for len(all) > 0 {
			n := min(len(all), 16<<10)
			wire = append(append(wire, 0x16, 3, 1, byte(n>>8), byte(n)), all[:n]...)
			all = all[n:]
		}
		return wire
	}
	var half bytes.Buffer
	half.Write(records(500)[:200])
	var clients sync.WaitGroup
	defer clients.Wait()
	for name, c := range map[string]struct {
		wire  []byte
		waits bool // for its ten seconds
	}{
		"nothing":              {nil, true},
		"half a handshake":     {half.Bytes(), true},
		"one byte":             {[]byte{0x16}, true},
		"a huge ClientHello":   {records(1 << 20), false},
		"a ClientHello of 0":   {records(200), false},
		"two bytes of a hello": {[]byte{0x16, 3, 1, 0, 2, 1, 0}, true},
		"an alert":             {[]byte{0x15, 3, 1, 0, 2, 2, 0}, true}, // no TLS begins so
		"a record of 64 KiB":   {append([]byte{0x16, 3, 1, 0xff, 0xff}, make([]byte, 1<<16)...), false},
		"a record of SSL 3.99": {append([]byte{0x16, 99, 1, 0, 4}, 1, 2, 3, 4), false},
	} {
		clients.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = conn.Write(c.wire)
			began := time.Now()
			_ = conn.SetReadDeadline(began.Add(patience))
			_, err = io.Copy(io.Discard, conn)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s stays open", name)
			}
			if took := time.Since(began); (took > 8*time.Second) != c.waits {
				t.Errorf("%s ends after %v", name, took)
			}
		})
	}

	var idle []net.Conn
	defer func() {
		for _, conn := range idle {
			_ = conn.Close()
		}
	}()
	for range 1000 {
		conn, err := net.Dial("tcp", address)
		must(t, err)
		idle = append(idle, conn)
	}
	eventually(t, "they are counted", func() bool { return listener.Stats().Pending >= 1000 })
	began := time.Now()
	response, err := client(func(*tls.Config) {}).Get("https://" + address)
	must(t, err)
	_ = response.Body.Close()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("somebody else waited for %v", took)
	}
	eventually(t, "they are given up", func() bool { return listener.Stats().Pending == 0 })
	if failed := listener.Stats().Failed; failed < 1000 {
		t.Errorf("%d have failed", failed)
	}
}

// Closing ends handshakes under way at once, and connections that are done are the server's.
func TestCloseInTheMiddle(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := newPair(t, "a.example", time.Hour)
	f, err := https.OpenFiles(p.cert, p.key, quiet)
	must(t, err)
	listener, plain := https.Listen(inner, f, quiet)
	var clients sync.WaitGroup
	for _, wire := range []string{"", "\x16\x03", "GET / HTTP/1.1\r\n\r\n"} {
		conn, err := net.Dial("tcp", inner.Addr().String())
		must(t, err)
		_, _ = io.WriteString(conn, wire)
		clients.Go(func() {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		})
	}
	eventually(t, "all of them are there", func() bool { return listener.Stats().Pending == 3 })
	must(t, plain.Close())
	must(t, listener.Close())
	clients.Wait()
	if _, err := listener.Accept(); err == nil {
		t.Error("something was accepted")
	}
}
