// Package backup writes everything that a Maru keeps into one file, and reads it again.
//
// A backup is a tar archive that every tar program reads, with these entries in this order:
//
//	maru-backup.json   what it is: Manifest
//	maru.db            the database, a whole SQLite file whatever it was kept in
//	secret             the secret that signs tokens: without it nobody could use the database
//	images/…           the bytes of images by their keys, where they are part of it
//	SHA256SUMS-…       sums of the entries before, in the format of sha256sum, after every few thousand and at the end
//	complete.json      Complete: a backup without it is cut
//
// The database is written first, and then the images that it knows: each was stored before the row that names it, so that none
// is missing but those that were deleted meanwhile.
package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Format is the newest form of a backup that this program knows, and the one that it writes.
const Format = 1

// What can be wrong with a backup. Each is one line for the operator.
var (
	ErrNotBackup = errors.New("not a backup of a Maru")
	ErrNewer     = errors.New("the backup is newer than this program: use the maru that made it, or a newer one")
	ErrCut       = errors.New("the backup is cut: its end is missing")
	ErrDamaged   = errors.New("the backup is damaged")
)

// Manifest says what a backup is.
type Manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // version of the maru that made it
	Schema  int       `json:"schema"`  // version of the database's schema
	Begun   time.Time `json:"begun"`   // what was acknowledged before is in it
	Images  bool      `json:"images"`  // whether the bytes of images are part of it
}

// Complete says what a complete backup holds.
type Complete struct {
	DatabaseBytes int64 `json:"databaseBytes"`
	Images        int64 `json:"images"` // images, each of two or three files
	Files         int64 `json:"files"`
	FileBytes     int64 `json:"fileBytes"`
	Lost          int64 `json:"lost"` // images whose bytes were gone before the backup began
}

// Database is what is written.
type Database interface {
	Size() int64
	Write(ctx context.Context, w io.Writer) error
	// Images and Image read what is there once Write has returned. They may be called at once.
	Images(after chat.ImageID, limit int) ([]chat.Image, error)
	Image(id chat.ImageID) (chat.Image, error)
}

// Blobs is where the bytes of images are read.
type Blobs interface {
	Open(ctx context.Context, key string) (chat.Blob, error)
}

// Content is what a backup is made of.
type Content struct {
	Manifest
	Database Database
	Secret   []byte
	Blobs    Blobs // nil where images are no part of it
	// Lost is told of an image that the database has and whose bytes are gone; nil for nobody.
	Lost func(chat.Image)
}

// imagesAtOnce is how many rows are read with one query.
const imagesAtOnce = 500

// Write writes a backup to w.
func Write(ctx context.Context, w io.Writer, c Content) (Complete, error) {
	c.Format, c.Images = Format, c.Blobs != nil
	a := newWriter(w)
	if err := a.json(nameManifest, c.Manifest); err != nil {
		return a.complete, err
	}
	a.complete.DatabaseBytes = c.Database.Size()
	err := a.entry(nameDatabase, c.Database.Size(), func(w io.Writer) error { return c.Database.Write(ctx, w) })
	if err != nil {
		return a.complete, fmt.Errorf("database: %w", err)
	}
	if err := a.bytes(nameSecret, c.Secret); err != nil {
		return a.complete, err
	}
	if c.Blobs != nil {
		if err := writeImages(ctx, a, c); err != nil {
			return a.complete, fmt.Errorf("images: %w", err)
		}
	}
	return a.complete, a.close()
}

// fetchedAtOnce is how many images are read side by side: a store may be far away. So many are in memory, of a few MB each.
const fetchedAtOnce = 8

// fetched is an image as it was read.
type fetched struct {
	chat.Image
	files []file // none where it was deleted meanwhile
	lost  bool   // the database has it, and its bytes are gone
	err   error
}

type file struct {
	key     string
	content []byte
}

// writeImages writes images in the order of their ids, each once it is read.
func writeImages(ctx context.Context, a *writer, c Content) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan chan fetched, fetchedAtOnce)
	var listing error // to be read once the queue is closed
	go func() {
		defer close(queue)
		listing = eachImage(c, func(image chat.Image) error {
			one := make(chan fetched, 1)
			select {
			case queue <- one:
			case <-ctx.Done():
				return ctx.Err()
			}
			go func() { one <- fetch(ctx, c, image) }()
			return nil
		})
	}()
	var failed error
	for one := range queue {
		if image := <-one; failed == nil {
			failed = writeImage(a, c, image)
		}
		if failed != nil {
			stop()
		}
	}
	return cmp.Or(failed, listing)
}

func writeImage(a *writer, c Content, image fetched) error {
	switch {
	case image.err != nil:
		return image.err
	case image.lost:
		a.complete.Lost++
		if c.Lost != nil {
			c.Lost(image.Image)
		}
	case len(image.files) > 0:
		a.complete.Images++
	}
	for _, f := range image.files {
		if err := a.bytes(nameImages+f.key, f.content); err != nil {
			return err
		}
		a.complete.Files++
		a.complete.FileBytes += int64(len(f.content))
	}
	return nil
}

// clocksApart is more than nodes' clocks may differ by.
const clocksApart = time.Minute

// eachImage has fn called with every image that the database that was written may know.
func eachImage(c Content, fn func(chat.Image) error) error {
	for after := chat.ImageID(""); ; {
		images, err := c.Database.Images(after, imagesAtOnce)
		if err != nil {
			return err
		}
		for _, image := range images {
			if image.CreatedAt.After(c.Begun.Add(clocksApart)) {
				continue
			}
			if err := fn(image); err != nil {
				return err
			}
		}
		if len(images) < imagesAtOnce {
			return nil
		}
		after = images[len(images)-1].ID
	}
}

func fetch(ctx context.Context, c Content, image chat.Image) fetched {
	f := fetched{Image: image}
	for _, key := range image.BlobKeys() {
		content, err := readBlob(ctx, c.Blobs, key)
		if chat.CodeOf(err) == chat.NotFound {
			f.files = nil
			_, err = c.Database.Image(image.ID)
			f.lost = err == nil
			if chat.CodeOf(err) != chat.NotFound {
				f.err = err
			}
			return f
		}
		if err != nil {
			f.err = err
			return f
		}
		f.files = append(f.files, file{key, content})
	}
	return f
}

func readBlob(ctx context.Context, blobs Blobs, key string) ([]byte, error) {
	blob, err := blobs.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	content := make([]byte, blob.Size())
	_, err = io.ReadFull(blob, content)
	return content, errors.Join(err, blob.Close())
}

// sum is SHA-256.
type sum [sha256.Size]byte
