package test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/maru-chat/maru/test/pebble"
	"github.com/maru-chat/maru/test/program"
)

// chatHost is the name under which these tests find Maru.
const chatHost = "chat.example"

// writeCertificate puts a certificate for chatHost, trusted by itself, and its key into a folder.
func writeCertificate(t *testing.T, folder string, life time.Duration) (cert, key string, trusted *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, DNSNames: []string{chatHost}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(t, os.WriteFile(cert, text, 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	return cert, key, trusted
}

// visitor is a browser that believes these roots and finds chatHost at an address. Each request has a connection of its own.
type visitor struct {
	t      *testing.T
	addr   string
	tls    *tls.Config
	client *http.Client
}

func visit(t *testing.T, addr string, trusted *x509.CertPool) *visitor {
	v := &visitor{t: t, addr: addr, tls: &tls.Config{RootCAs: trusted, ServerName: chatHost}}
	v.client = &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: v.tls.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			},
		},
	}
	return v
}

func (v *visitor) do(method, url, body string, header http.Header) *http.Response {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, url, strings.NewReader(body))
	must(v.t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	must(v.t, errors.Join(err, response.Body.Close()))
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response
}

// certificate is what Maru shows, nil where it is not believed.
func (v *visitor) certificate() *x509.Certificate {
	conn, err := tls.Dial("tcp", v.addr, v.tls)
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0]
}

// socket opens a WebSocket with a session's cookies.
func (v *visitor) socket(origin string, cookies []*http.Cookie) (io.ReadWriter, func()) {
	v.t.Helper()
	header := http.Header{"Origin": {origin}}
	for _, c := range cookies {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	dialer := ws.Dialer{TLSConfig: v.tls, Header: ws.HandshakeHeaderHTTP(header), NetDial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, v.addr)
	}}
	conn, ahead, _, err := dialer.Dial(v.t.Context(), "wss"+strings.TrimPrefix(origin, "https")+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		v.t.Fatal(err)
	}
	must(v.t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	var from io.Reader = conn
	if ahead != nil {
		from = ahead // it reads on by itself
	}
	return struct {
		io.Reader
		io.Writer
	}{from, conn}, func() { _ = conn.Close() }
}

func say(t *testing.T, socket io.ReadWriter, packet string) {
	t.Helper()
	must(t, wsutil.WriteClientText(socket, []byte(packet)))
}

func hear(t *testing.T, socket io.ReadWriter, prefix string) {
	t.Helper()
	for {
		packet, err := wsutil.ReadServerText(socket)
		must(t, err)
		if strings.HasPrefix(string(packet), prefix) {
			return
		}
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// TestHTTPSByFiles looks at all that is different when Maru itself speaks HTTPS, and replaces the certificate meanwhile.
func TestHTTPSByFiles(t *testing.T) {
	t.Parallel() // it waits
	folder, addr := t.TempDir(), program.FreeAddr(t)
	cert, key, trusted := writeCertificate(t, folder, 3*time.Second)
	m := program.Start(t, t.TempDir(), addr, "--tls-cert", cert, "--tls-key", key, "--drain", "100ms")
	_, port, err := net.SplitHostPort(addr)
	must(t, err)
	origin := "https://" + chatHost + ":" + port
	v := visit(t, addr, trusted)
	own := http.Header{"Origin": {origin}, "Content-Type": {"application/json"}}

	page := v.do(http.MethodGet, origin+"/", "", nil)
	if page.StatusCode != http.StatusOK || page.Proto != "HTTP/2.0" || page.Header.Get("Strict-Transport-Security") == "" ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), " wss://"+chatHost+":"+port+";") {
		t.Errorf("the page: %s %s %v", page.Proto, page.Status, page.Header)
	}
	joined := v.do(http.MethodPost, origin+"/api/v1/users", `{"loginId":"ann","password":"correct horse","name":"Ann"}`, own)
	cookies := joined.Cookies()
	if joined.StatusCode != http.StatusCreated || len(cookies) != 2 {
		t.Fatalf("signing up: %s, %v", joined.Status, cookies)
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-maru_") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %v", c)
		}
	}
	if in := v.do(http.MethodPost, origin+"/api/v1/session", `{"loginId":"ann","password":"correct horse"}`, own); in.StatusCode != http.StatusOK {
		t.Errorf("logging in: %s", in.Status)
	}
	plain := http.Header{"Origin": {"http://" + chatHost + ":" + port}, "Content-Type": {"application/json"}}
	if foreign := v.do(http.MethodPost, origin+"/api/v1/session", `{"loginId":"ann","password":"correct horse"}`, plain); foreign.StatusCode != http.StatusForbidden {
		t.Errorf("logging in from a page without TLS: %s", foreign.Status)
	}
	poll := v.do(http.MethodGet, origin+"/socket.io/?EIO=4&transport=polling", "", nil)
	text, err := io.ReadAll(poll.Body)
	must(t, err)
	_, id, _ := strings.Cut(string(text), `"sid":"`)
	id, _, _ = strings.Cut(id, `"`)
	ended := v.do(http.MethodPost, origin+"/socket.io/?EIO=4&transport=polling&sid="+id, "1", nil)
	if poll.StatusCode != http.StatusOK || poll.Proto != "HTTP/2.0" || ended.StatusCode != http.StatusOK {
		t.Errorf("polling: %s %s %q, %s", poll.Proto, poll.Status, text, ended.Status)
	}
	if away := v.do(http.MethodGet, "http://"+chatHost+":"+port+"/rooms/1", "", nil); away.StatusCode != http.StatusTemporaryRedirect || away.Header.Get("Location") != origin+"/rooms/1" {
		t.Errorf("without TLS: %s to %q", away.Status, away.Header.Get("Location"))
	}

	socket, hangUp := v.socket(origin, cookies)
	defer hangUp()
	say(t, socket, "40")
	hear(t, socket, `42["ready"`)

	old := v.certificate()
	eventually(t, "the certificate ends", func() bool { return v.certificate() == nil })
	_, _, trusted = writeCertificate(t, folder, time.Hour)
	again := visit(t, addr, trusted)
	eventually(t, "the new certificate is shown", func() bool { return again.certificate() != nil })
	if again.certificate().Equal(old) {
		t.Error("it is the old one")
	}
	say(t, socket, `421["room:read",{}]`)
	hear(t, socket, `431[{"ok":false`)
	hangUp()
	for _, part := range []string{"https://localhost:" + port, "ends soon", "was replaced"} {
		if !strings.Contains(m.Said(), part) {
			t.Errorf("it does not say %q:\n%s", part, m.Said())
		}
	}
	if code := m.Terminate(); code != 0 {
		t.Errorf("exit code %d: %s", code, m.Said())
	}
}

// TestHTTPSByACME has a real CA look at Maru. It is away at first, and its certificates live for seconds.
func TestHTTPSByACME(t *testing.T) {
	data, addr := filepath.Join(t.TempDir(), "data"), program.FreeAddr(t)
	ca := pebble.New(t, pebble.Options{TLS: addr, Life: 12 * time.Second})
	t.Setenv("SSL_CERT_FILE", ca.Trust())
	flags := []string{"--tls-acme", chatHost, "--tls-acme-directory", ca.Directory(), "--tls-acme-email", "ann@" + chatHost, "--drain", "100ms"}
	m := program.Start(t, data, addr, flags...) // it answers, though nobody believes it yet
	eventually(t, "it says that the CA is away", func() bool { return strings.Contains(m.Said(), "no certificate could be obtained") })

	ca.Run()
	v := visit(t, addr, ca.Root())
	var first *x509.Certificate
	eventually(t, "a certificate is obtained", func() bool { first = v.certificate(); return first != nil })
	socket, hangUp := v.socket("https://"+chatHost, nil)
	defer hangUp()
	hear(t, socket, "0{")
	for last := first; last.Equal(first); time.Sleep(50 * time.Millisecond) {
		if last = v.certificate(); last == nil {
			t.Fatalf("it shows nothing that is believed: %s", m.Said())
		}
	}
	say(t, socket, `40{"token":"x"}`)
	hear(t, socket, `44{"message":"unauthorized"`)
	hangUp()

	v.tls = v.tls.Clone()
	v.tls.NextProtos = []string{"acme-tls/1"}
	if v.certificate() != nil {
		t.Error("a stranger looks as the CA does, and gets an answer")
	}
	if code := m.Terminate(); code != 0 {
		t.Errorf("exit code %d: %s", code, m.Said())
	}
	must(t, filepath.WalkDir(filepath.Join(data, "acme"), func(path string, entry os.DirEntry, err error) error {
		must(t, err)
		info, err := entry.Info()
		want := os.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	}))
}

// TestHTTP01 has the CA look where it finds no TLS: behind something that passes on port 80 and not 443. What was obtained is there
// after a restart, when the CA is gone.
func TestHTTP01(t *testing.T) {
	data, addr := t.TempDir(), program.FreeAddr(t)
	ca := pebble.New(t, pebble.Options{HTTP: addr, Life: time.Hour})
	ca.Run()
	t.Setenv("SSL_CERT_FILE", ca.Trust())
	flags := []string{"--tls-acme", chatHost, "--tls-acme-directory", ca.Directory()}
	m := program.Start(t, data, addr, flags...)
	v := visit(t, addr, ca.Root())
	eventually(t, "a certificate is obtained", func() bool { return v.certificate() != nil })
	m.Kill()
	ca.Kill()
	m = program.Start(t, data, addr, flags...)
	if v.certificate() == nil {
		t.Errorf("it is gone: %s", m.Said())
	}
}
