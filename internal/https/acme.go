package https

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/net/idna"
)

// LetsEncrypt is the CA that is asked unless another is named.
const LetsEncrypt = acme.LetsEncryptURL

// ACMEOptions say what is asked of a CA. Hosts, Directory and Folder are required.
type ACMEOptions struct {
	Hosts     []string // names of this server, each with a certificate of its own
	Directory string   // the CA's, https://…
	Email     string   // whom the CA may write to; "": nobody
	Folder    string   // of account keys and certificates; made where it is not
	Logger    *slog.Logger
}

// ACME are certificates that a CA gives for being reached under a name (RFC 8555): by TLS-ALPN-01 on this server's own
// listener (RFC 8737), else by HTTP-01 (RFC 8555, section 8.3).
type ACME struct {
	options     ACMEOptions
	store       *store
	hosts       []*host
	placeholder *tls.Certificate // until there is another

	mu         sync.Mutex
	challenges map[string]*tls.Certificate // by name, while the CA looks
	answers    map[string]string           // by path, of HTTP-01
}

// host is one name and its certificate.
type host struct {
	name    string
	current atomic.Pointer[tls.Certificate]
}

var _ Certificates = (*ACME)(nil)

// NewACME reads the certificates that are there already. The CA is not asked before Run.
func NewACME(o ACMEOptions) (*ACME, error) {
	directory, err := url.Parse(o.Directory)
	if err != nil || directory.Scheme != "https" || directory.Host == "" {
		return nil, fmt.Errorf("--tls-acme-directory %q: must look like %s", o.Directory, LetsEncrypt)
	}
	a := &ACME{options: o, challenges: map[string]*tls.Certificate{}, answers: map[string]string{}}
	if a.store, err = openStore(o.Folder, directory); err != nil {
		return nil, err
	}
	for _, s := range o.Hosts {
		name, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(s), "."))
		if err != nil || !strings.Contains(name, ".") || strings.Trim(name, "0123456789.") == "" {
			return nil, fmt.Errorf("--tls-acme %q: must be a name as chat.example.com", s)
		}
		if slices.ContainsFunc(a.hosts, func(h *host) bool { return h.name == name }) {
			continue
		}
		h := &host{name: name}
		switch pair, err := a.store.certificate(name); {
		case err != nil:
			o.Logger.Warn("a stored certificate cannot be used, another one will be asked for", "name", name, "error", err.Error())
		case pair != nil:
			h.current.Store(pair)
		}
		a.hosts = append(a.hosts, h)
	}
	if a.placeholder, err = ownMaking(a.hosts[0].name); err != nil {
		return nil, err
	}
	return a, nil
}

// ownMaking is a certificate that browsers refuse: with it probes of this machine get their answers, and people a page that says
// what is wrong, where without one the connection would just break.
func ownMaking(name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Maru waits for its certificate"}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// Certificate implements Certificates. Who asks for no name of ours, as probes by address do, gets the first one's. One that has expired is
// shown all the same.
func (a *ACME) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if challenge := a.challenges[name]; challenge != nil {
			return challenge, nil
		}
		return nil, fmt.Errorf("no challenge is under way for %.100q", name)
	}
	shown := a.hosts[0]
	for _, h := range a.hosts {
		if h.name == name {
			shown = h
		}
	}
	if pair := shown.current.Load(); pair != nil {
		return pair, nil
	}
	return a.placeholder, nil
}

// NotAfter implements Certificates.
func (a *ACME) NotAfter() (first time.Time) {
	for _, h := range a.hosts {
		pair := h.current.Load()
		if pair == nil {
			return time.Time{}
		}
		if end := pair.Leaf.NotAfter; first.IsZero() || end.Before(first) {
			first = end
		}
	}
	return first
}

// answer answers the CA that looks for HTTP-01, and reports whether it was one.
func (a *ACME) answer(w http.ResponseWriter, r *http.Request) bool {
	a.mu.Lock()
	answer, ok := a.answers[r.URL.Path]
	a.mu.Unlock()
	if ok {
		_, _ = w.Write([]byte(answer))
	}
	return ok
}

// Names are what certificates are asked for, in ASCII.
func (a *ACME) Names() []string {
	names := make([]string, len(a.hosts))
	for i, h := range a.hosts {
		names[i] = h.name
	}
	return names
}

// Run implements Certificates: each name has its own goroutine, so that one whose address is wrong keeps no other waiting.
func (a *ACME) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, h := range a.hosts {
		all.Go(func() { a.keep(ctx, h) })
	}
	all.Wait()
}

// How long until a CA is asked again. Let's Encrypt takes five failures an hour for a name; one that does not answer counts none.
const (
	afterRefusal = 30 * time.Minute
	firstRetry   = time.Second
	lastRetry    = 5 * time.Minute
)

// keep asks for the certificate of a name where there is none, and for the next one when a third of its life is left.
func (a *ACME) keep(ctx context.Context, h *host) {
	log := a.options.Logger.With("name", h.name)
	remind := reminder{log: a.options.Logger}
	due, retry := time.Now(), firstRetry
	if pair := h.current.Load(); pair != nil {
		due = renewal(pair.Leaf.NotBefore, pair.Leaf.NotAfter)
	}
	for {
		if !sleepUntil(ctx, due, func() {
			if pair := h.current.Load(); pair != nil {
				remind.look(pair.Leaf, time.Now())
			}
		}) {
			return
		}
		pair, err := a.obtain(ctx, h.name)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			h.current.Store(pair)
			due, retry = renewal(time.Now(), pair.Leaf.NotAfter), firstRetry
			log.Info("a certificate was obtained", "until", pair.Leaf.NotAfter.UTC().Format(time.RFC3339), "next", due.UTC().Format(time.RFC3339))
			continue
		}
		wait := retry
		if refused(err) {
			wait = max(afterRefusal, notBefore(err))
		} else {
			retry = min(2*retry, lastRetry)
		}
		due = time.Now().Add(wait)
		log.Warn("no certificate could be obtained", "error", err.Error(), "again", wait.String())
	}
}

// renewal is when a third of a certificate's life is left, whether that is months or seconds.
func renewal(from, until time.Time) time.Time { return until.Add(-until.Sub(from) / 3) }

// sleepUntil sleeps by the clock on the wall, and wakes to look in between; it reports false when the context has ended.
func sleepUntil(ctx context.Context, due time.Time, look func()) bool {
	for {
		look()
		left := time.Until(due.Round(0))
		if left <= 0 {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(min(left, time.Hour)):
		}
	}
}
