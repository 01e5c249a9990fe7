// Package photo makes of what somebody uploads what others may look at: upright, without a word about where and with what
// it was taken, no larger than a screen, and small once more for lists. It trusts nothing: the format is what the bytes say,
// and sizes are known before memory is taken.
package photo

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"

	"golang.org/x/sync/semaphore"

	"github.com/maru-chat/maru/internal/chat"
)

// Limits of an upload, and sizes of what is made of it (contract, part 4).
const (
	MaxBytes  = chat.MaxUploadBytes
	MaxPixels = 50_000_000
	MaxSide   = 2560 // of the picture, in pixels
	ThumbSide = 640
	Square    = 256 // of a profile photo

	// An animated GIF is many pictures: together they may have no more pixels than this, each counted as often as it is drawn.
	MaxAnimatedPixels = 100_000_000
	MaxFrames         = 1_000
)

// Lab treats pictures, as many at a time as it has processors and memory for.
type Lab struct {
	processors *semaphore.Weighted
	memory     *semaphore.Weighted
	budget     int64
}

var _ chat.Photos = (*Lab)(nil)

// NewLab makes a lab that works on so many pictures at a time, which together may take about budget bytes. One that takes
// more than that is worked on alone.
func NewLab(processors int, budget int64) *Lab {
	return &Lab{processors: semaphore.NewWeighted(int64(processors)), memory: semaphore.NewWeighted(budget), budget: budget}
}

// enter waits for a place and for memory.
func (l *Lab) enter(ctx context.Context, bytes int64) (leave func(), err error) {
	bytes = min(bytes, l.budget)
	if err := l.memory.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	if err := l.processors.Acquire(ctx, 1); err != nil {
		l.memory.Release(bytes)
		return nil, err
	}
	return func() {
		l.processors.Release(1)
		l.memory.Release(bytes)
	}, nil
}

// Treat implements chat.Photos: it reads an upload of at most MaxBytes. It fails with UnsupportedImage for what is not a whole JPEG, PNG, GIF or still
// WebP, with ImageTooLarge for too many pixels or pictures, and with the context's error where that ends before its turn.
func (l *Lab) Treat(ctx context.Context, upload io.ReadSeeker) (chat.Photo, error) {
	seen, err := look(upload)
	if err != nil {
		return chat.Photo{}, err
	}
	leave, err := l.enter(ctx, seen.memory())
	if err != nil {
		return chat.Photo{}, err
	}
	defer leave()
	if _, err := upload.Seek(0, io.SeekStart); err != nil {
		return chat.Photo{}, fmt.Errorf("rewinding an upload: %w", err)
	}
	if seen.format == formatGIF && seen.frames > 1 {
		return treatAnimation(upload)
	}
	source, err := seen.decode(upload)
	if err != nil {
		return chat.Photo{}, err
	}
	full := fit(source, seen.orientation, MaxSide)
	kind := kindOf(seen.format, full)
	var p chat.Photo
	if p.Full, err = encode(full, kind, fullQuality); err != nil {
		return chat.Photo{}, err
	}
	return withThumb(p, full, kind)
}

// withThumb adds what is made of the upright picture.
func withThumb(p chat.Photo, upright image.Image, kind string) (_ chat.Photo, err error) {
	small := fit(upright, upside, ThumbSide)
	if p.Thumb, err = encode(small, kind, thumbQuality); err != nil {
		return chat.Photo{}, err
	}
	p.Blur, err = blur(small)
	return p, err
}

// CropSquare implements chat.Photos: it makes a profile photo of a picture that Treat made: the middle of it, Square pixels wide.
func (l *Lab) CropSquare(ctx context.Context, picture io.ReadSeeker) (chat.Picture, error) {
	seen, err := look(picture)
	if err != nil {
		return chat.Picture{}, err
	}
	leave, err := l.enter(ctx, seen.memory())
	if err != nil {
		return chat.Picture{}, err
	}
	defer leave()
	if _, err := picture.Seek(0, io.SeekStart); err != nil {
		return chat.Picture{}, fmt.Errorf("rewinding a picture: %w", err)
	}
	source, err := seen.decode(picture)
	if err != nil {
		return chat.Picture{}, err
	}
	middle := square(source)
	return encode(middle, kindOf(seen.format, middle), thumbQuality)
}

func unsupported(cause error, format string, args ...any) error {
	return &chat.Error{Code: chat.UnsupportedImage, Message: fmt.Sprintf(format, args...), Cause: cause}
}

func tooLarge(format string, args ...any) error {
	return &chat.Error{Code: chat.ImageTooLarge, Message: fmt.Sprintf(format, args...)}
}

// broken is what a decoder's failure means: the upload is no whole picture, unless it could not even be read.
func broken(err error) error {
	if _, failed := errors.AsType[*fs.PathError](err); failed {
		return fmt.Errorf("reading an upload: %w", err)
	}
	return unsupported(err, "the picture is broken")
}
