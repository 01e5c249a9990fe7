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
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rwcarlsen/goexif/exif"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/photo"
)

func newLab() *photo.Lab { return photo.NewLab(2, 256<<20) }

func treat(t testing.TB, upload []byte) photo.Photo {
	t.Helper()
	p, err := newLab().Treat(t.Context(), bytes.NewReader(upload))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func decoded(t testing.TB, f photo.File) image.Image {
	t.Helper()
	m, kind, err := image.Decode(bytes.NewReader(f.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if b := m.Bounds(); b.Dx() != f.Width || b.Dy() != f.Height || "image/"+kind != f.ContentType {
		t.Fatalf("a %s of %v calls itself a %s of %d × %d", kind, b, f.ContentType, f.Width, f.Height)
	}
	return m
}

// quarters is red, green, blue and yellow: top left, top right, bottom left, bottom right.
func quarters(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, quarter(2*x/width, 2*y/height))
		}
	}
	return m
}

func quarter(x, y int) color.NRGBA {
	return [][]color.NRGBA{{{200, 30, 30, 255}, {30, 160, 30, 255}}, {{30, 30, 200, 255}, {200, 190, 30, 255}}}[y][x]
}

// sameQuarters compares the middles of the quarters.
func sameQuarters(t testing.TB, m image.Image) {
	t.Helper()
	b := m.Bounds()
	for y := range 2 {
		for x := range 2 {
			want := quarter(x, y)
			got := color.NRGBAModel.Convert(m.At(b.Min.X+(2*x+1)*b.Dx()/4, b.Min.Y+(2*y+1)*b.Dy()/4)).(color.NRGBA)
			for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - int(want.A)} {
				if d < -12 || d > 12 {
					t.Fatalf("quarter %d, %d is %v, want %v", x, y, got, want)
				}
			}
		}
	}
}

// held is a picture as a camera stores it that is held that way: what Exif says of rows and columns (2.32, 4.6.5.1).
func held(upright *image.NRGBA, orientation int) image.Image {
	rows := []string{"", "top", "top", "bottom", "bottom", "left", "right", "right", "left"}[orientation]
	columns := []string{"", "left", "right", "right", "left", "top", "top", "bottom", "bottom"}[orientation]
	w, h := upright.Bounds().Dx(), upright.Bounds().Dy()
	width, height := w, h
	if orientation >= 5 {
		width, height = h, w
	}
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	place := func(side string, n int, x, y *int) {
		switch side {
		case "top":
			*y = n
		case "bottom":
			*y = h - 1 - n
		case "left":
			*x = n
		case "right":
			*x = w - 1 - n
		}
	}
	for row := range height {
		for column := range width {
			var x, y int
			place(rows, row, &x, &y)
			place(columns, column, &x, &y)
			m.SetNRGBA(column, row, upright.NRGBAAt(x, y))
		}
	}
	return m
}

// tags is an Exif block: orientation, a camera's name, and where the picture was taken.
func tags(orientation int) []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.BigEndian, v)
		}
	}
	put([]byte("MM"), uint16(42), uint32(8))
	put(uint16(3))
	put(uint16(0x0110), uint16(2), uint32(12), uint32(8+2+3*12+4)) // Model
	put(uint16(0x0112), uint16(3), uint32(1), uint16(orientation), uint16(0))
	put(uint16(0x8825), uint16(4), uint32(1), uint32(8+2+3*12+4+12))                    // GPS
	put(uint32(0), []byte("SecretPhone\x00"))                                           //
	put(uint16(2))                                                                      //
	put(uint16(0x0001), uint16(2), uint32(2), []byte("N\x00\x00\x00"))                  // latitude
	put(uint16(0x0002), uint16(5), uint32(3), uint32(8+2+3*12+4+12+2+2*12+4))           //
	put(uint32(0), uint32(37), uint32(1), uint32(33), uint32(1), uint32(59), uint32(1)) //
	return b.Bytes()
}

// jpegWith is a JPEG with an Exif block, and a comment.
func jpegWith(t testing.TB, m image.Image, block []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	segment := func(marker byte, body string) []byte {
		return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	}
	plain := out.Bytes()
	joined := append([]byte{}, plain[:2]...)
	if block != nil {
		joined = append(joined, segment(0xe1, "Exif\x00\x00"+string(block))...)
	}
	joined = append(joined, segment(0xfe, "taken at home, Jeongneung-ro 77")...)
	return append(joined, plain[2:]...)
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
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
				upload := jpegWith(t, held(quarters(size[0], size[1]), orientation), tags(orientation))
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
				for _, f := range []photo.File{p.Full, p.Thumb} {
					sameQuarters(t, decoded(t, f))
					silent(t, f)
				}
			})
		}
	}
}

// silent fails where a file says anything beside its pixels.
func silent(t testing.TB, f photo.File) {
	t.Helper()
	if _, err := exif.Decode(bytes.NewReader(f.Bytes)); err == nil {
		t.Error("an independent reader finds Exif")
	}
	for _, word := range []string{"Exif", "SecretPhone", "Jeongneung", "GPS", "http", "XML"} {
		if bytes.Contains(f.Bytes, []byte(word)) {
			t.Errorf("it says %q", word)
		}
	}
	switch f.ContentType {
	case "image/jpeg":
		for at := 2; at+4 < len(f.Bytes) && f.Bytes[at+1] != 0xda; at += 2 + int(binary.BigEndian.Uint16(f.Bytes[at+2:])) {
			if marker := f.Bytes[at+1]; marker == 0xfe || (marker >= 0xe0 && marker <= 0xef) {
				t.Errorf("it has a segment %#x", marker)
			}
		}
	case "image/png":
		for at := 8; at+8 <= len(f.Bytes); at += 12 + int(binary.BigEndian.Uint32(f.Bytes[at:])) {
			if kind := string(f.Bytes[at+4 : at+8]); !slices.Contains([]string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}, kind) {
				t.Errorf("it has a chunk %s", kind)
			}
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
	plain := pngOf(t, held(quarters(120, 80), 6))
	withExif := append(append(bytes.Clone(plain[:33]), chunk("eXIf", tags(6))...), plain[33:]...)
	p := treat(t, withExif)
	sameQuarters(t, decoded(t, p.Full))
	silent(t, p.Full)
}

func TestEveryFormat(t *testing.T) {
	toolchain := output(t, "go", "env", "GOROOT")
	library := output(t, "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image")
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
			for _, f := range []photo.File{p.Full, p.Thumb} {
				if f.ContentType != want {
					t.Errorf("kept as %s, want %s", f.ContentType, want)
				}
				decoded(t, f)
				silent(t, f)
			}
			if len(p.Blur) < 20 || len(p.Blur) > 40 {
				t.Errorf("the placeholder is %q", p.Blur)
			}
			source, _, err := image.Decode(bytes.NewReader(upload))
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(source, decoded(t, p.Full)); d > 5 {
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

func output(t testing.TB, name string, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, arguments...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestTransparencyStays(t *testing.T) {
	m := quarters(1300, 900)
	for y := range 450 {
		for x := range 650 {
			m.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	p := treat(t, pngOf(t, m))
	for _, f := range []photo.File{p.Full, p.Thumb} {
		got := decoded(t, f)
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
		p := treat(t, jpegWith(t, quarters(size[0], size[1]), nil))
		f, err := newLab().CropSquare(t.Context(), bytes.NewReader(p.Full.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if f.Width != photo.Square || f.Height != photo.Square {
			t.Fatalf("%d × %d", f.Width, f.Height)
		}
		sameQuarters(t, decoded(t, f))
		silent(t, f)
	}
}

// animation has a picture for the whole canvas, then patches.
func animation(width, height, frames int) *gif.GIF {
	palette := color.Palette{color.Transparent, quarter(0, 0), quarter(1, 0), quarter(0, 1), quarter(1, 1)}
	g := &gif.GIF{Config: image.Config{ColorModel: palette, Width: width, Height: height}, LoopCount: 3}
	for i := range frames {
		r := image.Rect(0, 0, width, height)
		if i > 0 {
			r = image.Rect(width*i/(2*frames), height*i/(2*frames), width/2+width*i/(2*frames), height/2+height*i/(2*frames))
		}
		m := image.NewPaletted(r, palette)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				m.Set(x, y, quarter(2*x/width, 2*y/height))
			}
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, m), append(g.Delay, 5+i), append(g.Disposal, gif.DisposalNone)
	}
	return g
}

func gifOf(t testing.TB, g *gif.GIF) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnimationsKeepMoving(t *testing.T) {
	for _, size := range [][2]int{{60, 40}, {2700, 90}} {
		original := animation(size[0], size[1], 7)
		upload := gifOf(t, original)
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
			sameQuarters(t, canvas)
		}
		sameQuarters(t, decoded(t, p.Thumb))
	}
}

func webpOf(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(output(t, "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image") + "/testdata/blue-purple-pink.lossless.webp")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// movingWebP is a still one that says in its extended header that it moves.
func movingWebP(t testing.TB) []byte {
	still := webpOf(t)
	extended := "VP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x27\x00\x00\x27\x00\x00"
	b := append([]byte("RIFF\x00\x00\x00\x00WEBP"+extended), still[12:]...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// manyScans repeats the last scan of a progressive JPEG.
func manyScans(t testing.TB, scans int) []byte {
	t.Helper()
	b, err := os.ReadFile(output(t, "go", "env", "GOROOT") + "/src/image/testdata/video-001.progressive.jpeg")
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndex(b, []byte{0xff, 0xda})
	end := len(b) - 2 // the marker of the end
	return append(append(bytes.Clone(b[:end]), bytes.Repeat(b[last:end], scans)...), b[end:]...)
}

// What is refused, and as what.
func TestRefusals(t *testing.T) {
	whole := map[string][]byte{
		"jpeg": jpegWith(t, quarters(200, 100), tags(6)), "png": pngOf(t, quarters(200, 100)),
		"gif": gifOf(t, animation(60, 40, 3)), "webp": webpOf(t),
	}
	flood := func(width, height uint32) []byte {
		header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
		header = append(header, 8, 6, 0, 0, 0)
		b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
		return binary.BigEndian.AppendUint32(b, crc(header))
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
		"30,000 × 30,000":          {flood(30_000, 30_000), chat.ImageTooLarge},
		"4 billion wide":           {flood(1<<31-1, 1), chat.ImageTooLarge},
		"as wide as nothing":       {flood(0, 100), chat.UnsupportedImage},
		"49 megapixels of nothing": {flood(7000, 7000), chat.UnsupportedImage},
		"10,000 pictures":          {gifOf(t, animation(4, 4, 10_000)), chat.ImageTooLarge},
		"a JPEG of fillings":       {append([]byte("\xff\xd8"), bytes.Repeat([]byte{0xff}, 1<<20)...), chat.UnsupportedImage},
		"a JPEG of empty segments": {append([]byte("\xff\xd8"), bytes.Repeat([]byte("\xff\xe1\x00\x02"), 1<<18)...), chat.UnsupportedImage},
		"a GIF of comments":        {append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), bytes.Repeat([]byte("\x21\xfe\x00"), 1<<18)...), chat.UnsupportedImage},
		"a JPEG of 200 scans":      {manyScans(t, 200), chat.ImageTooLarge},
		"an animated WebP":         {movingWebP(t), chat.UnsupportedImage},
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
	honest := tags(6)
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
			p := treat(t, jpegWith(t, quarters(120, 80), block))
			silent(t, p.Full)
		})
	}
}

func TestWithdrawn(t *testing.T) {
	ctx, cancel := contextOf(t)
	cancel()
	_, err := newLab().Treat(ctx, bytes.NewReader(jpegWith(t, quarters(40, 40), nil)))
	if !errors.Is(err, ctx.Err()) {
		t.Fatal(err)
	}
}

// FuzzTreat looks for uploads that end the program, or come out as something else than a picture.
func FuzzTreat(f *testing.F) {
	f.Add(jpegWith(f, quarters(20, 10), tags(6)))
	f.Add(pngOf(f, quarters(20, 10)))
	f.Add(gifOf(f, animation(20, 10, 3)))
	f.Add(webpOf(f))
	f.Add(movingWebP(f))
	lab := newLab()
	f.Fuzz(func(t *testing.T, upload []byte) {
		p, err := lab.Treat(t.Context(), bytes.NewReader(upload))
		switch chat.CodeOf(err) {
		case "":
			decoded(t, p.Full)
			decoded(t, p.Thumb)
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
