package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/maru-chat/maru/bench/load"
)

// profile takes the CPU profile of a server, where profiles are wanted, while
// it is measured. What it returns waits for the profile.
func (b *bench) profile(ctx context.Context, server *load.Server, name string) (finish func() error) {
	if b.profiles == "" || server.Profiles == "" {
		return func() error { return nil }
	}
	seconds := max(1, int((b.warm + b.window).Seconds()))
	done := make(chan error, 1)
	go func() {
		done <- b.fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", server.Profiles, seconds), name+".cpu.pprof")
	}()
	return func() error { return <-done }
}

// heap takes a server's heap profile and its stacks, where profiles are wanted.
func (b *bench) heap(ctx context.Context, server *load.Server, name string) error {
	if b.profiles == "" || server.Profiles == "" {
		return nil
	}
	if err := b.fetch(ctx, "http://"+server.Profiles+"/debug/pprof/goroutine", name+".goroutine.pprof"); err != nil {
		return err
	}
	return b.fetch(ctx, "http://"+server.Profiles+"/debug/pprof/heap?gc=1&debug=0", name+".heap.pprof")
}

func (b *bench) fetch(ctx context.Context, url, name string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	profile, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("profile: %s", response.Status)
	}
	name = strings.ReplaceAll(name, " ", "-")
	if err := os.WriteFile(filepath.Join(b.profiles, name), profile, 0o600); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}
