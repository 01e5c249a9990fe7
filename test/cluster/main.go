// Command cluster starts everything that several nodes need on this machine, to try it: MariaDB, NATS, an S3 server, two maru and
// a balancer before them. It ends with an interrupt, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/maru-chat/maru/test/mariadb"
	"github.com/maru-chat/maru/test/nats"
	"github.com/maru-chat/maru/test/program"
	"github.com/maru-chat/maru/test/s3"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where the balancer listens")
	size := flag.Int("nodes", 2, "how many maru to start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := program.OnStage(func(o program.Owner) { try(ctx, o, *addr, *size) })
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// try starts everything and waits until the context ends.
func try(ctx context.Context, o program.Owner, addr string, size int) {
	say("building maru, NATS and an S3 server (some minutes the first time)…")
	folder := o.TempDir()
	must(o, program.Build(folder))
	database, err := mariadb.New(o.TempDir(), program.FreeAddr(o))
	must(o, err)
	o.Cleanup(database.Kill)
	name := database.Database(o)
	bus, photos := nats.Start(o), s3.Start(o)
	photos.Bucket("maru")
	settings := []string{
		"--database", database.URL(name), "--bus", bus.URL(),
		"--blobs", "s3://maru?endpoint=" + photos.Endpoint() + "&region=" + s3.Region,
		"--secret-file", filepath.Join(folder, "secret"), "--public-url", "http://" + addr, "--trusted-proxies", "127.0.0.1",
	}
	var nodes []*program.Maru
	for range size {
		nodes = append(nodes, program.Start(o, o.TempDir(), program.FreeAddr(o), settings...))
	}
	balancer := &http.Server{Addr: addr, Handler: newBalancer(nodes), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- balancer.ListenAndServe() }()
	say("")
	say("  Maru on %d nodes: http://%s", size, addr)
	say("")
	say("  MariaDB  %s", settings[1])
	say("  NATS     %s", bus.URL())
	say("  S3       %s, bucket maru (%s / %s)", photos.Endpoint(), s3.AccessKey, s3.SecretKey)
	for i, n := range nodes {
		say("  node %d   %s (process %d: kill it and see)", i+1, n.URL(), n.PID())
	}
	say("")
	say("  Ctrl+C ends all of it and removes what it stored.")
	select {
	case err := <-failed:
		o.Fatal(err)
	case <-ctx.Done():
	}
	// Connections that go on are cut: their nodes end next.
	if err := balancer.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		say("%v", err)
	}
}

// newBalancer sends each request to the next node that is ready; no request is sent where an earlier one was.
func newBalancer(nodes []*program.Maru) http.Handler {
	var turn atomic.Uint64
	ready := make([]atomic.Bool, len(nodes))
	for i, n := range nodes {
		ready[i].Store(true)
		go func() {
			for ; ; time.Sleep(500 * time.Millisecond) {
				ready[i].Store(n.Status("/readyz") == http.StatusOK)
			}
		}()
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			first := turn.Add(1)
			for i := range uint64(len(nodes)) {
				at := (first + i) % uint64(len(nodes))
				target, err := url.Parse(nodes[at].URL())
				if err == nil && (ready[at].Load() || i == uint64(len(nodes))-1) {
					r.SetURL(target)
					break
				}
			}
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		FlushInterval: -1, // answers go on as they come
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway) // a node ended just now: clients come again
		},
	}
}

func must(o program.Owner, err error) {
	if err != nil {
		o.Fatal(err)
	}
}

func say(format string, arguments ...any) { fmt.Printf(format+"\n", arguments...) }
