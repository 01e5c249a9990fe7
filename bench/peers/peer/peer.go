// Package peer is what the benchmark's servers written in Go have in common:
// an address, a line that says that they serve, and an end.
package peer

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
)

// Run listens on the flag -addr, prints "serving HOST:PORT", and calls serve
// until standard input ends or SIGTERM comes: a server must not outlive the
// load generator that started it, however that one ended. It parses the flags,
// those of the caller included.
func Run(serve func(net.Listener) error) error {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen, `host:port`")
	profile := flag.Bool("pprof", false, "serve profiles on a port of its own, printed behind the first")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	line := "serving " + listener.Addr().String()
	if *profile {
		profiles, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen for profiles: %w", err)
		}
		line += " " + profiles.Addr().String()
		go func() { _ = http.Serve(profiles, profileHandler()) }() //nolint:gosec // no timeouts: for the load generator alone
	}
	fmt.Println(line)

	ended := make(chan error, 2)
	go func() { ended <- serve(listener) }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended <- nil
	}()
	select {
	case err := <-ended:
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		return err
	case <-ctx.Done():
		return nil
	}
}

func profileHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return mux
}
