// Package phototest makes pictures for tests: held in every way, with where they were taken in them, moving, lying, and looks at
// what became of them.
package phototest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/rwcarlsen/goexif/exif"

	"github.com/maru-chat/maru/internal/chat"
)

// Decode decodes a picture, which must be what it says that it is.
func Decode(t testing.TB, f chat.Picture) image.Image {
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

// Quarters is red, green, blue and yellow: top left, top right, bottom left, bottom right.
func Quarters(width, height int) *image.NRGBA {
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

// SameQuarters compares the middles of the quarters.
func SameQuarters(t testing.TB, m image.Image) {
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

// Held is a picture as a camera stores it that is held that way: what Exif says of rows and columns (2.32, 4.6.5.1).
func Held(upright *image.NRGBA, orientation int) image.Image {
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

// Tags is an Exif block: orientation, a camera's name, and where the picture was taken.
func Tags(orientation int) []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.BigEndian, v)
		}
	}
	put([]byte("MM"), uint16(42), uint32(8))
	put(uint16(3))
	put(uint16(0x0110), uint16(2), uint32(12), uint32(8+2+3*12+4))                      // Model
	put(uint16(0x0112), uint16(3), uint32(1), uint16(orientation), uint16(0))           // #nosec G115 -- 1 to 8
	put(uint16(0x8825), uint16(4), uint32(1), uint32(8+2+3*12+4+12))                    // GPS
	put(uint32(0), []byte("SecretPhone\x00"))                                           //
	put(uint16(2))                                                                      //
	put(uint16(0x0001), uint16(2), uint32(2), []byte("N\x00\x00\x00"))                  // latitude
	put(uint16(0x0002), uint16(5), uint32(3), uint32(8+2+3*12+4+12+2+2*12+4))           //
	put(uint32(0), uint32(37), uint32(1), uint32(33), uint32(1), uint32(59), uint32(1)) //
	return b.Bytes()
}

// JPEG is a JPEG with an Exif block, and a comment.
func JPEG(t testing.TB, m image.Image, block []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	segment := func(marker byte, body string) []byte {
		return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...) // #nosec G115 -- two bytes of it
	}
	plain := out.Bytes()
	joined := append([]byte{}, plain[:2]...)
	if block != nil {
		joined = append(joined, segment(0xe1, "Exif\x00\x00"+string(block))...)
	}
	joined = append(joined, segment(0xfe, "taken at home, Jeongneung-ro 77")...)
	return append(joined, plain[2:]...)
}

// PNG encodes a picture.
func PNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Silent fails where a file says anything beside its pixels.
func Silent(t testing.TB, f chat.Picture) {
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

// Animation has a picture for the whole canvas, then patches.
func Animation(width, height, frames int) *gif.GIF {
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

// GIF encodes an animation.
func GIF(t testing.TB, g *gif.GIF) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// WebP is a still one.
func WebP(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(Output(t, "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image") + "/testdata/blue-purple-pink.lossless.webp")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// MovingWebP is a still one that says in its extended header that it moves.
func MovingWebP(t testing.TB) []byte {
	still := WebP(t)
	extended := "VP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x27\x00\x00\x27\x00\x00"
	b := append([]byte("RIFF\x00\x00\x00\x00WEBP"+extended), still[12:]...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8)) // #nosec G115 -- a small picture
	return b
}

// ManyScans repeats the last scan of a progressive JPEG.
func ManyScans(t testing.TB, scans int) []byte {
	t.Helper()
	b, err := os.ReadFile(Output(t, "go", "env", "GOROOT") + "/src/image/testdata/video-001.progressive.jpeg")
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndex(b, []byte{0xff, 0xda})
	end := len(b) - 2 // the marker of the end
	return append(append(bytes.Clone(b[:end]), bytes.Repeat(b[last:end], scans)...), b[end:]...)
}

// Output is what a program says.
func Output(t testing.TB, name string, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, arguments...).Output() // #nosec G204 -- of tests
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// PhonePhoto is 12 megapixels, held upright by somebody who holds the phone so, as long as such files are (2 to 4 MB).
func PhonePhoto(t testing.TB) []byte {
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- noise
	m := image.NewYCbCr(image.Rect(0, 0, 4032, 3024), image.YCbCrSubsampleRatio420)
	for y := range 3024 {
		for x := range 4032 {
			m.Y[y*m.YStride+x] = byte(128 + 60*math.Sin(float64(x)/90) + 50*math.Cos(float64(y)/70) + float64(random.IntN(16)))
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = byte(100+i/20%56), byte(150-i/3000%40)
	}
	return JPEG(t, m, Tags(6))
}

// Flood is a PNG that says to be so large, and has no pixels.
func Flood(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
	header = append(header, 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(header))
}
