package photo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"io"

	"github.com/maru-chat/maru/internal/chat"
)

// countFrames walks over the blocks of a GIF without decoding them (GIF89a specification), so that ten thousand pictures
// are refused before the first is drawn.
func (s *seen) countFrames(upload io.Reader) error {
	b := blocks{r: upload}
	header := b.take(13)
	if b.err == nil && header[10]&0x80 != 0 {
		b.skip(3 << (header[10]&7 + 1)) // the palette of all pictures
	}
	s.pixels = 0
	for b.err == nil {
		kind := b.take(1)
		switch {
		case b.err != nil:
		case kind[0] == 0x21: // an extension
			b.skip(1)
			b.skipChain()
		case kind[0] == 0x2c: // a picture
			frame := b.take(9)
			if b.err != nil {
				break
			}
			s.frames++
			s.pixels += int64(binary.LittleEndian.Uint16(frame[4:])) * int64(binary.LittleEndian.Uint16(frame[6:]))
			if s.frames > MaxFrames || s.pixels > MaxAnimatedPixels {
				return tooLarge("more than %d pictures, or %d pixels", MaxFrames, MaxAnimatedPixels)
			}
			if frame[8]&0x80 != 0 {
				b.skip(3 << (frame[8]&7 + 1)) // its own palette
			}
			b.skip(1)
			b.skipChain()
		default: // the end, or what the decoder will not like
			return nil
		}
	}
	return broken(b.err)
}

// blocks reads the blocks of a file, and nothing more after an error.
type blocks struct {
	r   io.Reader
	buf [255]byte
	err error
}

// take returns the next n bytes, at most 255, until the next call.
func (b *blocks) take(n int) []byte {
	if b.err == nil {
		_, b.err = io.ReadFull(b.r, b.buf[:n])
	}
	return b.buf[:n]
}

func (b *blocks) skip(n int64) {
	if b.err == nil {
		_, b.err = io.CopyN(io.Discard, b.r, n)
	}
}

// skipChain skips blocks that say their length, up to the empty one.
func (b *blocks) skipChain() {
	for b.err == nil {
		n := b.take(1)[0]
		if n == 0 {
			return
		}
		b.skip(int64(n))
	}
}

// treatAnimation keeps an animation moving: every picture, its time and how often it runs; comments and the like are left
// out. Too large ones are made smaller by leaving out rows and columns, the same of every picture, since each has a palette
// and most are patches on the one before.
func treatAnimation(upload io.Reader) (chat.Photo, error) {
	moving, err := gif.DecodeAll(upload)
	if err != nil {
		return chat.Photo{}, broken(err)
	}
	width, height := within(moving.Config.Width, moving.Config.Height, MaxSide)
	first := image.NewNRGBA(image.Rect(0, 0, moving.Config.Width, moving.Config.Height))
	paint(first, moving.Image[0])
	if width != moving.Config.Width || height != moving.Config.Height {
		for i, frame := range moving.Image {
			moving.Image[i] = thin(frame, moving.Config.Width, moving.Config.Height, width, height)
		}
		moving.Config.Width, moving.Config.Height = width, height
	}
	var full bytes.Buffer
	if err := gif.EncodeAll(&full, moving); err != nil {
		return chat.Photo{}, unsupported(err, "the animation cannot be kept")
	}
	p := chat.Photo{Full: chat.Picture{ContentType: "image/gif", Width: width, Height: height, Bytes: full.Bytes()}}
	return withThumb(p, first, kindOf(formatGIF, first))
}

// thin takes a patch of a canvas to a smaller canvas. Every canvas pixel comes from the same place in every patch, so that
// patches still fit together.
func thin(patch *image.Paletted, fromWidth, fromHeight, toWidth, toHeight int) *image.Paletted {
	// The first place whose origin lies at or beyond n.
	place := func(n, from, to int) int { return (n*to + from - 1) / from }
	r := patch.Rect
	out := image.NewPaletted(image.Rect(
		place(r.Min.X, fromWidth, toWidth), place(r.Min.Y, fromHeight, toHeight),
		place(r.Max.X, fromWidth, toWidth), place(r.Max.Y, fromHeight, toHeight),
	), patch.Palette)
	if out.Rect.Empty() { // too thin to be seen, but a picture still takes its time
		x, y := min(out.Rect.Min.X, toWidth-1), min(out.Rect.Min.Y, toHeight-1)
		out = image.NewPaletted(image.Rect(x, y, x+1, y+1), patch.Palette)
		out.Pix[0] = patch.Pix[0]
		return out
	}
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		row := out.Pix[out.PixOffset(out.Rect.Min.X, y):]
		from := y * fromHeight / toHeight
		for x := out.Rect.Min.X; x < out.Rect.Max.X; x++ {
			row[x-out.Rect.Min.X] = patch.ColorIndexAt(x*fromWidth/toWidth, from)
		}
	}
	return out
}
