package photo

import (
	"image"
	stddraw "image/draw"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// orientation is Exif's (tag 0x0112): how a picture has to be turned to stand upright.
type orientation uint16

const upside orientation = 1 // stands as it is

// sideways reports whether width and height change places.
func (o orientation) sideways() bool { return o >= 5 }

// within returns the size in which a picture's longer side is at most side.
func within(width, height, side int) (int, int) {
	longer := max(width, height)
	if longer <= side {
		return width, height
	}
	scaled := func(n int) int { return max(1, (n*side+longer/2)/longer) }
	return scaled(width), scaled(height)
}

// fit turns a picture upright and makes it no larger than side. A picture that needs neither is returned as it is.
//
// It halves as long as that leaves enough, which averages every pixel, and turns and scales the rest of the way, less than
// a half, in one step between neighbours. The library's kernels look a little better and take four times as long, and 32
// bytes for every pixel of the result times its reduction.
func fit(source image.Image, o orientation, side int) image.Image {
	b := source.Bounds()
	width, height := within(b.Dx(), b.Dy(), side)
	if o == upside && width == b.Dx() && height == b.Dy() {
		return source
	}
	for b.Dx() >= 2*width && b.Dy() >= 2*height && b.Dx() > 1 && b.Dy() > 1 {
		half := canvas(source, (b.Dx()+1)/2, (b.Dy()+1)/2)
		draw.ApproxBiLinear.Scale(half, half.Bounds(), source, b, draw.Src, nil)
		source, b = half, half.Bounds()
	}
	if o.sideways() {
		width, height = height, width
	}
	out := canvas(source, width, height)
	draw.ApproxBiLinear.Transform(out, o.matrix(b, width, height), source, b, draw.Src, nil)
	return out
}

// canvas is an empty picture for what is drawn of source.
func canvas(source image.Image, width, height int) draw.Image {
	if opaque(source) {
		return image.NewRGBA(image.Rect(0, 0, width, height)) // the library's fast way
	}
	return image.NewNRGBA(image.Rect(0, 0, width, height))
}

func opaque(source image.Image) bool {
	o, ok := source.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// matrix takes the source's bounds to a result of that size.
func (o orientation) matrix(from image.Rectangle, width, height int) f64.Aff3 {
	w, h := float64(width), float64(height)
	sx, sy := w/float64(from.Dx()), h/float64(from.Dy())
	if o.sideways() {
		sx, sy = h/float64(from.Dx()), w/float64(from.Dy())
	}
	x, y := float64(from.Min.X), float64(from.Min.Y)
	// Each of them by where the source's axes go.
	var m f64.Aff3
	switch o {
	default:
		m = f64.Aff3{sx, 0, 0, 0, sy, 0}
	case 2:
		m = f64.Aff3{-sx, 0, w, 0, sy, 0}
	case 3:
		m = f64.Aff3{-sx, 0, w, 0, -sy, h}
	case 4:
		m = f64.Aff3{sx, 0, 0, 0, -sy, h}
	case 5:
		m = f64.Aff3{0, sy, 0, sx, 0, 0}
	case 6:
		m = f64.Aff3{0, -sy, w, sx, 0, 0}
	case 7:
		m = f64.Aff3{0, -sy, w, -sx, 0, h}
	case 8:
		m = f64.Aff3{0, sy, 0, -sx, 0, h}
	}
	m[2] -= m[0]*x + m[1]*y
	m[5] -= m[3]*x + m[4]*y
	return m
}

// square is the middle of a picture, Square pixels wide.
func square(source image.Image) image.Image {
	b := source.Bounds()
	side := min(b.Dx(), b.Dy())
	x, y := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	middle := canvas(source, side, side)
	stddraw.Draw(middle, middle.Bounds(), source, image.Pt(x, y), stddraw.Src)
	if side > Square {
		return fit(middle, upside, Square)
	}
	out := canvas(source, Square, Square)
	draw.ApproxBiLinear.Scale(out, out.Bounds(), middle, middle.Bounds(), draw.Src, nil)
	return out
}

// paint draws a picture where it says it stands.
func paint(on draw.Image, picture image.Image) {
	draw.Draw(on, picture.Bounds(), picture, picture.Bounds().Min, draw.Over)
}
