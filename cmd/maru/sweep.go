package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// sweepRooms removes what deleted rooms left behind, in pieces that keep nobody waiting.
func sweepRooms(ctx context.Context, store chat.Sweeper, log *slog.Logger) {
	const (
		piece = 500
		pause = 50 * time.Millisecond
		every = time.Minute
	)
	for wait := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		removed, err := store.SweepDeletedRooms(ctx, piece)
		if err != nil && ctx.Err() == nil {
			log.Warn("sweeping deleted rooms", "error", err.Error())
		}
		if wait = every; err == nil && removed == piece {
			wait = pause
		}
	}
}

// sweepImages removes what nobody attached in time, and the bytes of what was deleted: at once, and again where the store did
// not work.
func sweepImages(ctx context.Context, rules *chat.Chat, log *slog.Logger) {
	const every = time.Minute
	for {
		more, err := rules.SweepImages(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn("removing the bytes of images", "error", err.Error())
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-rules.RemovalsDue():
		case <-time.After(every):
		}
	}
}

// sweepKept removes copies of the database from before an upgrade once they are old.
func sweepKept(ctx context.Context, store *sqlstore.DB, log *slog.Logger) {
	for {
		if err := store.SweepKept(); err != nil {
			log.Warn("sweeping", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// lookForBackups keeps when the newest backup began: another program writes that, and a scrape must not wait for the database.
func (n *node) lookForBackups(ctx context.Context) {
	const every = time.Minute
	for {
		if begun, err := n.store.LastBackup(ctx); err == nil {
			n.backedUp.Store(&begun)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}
