package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// around holds the flags that say what is around a Maru.
type around struct {
	Bus       string `default:"memory:" placeholder:"URL" help:"How several nodes tell each other what happens: nats://HOST:4222, or several of them with commas; memory: for a single node (${default})."`
	PublicURL string `name:"public-url" placeholder:"URL" help:"Where browsers find Maru, as https://chat.example.com; by default what each request says."`
}

// siteWithin is how long the site may take to answer.
const siteWithin = 10 * time.Second

// site comes as a browser does, through whatever is in front of Maru.
func (c *doctorCommand) site(ctx context.Context, d *diagnosis) {
	const part = "site"
	if c.PublicURL == "" {
		d.ok(part, "not looked at: name --public-url to have it visited as by a browser, through the proxy")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*siteWithin)
	defer cancel()
	url := strings.TrimRight(c.PublicURL, "/")
	health, err := visit(ctx, url+"/healthz")
	switch {
	case err != nil:
		d.fail(part, "%s does not answer (%v): see that Maru and the proxy run, and that the name leads here", url, err)
		return
	case health.code != http.StatusOK || !strings.Contains(health.body, `"status":"ok"`):
		d.fail(part, "%s is answered by something else (%s): lead the proxy to Maru's --addr", url, health.status)
		return
	}
	d.ok(part, "%s answers", url)
	lookAtCertificate(d, health.tls)
	if date, err := http.ParseTime(health.header.Get("Date")); err == nil && time.Since(date).Abs() > 2*maxSkew {
		d.warn("clock", "differs from that of %s by %s: synchronise both (NTP)", url, time.Since(date).Abs().Round(time.Second))
	}
	if err := openWebSocket(ctx, url); err != nil {
		d.fail("websocket", "%s: %v: have the proxy pass Upgrade and Connection on (docs/scaling.md shows how); until then people are on polling", url, err)
	} else {
		d.ok("websocket", "opens through whatever is in front")
	}
	opened, err := visit(ctx, url+"/socket.io/?EIO=4&transport=polling")
	if err == nil && !strings.HasPrefix(opened.body, "0{") {
		err = errors.New(opened.status)
	}
	if err != nil {
		d.fail("polling", "%s: %v: have the proxy pass /socket.io/ on unchanged", url, err)
		return
	}
	d.ok("polling", "works through whatever is in front")
}

func lookAtCertificate(d *diagnosis, state *tls.ConnectionState) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return
	}
	until := state.PeerCertificates[0].NotAfter
	left := time.Until(until)
	if left < certificate {
		d.warn("TLS", "the certificate ends in %d days: see why it is not renewed", int(left/(24*time.Hour)))
		return
	}
	d.ok("TLS", "the certificate is good until %s", until.Format(time.DateOnly))
}

// page is what was answered.
type page struct {
	code   int
	status string
	header http.Header
	tls    *tls.ConnectionState // nil without TLS
	body   string               // its beginning
}

// visit asks for a page.
func visit(ctx context.Context, url string) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, siteWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return page{}, err
	}
	answer, err := fresh().RoundTrip(r)
	if err != nil {
		return page{}, plain(err)
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	return page{answer.StatusCode, answer.Status, answer.Header, answer.TLS, string(body)}, err
}

// fresh opens connections of its own, which speak HTTP/1.1: WebSocket needs it.
func fresh() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: siteWithin,
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// plain is an error without what its message says anyway.
func plain(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return cause(e)
	}
	return err
}

// openWebSocket opens one as browsers do, and waits for Socket.IO's first packet.
func openWebSocket(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, siteWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		return err
	}
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": base64.StdEncoding.EncodeToString(key), "Origin": url,
	} {
		r.Header.Set(name, value)
	}
	answer, err := fresh().RoundTrip(r)
	if err != nil {
		return plain(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
		return fmt.Errorf("answered %s %s", answer.Status, strings.Join(strings.Fields(string(body)), " "))
	}
	// A text frame of one part, shorter than 126 bytes or with two bytes of length (RFC 6455, 5.2), that opens: 0{"sid":…
	in := bufio.NewReader(answer.Body)
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return fmt.Errorf("nothing comes through it: %w", err)
	}
	if head[1] == 126 {
		if _, err := in.Discard(2); err != nil {
			return err
		}
	}
	first, err := in.Peek(2)
	if err != nil || head[0] != 0x81 || string(first) != "0{" {
		return fmt.Errorf("something else comes through it: %q %w", first, err)
	}
	return nil
}
