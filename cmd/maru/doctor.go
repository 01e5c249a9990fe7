package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// doctorCommand looks at everything that a Maru needs, beside one that serves or without it.
type doctorCommand struct {
	storage `embed:""`
	around  `embed:""`

	Fix      bool `help:"Remove images without bytes and bytes without an image; Maru must not be running on the same database file."`
	NewEpoch bool `help:"Give the database a history of its own, and do nothing else: for one that was copied from a snapshot or put back by other means than maru restore. Maru must be stopped, on every node."`
}

var errNotWell = errors.New("not all is well: see above what to do")

// Run looks, and says what to do.
func (c *doctorCommand) Run(ctx context.Context, out io.Writer) error {
	if c.NewEpoch {
		return c.newEpoch(ctx, out)
	}
	d := diagnosis{out: out}
	c.machine(&d)
	current := c.look(ctx, &d)
	c.site(ctx, &d)
	if current {
		if err := c.images(ctx, &d); err != nil {
			return err
		}
	}
	if d.bad {
		return errNotWell
	}
	return nil
}

// diagnosis is what was found so far.
type diagnosis struct {
	out io.Writer
	bad bool
}

func (d *diagnosis) ok(part, format string, arguments ...any) {
	say(d.out, "ok    %-9s %s", part, fmt.Sprintf(format, arguments...))
}

// warn tells of what works and should be otherwise, with what to do.
func (d *diagnosis) warn(part, format string, arguments ...any) {
	say(d.out, "WARN  %-9s %s", part, fmt.Sprintf(format, arguments...))
}

// fail tells of what does not work, with what to do.
func (d *diagnosis) fail(part, format string, arguments ...any) {
	d.bad = true
	say(d.out, "BAD   %-9s %s", part, fmt.Sprintf(format, arguments...))
}

// newEpoch has clients drop what they know.
func (c *doctorCommand) newEpoch(ctx context.Context, out io.Writer) error {
	store, blobs, err := c.open(ctx, newLogger())
	if err != nil {
		return err
	}
	err = store.RenewEpoch(ctx)
	if err = errors.Join(err, blobs.Close(), store.Close()); err != nil {
		return err
	}
	say(out, "The database has a history of its own now: browsers and programs drop what they knew of another one.")
	return nil
}

// images compares the database's images with their bytes, where nobody serves from the same file.
func (c *doctorCommand) images(ctx context.Context, d *diagnosis) (err error) {
	const part = "images"
	store, blobs, err := c.open(ctx, quiet)
	if errors.Is(err, sqlstore.ErrInUse) && !c.Fix {
		d.ok(part, "not compared with their bytes, as Maru is running: stop it for that once in a while")
		return nil
	}
	if err != nil && !c.Fix {
		d.fail(part, "%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, blobs.Close(), store.Close()) }()
	return withRules(store, blobs, nil, func(rules *chat.Chat, _ chat.Bus) error { return c.compare(ctx, d, rules) })
}

func (c *doctorCommand) compare(ctx context.Context, d *diagnosis, rules *chat.Chat) error {
	const part = "images"
	found, err := rules.FindOrphans(ctx)
	if err != nil {
		return err
	}
	if len(found.Blobs)+len(found.Lost) == 0 {
		d.ok(part, "%d in the database, %d files of theirs in the store. Each has its counterpart.", found.Images, found.Stored)
		return nil
	}
	if !c.Fix {
		d.fail(part, "%s\nmaru doctor --fix removes them", describeOrphans(found))
		return nil
	}
	if err := rules.RemoveOrphans(ctx, found); err != nil {
		return err
	}
	d.ok(part, "%s\nRemoved.", describeOrphans(found))
	return nil
}

func describeOrphans(found chat.Orphans) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d in the database, %d files of theirs in the store.", found.Images, found.Stored)
	var bytes int64
	for _, e := range found.Blobs {
		bytes += e.Size
	}
	if len(found.Blobs) > 0 {
		fmt.Fprintf(&text, "\n%d files (%s) belong to no image:", len(found.Blobs), size(bytes))
	}
	for _, e := range found.Blobs {
		fmt.Fprintf(&text, "\n  %s", e.Key)
	}
	if len(found.Lost) > 0 {
		fmt.Fprintf(&text, "\n%d images have lost their bytes:", len(found.Lost))
	}
	for _, image := range found.Lost {
		switch {
		case image.Photo:
			fmt.Fprintf(&text, "\n  %s: the photo of user %s", image.ID, image.OwnerID)
		case image.RoomID != "":
			fmt.Fprintf(&text, "\n  %s: in message %d of room %s", image.ID, image.Seq, image.RoomID)
		default:
			fmt.Fprintf(&text, "\n  %s: attached to nothing", image.ID)
		}
	}
	return text.String()
}

func say(out io.Writer, format string, arguments ...any) {
	_, _ = fmt.Fprintf(out, format+"\n", arguments...)
}
