// Package https is HTTPS by the program itself: certificates from files or from a CA by ACME, both kept up to date while it
// runs, and a listener that strangers cannot hold up. It knows nothing of chat.
package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"time"
)

// Certificates are what a server shows.
type Certificates interface {
	// Certificate returns what to show, at once, for tls.Config.
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)

	// NotAfter is when what is shown ends, the first of several; zero while there is none yet.
	NotAfter() time.Time

	// Run keeps them up to date until the context ends.
	Run(ctx context.Context)
}

// config is Go's own, whose ciphers and versions move with Go.
func config(certificates Certificates, protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: certificates.Certificate,
		NextProtos:     append([]string{"h2", "http/1.1"}, protocols...),
	}
}

// soon is how long before its end a certificate is worth a warning: it should have been replaced by then. Those that live for
// days are replaced later.
func soon(leaf *x509.Certificate) time.Duration {
	return min(14*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore)/4)
}

// reminder warns once a day of a certificate that ends soon, and when it has ended.
type reminder struct {
	log  *slog.Logger
	leaf *x509.Certificate
	last time.Time
	over bool
}

func (r *reminder) look(leaf *x509.Certificate, now time.Time) {
	if leaf == nil {
		return
	}
	if leaf != r.leaf {
		*r = reminder{log: r.log, leaf: leaf}
	}
	left := leaf.NotAfter.Sub(now)
	over := left <= 0
	if left > soon(leaf) || (over == r.over && now.Sub(r.last) < 24*time.Hour) {
		return
	}
	r.last, r.over = now, over
	names := slog.Any("names", leaf.DNSNames)
	until := slog.String("until", leaf.NotAfter.UTC().Format(time.RFC3339))
	if over {
		r.log.Error("the certificate has expired: browsers refuse it until it is replaced", names, until)
		return
	}
	r.log.Warn("the certificate ends soon, and has not been replaced", names, until)
}
