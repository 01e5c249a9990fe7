package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// phonePhoto is a photo in a phone's shape, held upright by somebody who holds the phone so: its camera notes that it is to be
// turned. With 4,032 pixels it has 12 megapixels and 5 MB.
func phonePhoto(side int) ([]byte, error) {
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- noise
	width, height := side, side*3/4
	m := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for y := range height {
		for x := range width {
			m.Y[y*m.YStride+x] = byte(128 + 60*math.Sin(float64(x)/90) + 50*math.Cos(float64(y)/70) + float64(random.IntN(16)))
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = byte(100+i/20%56), byte(150-i/3000%40) // #nosec G115 -- small
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		return nil, err
	}
	// Exif with nothing but the orientation, 6 (CIPA DC-008, 4.6).
	exif := "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	plain := out.Bytes()
	joined := append([]byte{}, plain[:2]...)
	joined = append(joined, 0xff, 0xe1, 0, byte(len(exif)+2)) // #nosec G115 -- it is short
	return append(append(joined, exif...), plain[2:]...), nil
}

// bareSteps does what has to be done to a photo with the same libraries, and nothing else: decode, turn and scale in one step,
// encode, scale, encode.
func bareSteps(photo []byte) error {
	source, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return err
	}
	width, height := source.Bounds().Dy(), source.Bounds().Dx()
	scale := min(1, 2560/float64(height))
	full := image.NewRGBA(image.Rect(0, 0, int(float64(width)*scale+0.5), int(float64(height)*scale+0.5)))
	turn := f64.Aff3{0, -scale, float64(full.Rect.Dx()), scale, 0, 0}
	draw.ApproxBiLinear.Transform(full, turn, source, source.Bounds(), draw.Src, nil)
	half := image.NewRGBA(image.Rect(0, 0, full.Rect.Dx()/2, full.Rect.Dy()/2))
	draw.ApproxBiLinear.Scale(half, half.Rect, full, full.Rect, draw.Src, nil)
	thumb := image.NewRGBA(image.Rect(0, 0, full.Rect.Dx()/4, full.Rect.Dy()/4))
	draw.ApproxBiLinear.Scale(thumb, thumb.Rect, half, half.Rect, draw.Src, nil)
	for _, m := range []image.Image{full, thumb} {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 86}); err != nil {
			return err
		}
	}
	return nil
}
