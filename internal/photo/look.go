package photo

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/bep/imagemeta"
	"golang.org/x/image/webp"
)

type format int

const (
	formatJPEG format = iota
	formatPNG
	formatGIF
	formatWebP
)

// seen is what a look at an upload tells before any memory is taken for its pixels.
type seen struct {
	format      format
	width       int
	height      int
	orientation orientation
	frames      int   // of a GIF
	pixels      int64 // of all frames
	perPixel    int64 // bytes that decoding takes, at most
}

// sniff finds out what an upload is by its first bytes, or that it is nothing that is treated.
func sniff(upload io.Reader) (format, error) {
	head := make([]byte, 32)
	n, err := io.ReadFull(upload, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, broken(err)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return formatJPEG, nil
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return formatPNG, nil
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return formatGIF, nil
	case len(head) < 16 || string(head[:4]) != "RIFF" || string(head[8:12]) != "WEBP":
		return 0, unsupported(nil, "neither JPEG nor PNG, GIF or WebP")
	case animatedWebP(head):
		return 0, unsupported(nil, "an animated WebP")
	default:
		return formatWebP, nil
	}
}

// look finds out what an upload is, by its bytes alone, and refuses what is too large.
func look(upload io.ReadSeeker) (s seen, err error) {
	if s.format, err = sniff(upload); err != nil {
		return s, err
	}
	if err := rewind(upload); err != nil {
		return s, err
	}
	config, err := s.config(upload)
	if err != nil {
		return s, broken(err)
	}
	s.width, s.height = config.Width, config.Height
	s.pixels = int64(s.width) * int64(s.height)
	switch {
	case s.width < 1 || s.height < 1:
		return s, unsupported(nil, "the picture is empty")
	case s.pixels > MaxPixels:
		return s, tooLarge("%d × %d are more than %d pixels", s.width, s.height, MaxPixels)
	}
	if err := rewind(upload); err != nil {
		return s, err
	}
	if s.perPixel, err = s.cost(upload, config); err != nil {
		return s, err
	}
	if err := rewind(upload); err != nil {
		return s, err
	}
	if s.format == formatGIF {
		return s, s.countFrames(upload)
	}
	s.orientation, err = s.turned(upload)
	return s, err
}

func rewind(upload io.Seeker) error {
	if _, err := upload.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rewinding an upload: %w", err)
	}
	return nil
}

// animatedWebP reads the flag of an extended header (WebP container specification, "Extended File Format").
func animatedWebP(head []byte) bool {
	const animation = 1 << 1
	return len(head) > 20 && string(head[12:16]) == "VP8X" && head[20]&animation != 0
}

func (s *seen) config(r io.Reader) (image.Config, error) {
	switch s.format {
	case formatJPEG:
		return jpeg.DecodeConfig(r)
	case formatPNG:
		return png.DecodeConfig(r)
	case formatGIF:
		return gif.DecodeConfig(r)
	default:
		return webp.DecodeConfig(r)
	}
}

func (s *seen) decode(r io.Reader) (image.Image, error) {
	var picture image.Image
	var err error
	switch s.format {
	case formatJPEG:
		picture, err = jpeg.Decode(r)
	case formatPNG:
		picture, err = png.Decode(r)
	case formatGIF:
		picture, err = gif.Decode(r)
	default:
		picture, err = webp.Decode(r)
	}
	if err != nil {
		return nil, broken(err)
	}
	if b := picture.Bounds(); b.Dx() != s.width || b.Dy() != s.height {
		return nil, unsupported(nil, "the picture is not as large as it says")
	}
	return picture, nil
}

// memory is about what treating takes at most, beside what it makes.
func (s *seen) memory() int64 {
	const made = 2 * 4 * MaxSide * MaxSide // the picture and a half of it, in four bytes each
	return s.pixels*s.perPixel + min(made, 8*s.pixels)
}

// turned reads the orientation that a camera noted. What says nothing sensible counts as upright: browsers show it so.
func (s *seen) turned(upload io.ReadSeeker) (orientation, error) {
	kind := map[format]imagemeta.ImageFormat{formatJPEG: imagemeta.JPEG, formatPNG: imagemeta.PNG, formatWebP: imagemeta.WebP}[s.format]
	found := upside
	_, err := imagemeta.Decode(imagemeta.Options{
		R: upload, ImageFormat: kind, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" && tag.Namespace == "IFD0" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if n, ok := tag.Value.(uint16); ok && n >= 1 && n <= 8 {
				found = orientation(n)
			}
			return nil
		},
		LimitNumTags: 1000, LimitTagSize: 1000, Warnf: func(string, ...any) {},
	})
	_ = err // lies about where things are, loops, bytes that are no EXIF: the pixels may still be good
	return found, rewind(upload)
}

// cost is how many bytes decoding takes for each pixel, at most.
func (s *seen) cost(upload io.Reader, config image.Config) (int64, error) {
	switch {
	case s.format == formatGIF:
		return 1, nil // for each pixel of each picture
	case s.format == formatWebP:
		return 8, nil // the lossless kind decodes, then transforms
	case s.format == formatPNG && deep(config.ColorModel):
		return 8, nil
	case s.format == formatPNG:
		return 4, nil
	}
	components := int64(3)
	if config.ColorModel == color.CMYKModel {
		components = 2 * 4 // the decoder blackens a copy
	}
	progressive, err := walkJPEG(upload)
	if progressive {
		components *= 1 + 4 // the coefficients stay until the last scan
	}
	return components, err
}

func deep(m color.Model) bool {
	return m == color.RGBA64Model || m == color.NRGBA64Model || m == color.Gray16Model
}

// maxScans bounds the passes over a progressive JPEG's pixels. Cameras and programs make about ten; a pass that says nothing
// takes a hundred bytes of the file and its time for every pixel.
const maxScans = 100

// walkJPEG finds out whether a JPEG is progressive, and refuses one of too many scans (ITU-T T.81, annex B).
func walkJPEG(upload io.Reader) (progressive bool, err error) {
	r := bufio.NewReaderSize(upload, 64<<10)
	b := blocks{r: r}
	scans := 0
	for b.err == nil {
		// A scan's pixels, or what decoders pass over.
		if _, b.err = r.ReadSlice(0xff); errors.Is(b.err, bufio.ErrBufferFull) {
			b.err = nil
			continue
		}
		marker := byte(0xff)
		for marker == 0xff && b.err == nil { // any number of them may come before a marker
			marker = b.take(1)[0]
		}
		switch {
		case marker == 0xd9:
			return progressive, nil
		case marker <= 0x01, marker >= 0xd0 && marker <= 0xd8:
			continue // without a length
		case marker == 0xc2:
			progressive = true
		case marker == 0xda:
			if scans++; scans > maxScans {
				return false, tooLarge("more than %d scans", maxScans)
			}
		}
		length := int64(binary.BigEndian.Uint16(b.take(2)))
		b.skip(max(0, length-2))
	}
	if errors.Is(b.err, io.EOF) || errors.Is(b.err, io.ErrUnexpectedEOF) {
		return progressive, nil // the decoder judges what is missing
	}
	return progressive, broken(b.err)
}
