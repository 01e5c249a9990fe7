package photo_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rwcarlsen/goexif/exif"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/photo"
	"github.com/maru-chat/maru/internal/photo/phototest"
)

func newLab() *photo.Lab { return photo.NewLab(2, 256<<20) }

func treat(t testing.TB, upload []byte) chat.Photo {
	t.Helper()
	p, err := newLab().Treat(t.Context(), bytes.NewReader(upload))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A picture comes out upright however the camera was held, and knows nothing any more of where.
func TestUprightAndSilent(t *testing.T) {
	for orientation := 1; orientation <= 8; orientation++ {
		sizes := [][2]int{{120, 80}, {700, 400}}
		if orientation == 6 { // how a phone held upright notes it
			sizes = append(sizes, [2]int{5200, 300})
		}
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%d × %d held %d", size[0], size[1], orientation), func(t *testing.T) {
				upload := phototest.JPEG(t, phototest.Held(phototest.Quarters(size[0], size[1]), orientation), phototest.Tags(orientation))
				before, err := exif.Decode(bytes.NewReader(upload))
				if err != nil {
					t.Fatal("the upload has no Exif: ", err)
				}
				if lat, _, err := before.LatLong(); err == nil && lat == 0 {
					t.Fatal("the upload does not say where")
				}
				p := treat(t, upload)
				wantWidth, wantHeight := size[0], size[1]
				if wantWidth > photo.MaxSide {
					wantWidth, wantHeight = photo.MaxSide, (size[1]*photo.MaxSide+size[0]/2)/size[0]
				}
				if p.Full.Width != wantWidth || p.Full.Height != wantHeight {
					t.Fatalf("%d × %d, want %d × %d", p.Full.Width, p.Full.Height, wantWidth, wantHeight)
				}
				if max(p.Thumb.Width, p.Thumb.Height) != min(size[0], photo.ThumbSide) {
					t.Fatalf("the small one is %d × %d", p.Thumb.Width, p.Thumb.Height)
				}
				for _, f := range []chat.Picture{p.Full, p.Thumb} {
					phototest.SameQuarters(t, phototest.Decode(t, f))
					phototest.Silent(t, f)
				}
			})
		}
	}
}

// PNG and WebP may carry Exif too, and browsers obey it.
func TestOrientationOfOtherFormats(t *testing.T) {
	chunk := func(kind string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		b = append(append(b, kind...), body...)
		return binary.BigEndian.AppendUint32(b, crc(b[4:]))
	}
	plain := phototest.PNG(t, phototest.Held(phototest.Quarters(120, 80), 6))
	withExif := append(append(bytes.Clone(plain[:33]), chunk("eXIf", phototest.Tags(6))...), plain[33:]...)
	p := treat(t, withExif)
	phototest.SameQuarters(t, phototest.Decode(t, p.Full))
	phototest.Silent(t, p.Full)
}

func TestEveryFormat(t *testing.T) {
	toolchain := phototest.Output(t, "go", "env", "GOROOT")
	library := phototest.Output(t, "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image")
	for name, want := range map[string]string{
		toolchain + "/src/image/testdata/video-001.cmyk.jpeg":                 "image/jpeg",
		toolchain + "/src/image/testdata/video-001.progressive.jpeg":          "image/jpeg",
		toolchain + "/src/image/testdata/video-001.q50.444.jpeg":              "image/jpeg",
		toolchain + "/src/image/testdata/video-001.q50.411.progressive.jpeg":  "image/jpeg",
		toolchain + "/src/image/testdata/video-001.rgb.jpeg":                  "image/jpeg",
		toolchain + "/src/image/testdata/video-005.gray.jpeg":                 "image/jpeg",
		toolchain + "/src/image/testdata/video-001.png":                       "image/png",
		toolchain + "/src/image/png/testdata/pngsuite/basn6a16.png":           "image/png",
		toolchain + "/src/image/png/testdata/pngsuite/basn0g16.png":           "image/png",
		toolchain + "/src/image/png/testdata/pngsuite/basn3p01.png":           "image/png",
		toolchain + "/src/image/testdata/video-001.gif":                       "image/png",
		library + "/testdata/blue-purple-pink.lossy.webp":                     "image/jpeg",
		library + "/testdata/blue-purple-pink.lossless.webp":                  "image/jpeg",
		library + "/testdata/yellow_rose.lossy-with-alpha.webp":               "image/png",
		library + "/testdata/blue-purple-pink-large.normal-filter.lossy.webp": "image/jpeg",
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			upload, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p := treat(t, upload)
			for _, f := range []chat.Picture{p.Full, p.Thumb} {
				if f.ContentType != want {
					t.Errorf("kept as %s, want %s", f.ContentType, want)
				}
				phototest.Decode(t, f)
				phototest.Silent(t, f)
			}
			if len(p.Blur) < 20 || len(p.Blur) > 40 {
				t.Errorf("the placeholder is %q", p.Blur)
			}
			source, _, err := image.Decode(bytes.NewReader(upload))
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(source, phototest.Decode(t, p.Full)); d > 5 {
				t.Errorf("every pixel is %.1f away from what it was", d)
			}
		})
	}
}

// distance is how far two pictures are apart, per pixel and colour, of 255.
func distance(a, b image.Image) float64 {
	var sum, n float64
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, a1 := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, a2 := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			for _, d := range []int64{int64(r1) - int64(r2), int64(g1) - int64(g2), int64(b1) - int64(b2), int64(a1) - int64(a2)} {
				sum += float64(max(d, -d)) / 257
				n++
			}
		}
	}
	return sum / n
}

func TestTransparencyStays(t *testing.T) {
	m := phototest.Quarters(1300, 900)
	for y := range 450 {
		for x := range 650 {
			m.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	p := treat(t, phototest.PNG(t, m))
	for _, f := range []chat.Picture{p.Full, p.Thumb} {
		got := phototest.Decode(t, f)
		if _, _, _, a := got.At(f.Width/4, f.Height/4).RGBA(); a != 0 {
			t.Errorf("what could be seen through has alpha %d", a)
		}
		if _, _, _, a := got.At(3*f.Width/4, f.Height/4).RGBA(); a != 0xffff {
			t.Errorf("what could not be seen through has alpha %d", a)
		}
	}
}

func TestSquare(t *testing.T) {
	for _, size := range [][2]int{{640, 480}, {200, 900}, {40, 40}, {256, 256}} {
		p := treat(t, phototest.JPEG(t, phototest.Quarters(size[0], size[1]), nil))
		f, err := newLab().CropSquare(t.Context(), bytes.NewReader(p.Full.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if f.Width != photo.Square || f.Height != photo.Square {
			t.Fatalf("%d × %d", f.Width, f.Height)
		}
		phototest.SameQuarters(t, phototest.Decode(t, f))
		phototest.Silent(t, f)
	}
}

func TestAnimationsKeepMoving(t *testing.T) {
	for _, size := range [][2]int{{60, 40}, {2700, 90}} {
		original := phototest.Animation(size[0], size[1], 7)
		upload := phototest.GIF(t, original)
		// A comment behind the header and its palette.
		at := 13 + 3*(2<<(upload[10]&7))
		upload = append(append(bytes.Clone(upload[:at]), "\x21\xfe\x0bSecretPhone\x00"...), upload[at:]...)
		p := treat(t, upload)
		if p.Full.ContentType != "image/gif" || bytes.Contains(p.Full.Bytes, []byte("SecretPhone")) {
			t.Fatalf("a %s, comment %v", p.Full.ContentType, bytes.Contains(p.Full.Bytes, []byte("SecretPhone")))
		}
		got, err := gif.DecodeAll(bytes.NewReader(p.Full.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Image) != 7 || got.LoopCount != 3 || fmt.Sprint(got.Delay) != fmt.Sprint(original.Delay) {
			t.Fatalf("%d pictures, %d times, delays %v", len(got.Image), got.LoopCount, got.Delay)
		}
		if got.Config.Width != min(size[0], photo.MaxSide) || got.Config.Width != p.Full.Width || got.Config.Height != p.Full.Height {
			t.Fatalf("%d × %d", got.Config.Width, got.Config.Height)
		}
		canvas := image.NewNRGBA(image.Rect(0, 0, got.Config.Width, got.Config.Height))
		for _, frame := range got.Image {
			for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
				for x := frame.Rect.Min.X; x < frame.Rect.Max.X; x++ {
					canvas.Set(x, y, frame.At(x, y))
				}
			}
			phototest.SameQuarters(t, canvas)
		}
		phototest.SameQuarters(t, phototest.Decode(t, p.Thumb))
	}
}

// What is refused, and as what.
func TestRefusals(t *testing.T) {
	whole := map[string][]byte{
		"jpeg": phototest.JPEG(t, phototest.Quarters(200, 100), phototest.Tags(6)), "png": phototest.PNG(t, phototest.Quarters(200, 100)),
		"gif": phototest.GIF(t, phototest.Animation(60, 40, 3)), "webp": phototest.WebP(t),
	}
	tests := map[string]struct {
		upload []byte
		code   chat.Code
	}{
		"nothing":                  {nil, chat.UnsupportedImage},
		"a byte":                   {[]byte{0xff}, chat.UnsupportedImage},
		"SVG":                      {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), chat.UnsupportedImage},
		"HTML":                     {[]byte("<!doctype html><script>alert(1)</script>"), chat.UnsupportedImage},
		"a script":                 {[]byte("#!/bin/sh\nrm -rf /\n"), chat.UnsupportedImage},
		"PDF":                      {[]byte("%PDF-1.7 and so on, long enough to be looked at"), chat.UnsupportedImage},
		"a script that says GIF":   {[]byte("GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(document.cookie)//" + strings.Repeat("x", 200)), chat.UnsupportedImage},
		"only a JPEG's beginning":  {[]byte("\xff\xd8\xff\xe0"), chat.UnsupportedImage},
		"30,000 × 30,000":          {phototest.Flood(30_000, 30_000), chat.ImageTooLarge},
		"4 billion wide":           {phototest.Flood(1<<31-1, 1), chat.ImageTooLarge},
		"as wide as nothing":       {phototest.Flood(0, 100), chat.UnsupportedImage},
		"49 megapixels of nothing": {phototest.Flood(7000, 7000), chat.UnsupportedImage},
		"10,000 pictures":          {phototest.GIF(t, phototest.Animation(4, 4, 10_000)), chat.ImageTooLarge},
		"a JPEG of fillings":       {append([]byte("\xff\xd8"), bytes.Repeat([]byte{0xff}, 1<<20)...), chat.UnsupportedImage},
		"a JPEG of empty segments": {append([]byte("\xff\xd8"), bytes.Repeat([]byte("\xff\xe1\x00\x02"), 1<<18)...), chat.UnsupportedImage},
		"a GIF of comments":        {append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), bytes.Repeat([]byte("\x21\xfe\x00"), 1<<18)...), chat.UnsupportedImage},
		"a JPEG of 200 scans":      {phototest.ManyScans(t, 200), chat.ImageTooLarge},
		"an animated WebP":         {phototest.MovingWebP(t), chat.UnsupportedImage},
	}
	for name, upload := range whole {
		for _, share := range []int{30, 60, 95} {
			tests[fmt.Sprintf("%d %% of a %s", share, name)] = struct {
				upload []byte
				code   chat.Code
			}{upload[:len(upload)*share/100], chat.UnsupportedImage}
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newLab().Treat(t.Context(), bytes.NewReader(test.upload))
			if got := chat.CodeOf(err); got != test.code {
				t.Fatalf("%v, want %s", err, test.code)
			}
		})
	}
	// What follows a picture is not kept: a polyglot comes out as a picture alone.
	for name, upload := range whole {
		p := treat(t, append(bytes.Clone(upload), "<script>alert(1)</script>"...))
		if bytes.Contains(p.Full.Bytes, []byte("<script>")) {
			t.Errorf("a script behind a %s is kept", name)
		}
	}
}

// An Exif block that lies costs the orientation, not the picture and not the time.
func TestExifThatLies(t *testing.T) {
	honest := phototest.Tags(6)
	loop := bytes.Clone(honest)
	binary.BigEndian.PutUint32(loop[8+2+3*12:], 8) // the next directory is this one
	deep := bytes.Clone(honest)
	binary.BigEndian.PutUint32(deep[8+2+2*12+8:], 8) // so is that of the place
	many := bytes.Clone(honest)
	binary.BigEndian.PutUint16(many[8:], 65_535)
	long := bytes.Clone(honest)
	binary.BigEndian.PutUint32(long[8+2+4:], 1<<31)
	for name, block := range map[string][]byte{
		"loops": loop, "a place that loops": deep, "65,535 tags": many, "a tag of two gigabytes": long,
		"cut": honest[:20], "empty": {}, "noise": bytes.Repeat([]byte("MM\x00*\x00\x00\x00\x08"), 100),
	} {
		t.Run(name, func(t *testing.T) {
			p := treat(t, phototest.JPEG(t, phototest.Quarters(120, 80), block))
			phototest.Silent(t, p.Full)
		})
	}
}

func TestWithdrawn(t *testing.T) {
	ctx, cancel := contextOf(t)
	cancel()
	_, err := newLab().Treat(ctx, bytes.NewReader(phototest.JPEG(t, phototest.Quarters(40, 40), nil)))
	if !errors.Is(err, ctx.Err()) {
		t.Fatal(err)
	}
}

// FuzzTreat looks for uploads that end the program, or come out as something else than a picture.
func FuzzTreat(f *testing.F) {
	f.Add(phototest.JPEG(f, phototest.Quarters(20, 10), phototest.Tags(6)))
	f.Add(phototest.PNG(f, phototest.Quarters(20, 10)))
	f.Add(phototest.GIF(f, phototest.Animation(20, 10, 3)))
	f.Add(phototest.WebP(f))
	f.Add(phototest.MovingWebP(f))
	lab := newLab()
	f.Fuzz(func(t *testing.T, upload []byte) {
		p, err := lab.Treat(t.Context(), bytes.NewReader(upload))
		switch chat.CodeOf(err) {
		case "":
			phototest.Decode(t, p.Full)
			phototest.Decode(t, p.Thumb)
		case chat.UnsupportedImage, chat.ImageTooLarge:
		default:
			t.Fatal(err)
		}
	})
}

func crc(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}
