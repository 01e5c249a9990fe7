package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/maru-chat/maru/internal/https"
)

// tlsFlags are how Maru speaks HTTPS by itself; none of them: it does not.
type tlsFlags struct {
	Cert          string   `placeholder:"FILE" help:"HTTPS by Maru itself: the certificate with its chain (PEM). It is read again when it changes."`
	Key           string   `placeholder:"FILE" help:"The key of that certificate (PEM)."`
	ACME          []string `name:"acme" placeholder:"HOST" help:"HTTPS by Maru itself with certificates for these names that it gets and renews by ACME; you accept the terms of the CA."`
	ACMEDirectory string   `name:"acme-directory" default:"${letsencrypt}" placeholder:"URL" help:"The CA that is asked (Let's Encrypt)."`
	ACMEEmail     string   `name:"acme-email" placeholder:"ADDRESS" help:"Where the CA may write to; by default nowhere."`
}

// check finds what cannot be, before anything is opened.
func (f *tlsFlags) check(public *url.URL) error {
	switch {
	case f.Cert != "" && f.Key == "":
		return errors.New("--tls-cert: needs its key, --tls-key")
	case f.Key != "" && f.Cert == "":
		return errors.New("--tls-key: needs its certificate, --tls-cert")
	case f.Cert != "" && len(f.ACME) > 0:
		return errors.New("--tls-acme: the certificate comes from --tls-cert already; leave one of them out")
	case f.on() && public != nil && public.Scheme != "https":
		return fmt.Errorf("--public-url %s: must begin with https:// where Maru itself speaks HTTPS", public)
	}
	return nil
}

func (f *tlsFlags) on() bool { return f.Cert != "" || len(f.ACME) > 0 }

// secured is HTTPS on the public listener.
type secured struct {
	listener     *https.Listener
	certificates https.Certificates
	redirects    *http.Server
	plain        []net.Listener // of redirects
	host         string         // "": whatever leads here
}

// open speaks TLS on a listener; nil where no flag asks for it.
func (f *tlsFlags) open(data string, public net.Listener, log *slog.Logger) (*secured, error) {
	if !f.on() {
		return nil, nil //nolint:nilnil // Maru without TLS
	}
	s := &secured{}
	_, port, _ := net.SplitHostPort(public.Addr().String())
	if len(f.ACME) > 0 {
		ca, err := https.NewACME(https.ACMEOptions{
			Hosts: f.ACME, Directory: f.ACMEDirectory, Email: f.ACMEEmail, Folder: filepath.Join(data, "acme"), Logger: log,
		})
		if err != nil {
			return nil, err
		}
		s.certificates, s.host = ca, ca.Names()[0]
		if port != httpsPort {
			log.Warn("--tls-acme: the CA looks at port 443 of "+s.host+": it must lead to --addr", "port", port)
		}
	} else {
		files, err := https.OpenFiles(f.Cert, f.Key, log)
		if err != nil {
			return nil, err
		}
		s.certificates = files
	}
	var plain net.Listener
	s.listener, plain = https.Listen(public, s.certificates, log)
	s.redirects, s.plain = https.Redirects(s.certificates), []net.Listener{plain}
	if port == httpsPort {
		if web, err := beside(public); err == nil {
			s.plain = append(s.plain, web)
		} else {
			log.Warn("port 80 cannot be had: who leaves out https:// finds nothing", "error", cause(err).Error())
		}
	}
	return s, nil
}

const httpsPort = "443"

// beside opens port 80 of the address that a listener has.
func beside(public net.Listener) (net.Listener, error) {
	host, _, err := net.SplitHostPort(public.Addr().String())
	if err != nil {
		return nil, err
	}
	return net.Listen("tcp", net.JoinHostPort(host, "80")) //nolint:noctx // opening a local address does not wait
}

// secure has the public listener speak TLS, if that is asked for, until the context ends.
func (n *node) secure(ctx context.Context, s *secured) {
	n.tasks.Go(func() { s.certificates.Run(ctx) })
	for _, listener := range s.plain {
		n.tasks.Go(func() { n.serve(s.redirects, listener) })
	}
}
