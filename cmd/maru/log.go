package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/logline"
)

// newLogger writes for people on a terminal, and lines of JSON elsewhere. What libraries write with the standard logger comes as
// such lines too.
func newLogger() *slog.Logger {
	info, err := os.Stderr.Stat()
	logger := logline.New(os.Stderr, err == nil && info.Mode()&os.ModeCharDevice != 0, about)
	log.SetFlags(0)
	log.SetOutput(logline.Libraries(logger))
	return logger
}

// about is what a line belongs to.
func about(ctx context.Context) []slog.Attr {
	if id := httpapi.RequestID(ctx); id != "" {
		return []slog.Attr{slog.String("request_id", id)}
	}
	return nil
}
