package https_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/internal/https"
)

func TestMain(m *testing.M) {
	// net/http keeps a refused connection for half a second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience is how long a test waits for what has to come.
const patience = 15 * time.Second

// issue makes a certificate for a name, signed by itself, and its key, both PEM.
func issue(t testing.TB, name string, life time.Duration) (cert, key []byte) {
	t.Helper()
	return issueFrom(t, name, -time.Minute, life)
}

// issueFrom is issue for a time that began before, or will.
func issueFrom(t testing.TB, name string, from, until time.Duration) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, DNSNames: []string{name}, NotBefore: now.Add(from), NotAfter: now.Add(until),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// pair is a certificate and its key in files.
type pair struct{ cert, key string }

func newPair(t testing.TB, name string, life time.Duration) pair {
	t.Helper()
	folder := t.TempDir()
	p := pair{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
	cert, key := issue(t, name, life)
	p.write(t, cert, key)
	return p
}

func (p pair) write(t testing.TB, cert, key []byte) {
	t.Helper()
	must(t, os.WriteFile(p.cert, cert, 0o600))
	must(t, os.WriteFile(p.key, key, 0o600))
}

// said is what was logged.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), what)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func newLog() (*slog.Logger, *said) {
	s := &said{}
	return slog.New(slog.NewTextHandler(s, nil)), s
}

var quiet = slog.New(slog.DiscardHandler)

// hello is what serve answers.
const hello = "hello"

// serve runs a server with these certificates until the test ends.
func serve(t testing.TB, certificates https.Certificates) (*https.Listener, string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	listener, plain := https.Listen(inner, certificates, quiet)
	nothing := log.New(io.Discard, "", 0)
	web := &http.Server{ErrorLog: nothing, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, hello) })}
	redirects := https.Redirects(certificates)
	redirects.ErrorLog = nothing
	var running sync.WaitGroup
	running.Go(func() { _ = web.Serve(listener) })
	running.Go(func() { _ = redirects.Serve(plain) })
	t.Cleanup(func() {
		_ = web.Close()
		_ = redirects.Close()
		running.Wait()
	})
	return listener, inner.Addr().String()
}

// shown is the certificate that a client gets to see.
func shown(t testing.TB, address, name string) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0]
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
