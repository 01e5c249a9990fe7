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
	memory     memory
}

// memory is waited for by who knows how much a picture takes.
type memory interface {
	// enter waits for so many bytes.
	enter(ctx context.Context, bytes int64) (leave func(), err error)
}

// budget is memory that pictures share. One that takes more than that is worked on alone.
type budget struct {
	left *semaphore.Weighted
	size int64
}

func (b budget) enter(ctx context.Context, bytes int64) (leave func(), err error) {
	bytes = min(bytes, b.size)
	if err := b.left.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { b.left.Release(bytes) }, nil
}

var _ chat.Photos = (*Lab)(nil)

// NewLab makes a lab that works on so many pictures at a time, which together may take about so many bytes. One that takes
// more than that is worked on alone.
func NewLab(processors int, bytes int64) *Lab {
	return &Lab{semaphore.NewWeighted(int64(processors)), budget{semaphore.NewWeighted(bytes), bytes}}
}

// begin waits for a place, looks at an upload, and waits for the memory that it takes.
func (l *Lab) begin(ctx context.Context, upload io.ReadSeeker) (_ seen, end func(), err error) {
	if err := l.processors.Acquire(ctx, 1); err != nil {
		return seen{}, nil, err
	}
	defer func() {
		if err != nil {
			l.processors.Release(1)
		}
	}()
	s, err := look(upload)
	if err != nil {
		return seen{}, nil, err
	}
	leave, err := l.memory.enter(ctx, s.memory())
	if err != nil {
		return seen{}, nil, err
	}
	if err := rewind(upload); err != nil {
		leave()
		return seen{}, nil, err
	}
	return s, func() {
		leave()
		l.processors.Release(1)
	}, nil
}

// Treat implements chat.Photos: it reads an upload of at most MaxBytes. It fails with UnsupportedImage for what is not a whole JPEG, PNG, GIF or still
// WebP, with ImageTooLarge for too many pixels or pictures, and with the context's error where that ends before its turn.
func (l *Lab) Treat(ctx context.Context, upload io.ReadSeeker) (chat.Photo, error) {
	seen, end, err := l.begin(ctx, upload)
	if err != nil {
		return chat.Photo{}, err
	}
	defer end()
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
	seen, end, err := l.begin(ctx, picture)
	if err != nil {
		return chat.Picture{}, err
	}
	defer end()
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
