package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/maru-chat/maru/bench/load"
	"github.com/maru-chat/maru/bench/report"
)

// profile takes the CPU profile of a server, where profiles are wanted, while
// it is measured. What it returns waits for the profile.
func (b *bench) profile(ctx context.Context, server *load.Server, name string) (finish func() error) {
	return report.Profile(ctx, server.Profiles, b.profiles, name, b.warm+b.window)
}

// heap takes a server's heap profile and its stacks, where profiles are wanted.
func (b *bench) heap(ctx context.Context, server *load.Server, name string) error {
	if b.profiles == "" || server.Profiles == "" {
		return nil
	}
	file := filepath.Join(b.profiles, strings.ReplaceAll(name, " ", "-"))
	if err := report.Fetch(ctx, "http://"+server.Profiles+"/debug/pprof/goroutine", file+".goroutine.pprof"); err != nil {
		return err
	}
	return report.Fetch(ctx, "http://"+server.Profiles+"/debug/pprof/heap?gc=1&debug=0", file+".heap.pprof")
}
