// Command reference serves what the public protocol documents ask of a server
// under test (github.com/socketio/socket.io, docs/engine.io-protocol and
// docs/socket.io-protocol, "Test suite"): Socket.IO under /socket.io/ and bare
// Engine.IO under /engine.io/, with short pings.
//
//	go run ./socketio/internal/reference -addr localhost:3000
//
// "localhost" is listened to on all of its addresses, since clients differ in
// which they try first. It prints a line for each, and serves until it gets
// SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "localhost:3000", "`host:port` to listen on; port 0 chooses one")
	flag.Parse()
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

func run(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	handler, err := newHandler()
	if err != nil {
		return err
	}
	listeners, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		fmt.Println("listening on", l.Addr())
		go func() { ended <- server.Serve(l) }()
	}
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	return errors.Join(err, server.Close())
}

// listen opens every address that the host stands for, all on one port.
func listen(ctx context.Context, addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	hosts := []string{host}
	if host != "" {
		if hosts, err = net.DefaultResolver.LookupHost(ctx, host); err != nil {
			return nil, err
		}
	}
	var listeners []net.Listener
	var config net.ListenConfig
	for _, host := range hosts {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil {
			if len(listeners) > 0 { // a machine may know an address that it does not have
				continue
			}
			return nil, err
		}
		listeners = append(listeners, l)
		if _, port, err = net.SplitHostPort(l.Addr().String()); err != nil {
			return nil, err
		}
	}
	return listeners, nil
}
