package metrics

import (
	"context"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-chat/maru/internal/chat"
)

var (
	_ chat.Blobs  = (*blobs)(nil)
	_ chat.Photos = (*photos)(nil)
)

// stores are the metrics of images: where they are kept, and what is made of them.
type stores struct {
	blobs, pictures         *prometheus.CounterVec
	blobsTook, picturesTook *prometheus.HistogramVec
}

func newStores(f factory) stores {
	s := stores{
		blobs:        f.counters("maru_blob_operations_total", "What was asked of the images' store, by operation and result.", "operation", "result"),
		blobsTook:    f.histograms("maru_blob_operation_duration_seconds", "How long that took; an open one is read after it.", "operation"),
		pictures:     f.counters("maru_pictures_total", "Pictures that were treated or cropped, by what became of them: refused are those that are none, or too large.", "operation", "result"),
		picturesTook: f.histograms("maru_picture_duration_seconds", "How long that took, the wait for a turn included.", "operation"),
	}
	for _, operation := range []string{"put", "open", "delete"} {
		s.blobs.WithLabelValues(operation, ok)
		s.blobs.WithLabelValues(operation, "unavailable")
	}
	return s
}

// Blobs is a store of images that is measured. What it opens is read directly.
func (s stores) Blobs(next chat.Blobs) chat.Blobs { return &blobs{next, s} }

type blobs struct {
	chat.Blobs
	stores
}

func (b *blobs) done(operation string, start time.Time, err error) {
	result := ok
	switch code := chat.CodeOf(err); code {
	case "":
	case chat.NotFound, chat.Unavailable:
		result = string(code)
	default:
		result = "failed"
	}
	b.blobs.WithLabelValues(operation, result).Inc()
	b.blobsTook.WithLabelValues(operation).Observe(time.Since(start).Seconds())
}

// Put implements chat.Blobs.
func (b *blobs) Put(ctx context.Context, key, contentType string, r io.Reader, size int64) error {
	start := time.Now()
	err := b.Blobs.Put(ctx, key, contentType, r, size)
	b.done("put", start, err)
	return err
}

// Open implements chat.Blobs.
func (b *blobs) Open(ctx context.Context, key string) (chat.Blob, error) {
	start := time.Now()
	blob, err := b.Blobs.Open(ctx, key)
	b.done("open", start, err)
	return blob, err
}

// Delete implements chat.Blobs.
func (b *blobs) Delete(ctx context.Context, keys ...string) error {
	start := time.Now()
	err := b.Blobs.Delete(ctx, keys...)
	b.done("delete", start, err)
	return err
}

// Photos is what treats pictures, measured.
func (s stores) Photos(next chat.Photos) chat.Photos { return &photos{next, s} }

type photos struct {
	next chat.Photos
	stores
}

func (p *photos) done(operation string, start time.Time, err error) {
	result := ok
	switch chat.CodeOf(err) {
	case "":
	case chat.UnsupportedImage, chat.ImageTooLarge:
		result = "refused"
	default:
		result = "failed"
	}
	p.pictures.WithLabelValues(operation, result).Inc()
	p.picturesTook.WithLabelValues(operation).Observe(time.Since(start).Seconds())
}

// Treat implements chat.Photos.
func (p *photos) Treat(ctx context.Context, upload io.ReadSeeker) (chat.Photo, error) {
	start := time.Now()
	photo, err := p.next.Treat(ctx, upload)
	p.done("treat", start, err)
	return photo, err
}

// CropSquare implements chat.Photos.
func (p *photos) CropSquare(ctx context.Context, picture io.ReadSeeker) (chat.Picture, error) {
	start := time.Now()
	square, err := p.next.CropSquare(ctx, picture)
	p.done("crop", start, err)
	return square, err
}
