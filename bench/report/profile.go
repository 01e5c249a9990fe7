package report

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Profile takes the CPU profile of a server that serves its profiles at
// address, for as long as it is measured, into a directory. Without an address
// or a directory it does nothing. What it returns waits for the profile.
func Profile(ctx context.Context, address, directory, name string, duration time.Duration) (finish func() error) {
	if address == "" || directory == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, max(1, int(duration.Seconds())))
		done <- Fetch(ctx, url, filepath.Join(directory, strings.ReplaceAll(name, " ", "-")+".cpu.pprof"))
	}()
	return func() error { return <-done }
}

// Fetch writes what a server answers to a file.
func Fetch(ctx context.Context, url, file string) error {
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
	if err := os.WriteFile(file, profile, 0o600); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}
