// Package cli is what the benchmarks have in common as programs.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Main runs a benchmark with the program's arguments until it is done, or
// somebody ends it: what it started ends with it. It exits with 1 when the
// benchmark fails, and says why.
func Main(run func(ctx context.Context, arguments []string, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// Log says on standard error how far a benchmark is.
func Log(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

// Results is the flag -o: the directory that the results are written to.
type Results struct{ directory string }

// Flag adds the flag.
func (r *Results) Flag(flags *flag.FlagSet) {
	flags.StringVar(&r.directory, "o", "", "`directory` for the results (default bench/results of the repository)")
}

// Of is the directory, where root is the repository's.
func (r *Results) Of(root string) string {
	if r.directory != "" {
		return r.directory
	}
	return filepath.Join(root, "bench", "results")
}
