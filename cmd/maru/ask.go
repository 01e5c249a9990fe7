package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// readyCommand asks the node on this machine whether it should get requests: for health checks of containers, which hold no other
// program, and for deployments.
type readyCommand struct {
	Addr    string          `default:":8080" placeholder:"HOST:PORT" help:"Where the node listens, as in serve (${default})."`
	TLSCert string          `name:"tls-cert" placeholder:"FILE" help:"As in serve: with it the node is asked by HTTPS."`
	TLSACME string          `name:"tls-acme" placeholder:"HOST" help:"As in serve: with it the node is asked by HTTPS."`
	Config  kong.ConfigFlag `placeholder:"FILE" help:"As in serve."`
	Wait    time.Duration   `default:"0s" help:"How long to go on asking until it is ready (${default})."`
}

const (
	askedWithin = 6 * time.Second // readyz has 5 s for its parts
	askAgain    = 200 * time.Millisecond
)

// Run prints how the node and its parts are where it is ready; else the error says it.
func (c *readyCommand) Run(ctx context.Context, out io.Writer) error {
	ask, err := c.question()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(c.Wait)
	for {
		said, err := ask(ctx)
		switch {
		case err == nil:
			say(out, "%s", said)
			return nil
		case ctx.Err() != nil:
			return errors.New("interrupted: nobody has said that the node is ready")
		case time.Now().Add(askAgain).After(deadline):
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(askAgain):
		}
	}
}

// question returns what asks once.
func (c *readyCommand) question() (func(context.Context) (string, error), error) {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %q: must look like 127.0.0.1:8080 or :8080", c.Addr)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	transport := &http.Transport{DisableKeepAlives: true}
	if c.TLSCert != "" || c.TLSACME != "" {
		url = "https" + strings.TrimPrefix(url, "http")
		// With ACME there is no certificate for who names no host.
		name, _, _ := strings.Cut(c.TLSACME, ",")
		transport.TLSClientConfig = &tls.Config{
			ServerName:         strings.TrimSpace(name),
			InsecureSkipVerify: true, //nolint:gosec // this machine asks itself, and gives nothing away
		}
	}
	client := &http.Client{
		Transport: transport, Timeout: askedWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) (string, error) { return askReady(ctx, client, url) }, nil
}

func askReady(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", url, cause(err))
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	var answer struct {
		Status string
		Parts  map[string]string
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&answer)
	if err != nil || answer.Status == "" {
		return "", fmt.Errorf("%s answers %s, as no maru does", url, response.Status)
	}
	parts := make([]string, 0, len(answer.Parts))
	for _, name := range slices.Sorted(maps.Keys(answer.Parts)) {
		parts = append(parts, name+" "+answer.Parts[name])
	}
	said := answer.Status + ": " + cmp.Or(strings.Join(parts, ", "), "no parts")
	if response.StatusCode != http.StatusOK {
		return "", errors.New(said)
	}
	return said, nil
}
