package photo_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"github.com/maru-chat/maru/internal/photo/phototest"
)

// BenchmarkTreat stands beside the bare steps with the same libraries: decode, turn and scale in one, encode, scale, encode.
func BenchmarkTreat(b *testing.B) {
	upload := phototest.PhonePhoto(b)
	b.Run("treat", func(b *testing.B) {
		lab := newLab()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := lab.Treat(b.Context(), bytes.NewReader(upload)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			source, err := jpeg.Decode(bytes.NewReader(upload))
			if err != nil {
				b.Fatal(err)
			}
			full := image.NewRGBA(image.Rect(0, 0, 1920, 2560))
			draw.ApproxBiLinear.Transform(full, f64.Aff3{0, -1920. / 3024, 1920, 2560. / 4032, 0, 0}, source, source.Bounds(), draw.Src, nil)
			half := image.NewRGBA(image.Rect(0, 0, 960, 1280))
			draw.ApproxBiLinear.Scale(half, half.Rect, full, full.Rect, draw.Src, nil)
			thumb := image.NewRGBA(image.Rect(0, 0, 480, 640))
			draw.ApproxBiLinear.Scale(thumb, thumb.Rect, half, half.Rect, draw.Src, nil)
			var out bytes.Buffer
			for _, m := range []image.Image{full, thumb} {
				if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 86}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
