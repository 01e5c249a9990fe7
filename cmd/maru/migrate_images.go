package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// imageCopy copies the bytes of every image that a database knows.
type imageCopy struct{ from, to blob.Store }

const (
	imagesAtOnce = 4   // copied side by side
	imagesOfPage = 500 // read from the database at once
)

// copy returns the ids of images whose bytes are not all there, and says which; the rest is copied none the less.
func (c *imageCopy) copy(ctx context.Context, source *sqlstore.Source, total int64, told *teller, out io.Writer) (lost []string, err error) {
	var images, files, fresh int64
	for after := chat.ImageID(""); ; {
		page, err := source.Images(after, imagesOfPage)
		if err != nil {
			return lost, fmt.Errorf("--from: %w", err)
		}
		gone, copied, err := c.copyPage(ctx, page)
		if err != nil {
			return lost, fmt.Errorf("images: %w", err)
		}
		for _, id := range gone {
			say(out, "image %s has lost its bytes", id)
		}
		lost = append(lost, gone...)
		images += int64(len(page))
		fresh += copied
		for _, image := range page {
			files += int64(len(image.BlobKeys()))
			after = image.ID
		}
		told.tell("copying images", images, total)
		if len(page) < imagesOfPage {
			break
		}
	}
	say(out, "Images: %d, in %d files; %d were copied, and each that is there was read from both stores and compared.", images, files, fresh)
	return lost, nil
}

// copyPage copies some images side by side; the first failure ends it.
func (c *imageCopy) copyPage(ctx context.Context, page []chat.Image) (lost []string, copied int64, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex // guards lost
		count atomic.Int64
		queue = make(chan chat.Image)
	)
	for range imagesAtOnce {
		wait.Go(func() {
			for image := range queue {
				gone, n, err := c.copyImage(ctx, image)
				count.Add(n)
				if err != nil {
					stop(err)
				}
				if gone {
					mu.Lock()
					lost = append(lost, string(image.ID))
					mu.Unlock()
				}
			}
		})
	}
	for _, image := range page {
		if ctx.Err() != nil {
			break
		}
		queue <- image
	}
	close(queue)
	wait.Wait()
	if ctx.Err() != nil {
		return nil, 0, context.Cause(ctx)
	}
	return lost, count.Load(), nil
}

func (c *imageCopy) copyImage(ctx context.Context, image chat.Image) (lost bool, copied int64, err error) {
	types := []string{image.ContentType, image.ThumbType}
	for i, key := range image.BlobKeys() {
		fresh, err := blob.Copy(ctx, c.from, c.to, key, types[i])
		switch {
		case chat.CodeOf(err) == chat.NotFound:
			lost = true
		case err != nil:
			return false, copied, err
		}
		if fresh {
			copied++
		}
	}
	return lost, copied, nil
}
