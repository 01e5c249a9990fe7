package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/maru-chat/maru/internal/httpapi"
)

// maxSkew is how far this machine's clock and the database's may differ. What nodes write in one room bears their own times.
const maxSkew = 2 * time.Second

// ready tells /readyz whether this node should get requests. Its parts are asked side by side: each has its own patience.
func (n *node) ready(ctx context.Context) httpapi.Readiness {
	parts := map[string]func() string{
		"node": func() string {
			if n.draining.Load() {
				return "draining"
			}
			return ""
		},
		"database": func() string {
			if n.store.Ping(ctx) != nil {
				return "does not answer"
			}
			return ""
		},
		"clock": func() string { return n.skew(ctx) },
		"blobs": func() string {
			if n.blobs.Ready(ctx) != nil {
				return "do not work"
			}
			return ""
		},
		"bus": func() string {
			if err := n.bus.Ready(); err != nil {
				return err.Error()
			}
			return ""
		},
	}
	r := httpapi.Readiness{Parts: map[string]string{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, ask := range parts {
		all.Go(func() {
			wrong := ask()
			if wrong == "" {
				wrong = "ok"
			}
			mu.Lock()
			defer mu.Unlock()
			r.Parts[name] = wrong
		})
	}
	all.Wait()
	r.Ready = r.Parts["node"] == "ok" && r.Parts["database"] == "ok"
	return r
}

// skew says by how much this machine's clock and the database's differ, where that is too much.
func (n *node) skew(ctx context.Context) string {
	ahead, err := n.store.ClockSkew(ctx)
	switch {
	case err != nil: // that is the database's part
		return ""
	case ahead > maxSkew:
		return fmt.Sprintf("is %s ahead of the database's: synchronise both (NTP)", ahead.Round(time.Second))
	case ahead < -maxSkew:
		return fmt.Sprintf("is %s behind the database's: synchronise both (NTP)", -ahead.Round(time.Second))
	}
	return ""
}
