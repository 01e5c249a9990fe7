package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/unicode/norm"

	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
)

// doctorCommand looks for what stands on one side alone.
type doctorCommand struct {
	storage `embed:""`

	Fix bool `help:"Remove what was found."`
}

var errNotWell = errors.New("not all is well: with --fix, maru doctor removes what it found")

// Run compares the database's images with their bytes. An embedded database must not be in use.
func (c *doctorCommand) Run(ctx context.Context, out io.Writer) (err error) {
	store, blobs, err := c.open(ctx, newLogger())
	if err != nil {
		return err
	}
	events := bus.NewMemory()
	defer func() {
		events.Close()
		err = errors.Join(err, blobs.Close(), store.Close())
	}()
	rules := chat.New(chat.Options{
		Store: store, Bus: events, Clock: systemClock{}, Blobs: blobs, NFC: norm.NFC.String, NoRateLimits: true,
	})
	found, err := rules.FindOrphans(ctx)
	if err != nil {
		return err
	}
	c.report(out, found)
	switch {
	case len(found.Blobs)+len(found.Lost) == 0:
		return nil
	case !c.Fix:
		return errNotWell
	}
	if err := rules.RemoveOrphans(ctx, found); err != nil {
		return err
	}
	say(out, "Removed.")
	return nil
}

func (c *doctorCommand) report(out io.Writer, found chat.Orphans) {
	say(out, "Images: %d in the database, %d files of theirs in the store.", found.Images, found.Stored)
	var bytes int64
	for _, e := range found.Blobs {
		bytes += e.Size
	}
	if len(found.Blobs) > 0 {
		say(out, "%d files (%d bytes) belong to no image:", len(found.Blobs), bytes)
	}
	for _, e := range found.Blobs {
		say(out, "  %s", e.Key)
	}
	if len(found.Lost) > 0 {
		say(out, "%d images have lost their bytes:", len(found.Lost))
	}
	for _, image := range found.Lost {
		switch {
		case image.Photo:
			say(out, "  %s: the photo of user %s", image.ID, image.OwnerID)
		case image.RoomID != "":
			say(out, "  %s: in message %d of room %s", image.ID, image.Seq, image.RoomID)
		default:
			say(out, "  %s: attached to nothing", image.ID)
		}
	}
	if len(found.Blobs)+len(found.Lost) == 0 {
		say(out, "Each has its counterpart.")
	}
}

func say(out io.Writer, format string, arguments ...any) {
	_, _ = fmt.Fprintf(out, format+"\n", arguments...)
}
