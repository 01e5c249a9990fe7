// Package pebble runs a real CA for tests: Let's Encrypt's Pebble, on this machine alone. tools/pebble/go.mod says which version.
package pebble

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/maru-chat/maru/test/program"
)

var executable = program.Tool("pebble", "pebble")

// Options say how the CA looks at those who ask it.
type Options struct {
	TLS  string        // where it looks for TLS-ALPN-01, whatever the name, as an address of this machine
	HTTP string        // where it looks for HTTP-01; "": nowhere
	Life time.Duration // of the certificates it issues, whole seconds
}

// Server is a running CA. Its methods are for its owner's own goroutine.
type Server struct {
	*program.Server
	o          program.Owner
	addr       string
	management string
	names      string // the DNS server that it asks
	config     string
	trust      string // the file of its own certificate
	client     *http.Client
}

// New is a CA that does not run yet, and forgets everything whenever it ends.
func New(o program.Owner, options Options) *Server {
	o.Helper()
	folder := o.TempDir()
	s := &Server{
		Server: program.NewServer(o, "Pebble"), o: o, addr: program.FreeAddr(o), management: program.FreeAddr(o),
		names: serveNames(o), config: filepath.Join(folder, "config.json"), trust: filepath.Join(folder, "cert.pem"),
	}
	key := filepath.Join(folder, "key.pem")
	s.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.certify(key)}, DisableKeepAlives: true}}
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": s.addr, "managementListenAddress": s.management, "certificate": s.trust, "privateKey": key,
		"tlsPort": port(o, options.TLS), "httpPort": port(o, options.HTTP), "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "tests", "validityPeriod": int(options.Life.Seconds()) + 1}},
	}})
	must(o, err)
	must(o, os.WriteFile(s.config, text, 0o600))
	return s
}

// Run starts the CA, and waits until it answers.
func (s *Server) Run() {
	s.o.Helper()
	path, err := executable()
	must(s.o, err)
	s.o.Setenv("PEBBLE_VA_NOSLEEP", "1")      // it would wait up to 15 s before it looks
	s.o.Setenv("PEBBLE_WFE_NONCEREJECT", "0") // it would refuse some requests at random
	s.o.Setenv("PEBBLE_AUTHZREUSE", "0")      // it looks each time
	s.Server.Run(path, []string{"-config", s.config, "-dnsserver", s.names, "-strict"}, func() bool {
		response, err := s.client.Get("https://" + s.management + "/roots/0") //nolint:noctx // the client has a time-out
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return true
	})
}

// Directory is what --tls-acme-directory is given.
func (s *Server) Directory() string { return "https://" + s.addr + "/dir" }

// Trust is the file of the certificate by which the CA itself is known, for SSL_CERT_FILE.
func (s *Server) Trust() string { return s.trust }

// Root is what the certificates of the running CA end in.
func (s *Server) Root() *x509.CertPool {
	s.o.Helper()
	response, err := s.client.Get("https://" + s.management + "/roots/0") //nolint:noctx // the client has a time-out
	must(s.o, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(s.o, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		s.o.Fatalf("no root: %s", text)
	}
	return pool
}

// certify makes the certificate of the CA's own HTTPS.
func (s *Server) certify(keyFile string) *x509.CertPool {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.o, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(s.o, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(s.o, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(s.o, os.WriteFile(s.trust, text, 0o600))
	must(s.o, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

// serveNames runs a DNS server, over TCP as Pebble asks, in which every name is this machine, and gives its address.
func serveNames(o program.Owner) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // opening a local address does not wait
	must(o, err)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
				for answer(conn) == nil {
				}
			})
		}
	})
	o.Cleanup(func() {
		_ = listener.Close()
		tasks.Wait()
	})
	return listener.Addr().String()
}

// answer answers one question; each message comes after its length (RFC 1035, section 4.2.2).
func answer(conn net.Conn) error {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	packet := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return err
	}
	packet, err := resolve(packet)
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)) //nolint:gosec // it is short
	return err
}

func resolve(packet []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, q := range m.Questions {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			})
		}
	}
	return m.Pack()
}

// port is that of an address, 1 (where nobody listens) for none.
func port(o program.Owner, addr string) int {
	if addr == "" {
		return 1
	}
	_, text, err := net.SplitHostPort(addr)
	must(o, err)
	number, err := strconv.Atoi(text)
	must(o, err)
	return number
}

func must(o program.Owner, err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}
