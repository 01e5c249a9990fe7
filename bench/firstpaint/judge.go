package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
)

// judge says what a picture of the screen shows, by what settled screens look
// like: it knows nothing of the site's code.
type judge struct {
	user, visitor *image.YCbCr
	name          image.Rectangle   // where the user's name stands
	doors         []image.Rectangle // where the links to log in stand
}

// shown is what a picture shows.
type shown int

const (
	before  shown = iota // the page before the reload
	nothing              // one colour
	asVisitor
	asNobody // the site, with neither the name nor the links to log in
	asUser
)

func newJudge(user, visitor screen) (*judge, error) {
	j := &judge{}
	var err error
	if j.user, err = decode(user.JPEG); err != nil {
		return nil, err
	}
	if j.visitor, err = decode(visitor.JPEG); err != nil {
		return nil, err
	}
	if len(user.Name) != 1 || len(visitor.Doors) == 0 || len(user.Doors) > 0 || len(visitor.Name) > 0 {
		return nil, fmt.Errorf("the screens of a user and of a visitor are not as expected: names %v, %v, links to log in %v, %v",
			user.Name, visitor.Name, user.Doors, visitor.Doors)
	}
	j.name = user.Name[0].pixels()
	for _, door := range visitor.Doors {
		j.doors = append(j.doors, door.pixels())
	}
	// A check that takes one screen for the other would find no flash, or nothing but.
	if got := j.judge(j.user); got != asUser {
		return nil, fmt.Errorf("the user's own screen is taken for another (%d)", got)
	}
	if got := j.judge(j.visitor); got != asVisitor {
		return nil, fmt.Errorf("the visitor's screen is taken for another (%d): %v", got, j.doors)
	}
	return j, nil
}

func (b box) pixels() image.Rectangle {
	return image.Rect(int(math.Floor(b.Left)), int(math.Floor(b.Top)), int(math.Ceil(b.Right)), int(math.Ceil(b.Bottom)))
}

func decode(picture []byte) (*image.YCbCr, error) {
	decoded, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("a picture of the screen: %w", err)
	}
	colours, ok := decoded.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("a picture of the screen is a %T", decoded)
	}
	return colours, nil
}

func (j *judge) judge(picture *image.YCbCr) shown {
	if isCover(picture) {
		return before
	}
	for _, door := range j.doors {
		if alike(picture, door, j.visitor, door) {
			return asVisitor
		}
	}
	switch {
	case near(picture, j.user, j.name):
		return asUser
	case isOneColour(picture):
		return nothing
	}
	return asNobody
}

// isCover recognises the colour that browser.mjs covers the page with before it
// reloads it.
func isCover(picture *image.YCbCr) bool {
	middle := image.Pt((picture.Rect.Min.X+picture.Rect.Max.X)/2, (picture.Rect.Min.Y+picture.Rect.Max.Y)/2)
	at := picture.COffset(middle.X, middle.Y)
	return picture.Cb[at] > 180 && picture.Cr[at] > 200
}

// isOneColour reports whether hardly any pixel is lighter or darker than the
// one in the corner.
func isOneColour(picture *image.YCbCr) bool {
	const tolerance = 8
	first, others := int(picture.Y[0]), 0
	for _, y := range picture.Y {
		if d := int(y) - first; d > tolerance || d < -tolerance {
			others++
		}
	}
	return others*1000 < len(picture.Y)
}

// near reports whether what stands in a place of a known picture stands there,
// or a line of text away: a page that is still coming in moves.
func near(picture, known *image.YCbCr, place image.Rectangle) bool {
	const across, along = 3, 16
	if alike(picture, place, known, place) {
		return true
	}
	for y := -along; y <= along; y++ {
		for x := -across; x <= across; x++ {
			if moved := place.Add(image.Pt(x, y)); moved.In(picture.Rect) && alike(picture, moved, known, place) {
				return true
			}
		}
	}
	return false
}

// alike reports whether the same stands in a place of one picture and in one
// of another: whether light and dark correlate, in squares of a few pixels, so
// that it may be drawn a little differently, as by another font.
func alike(one *image.YCbCr, here image.Rectangle, other *image.YCbCr, there image.Rectangle) bool {
	const enough = 0.75
	a, b := squares(one, here), squares(other, there)
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	meanA, meanB := mean(a), mean(b)
	var both, varA, varB float64
	for i := range a {
		both += (a[i] - meanA) * (b[i] - meanB)
		varA += (a[i] - meanA) * (a[i] - meanA)
		varB += (b[i] - meanB) * (b[i] - meanB)
	}
	// Where one has hardly any ink, there is nothing to correlate with.
	if varA == 0 || varA < varB/4 || varB < varA/4 {
		return false
	}
	return both/math.Sqrt(varA*varB) >= enough
}

// squares are the mean lightnesses of a place, square by square.
func squares(picture *image.YCbCr, place image.Rectangle) []float64 {
	const side = 3
	place = place.Intersect(picture.Rect)
	var means []float64
	for y := place.Min.Y; y+side <= place.Max.Y; y += side {
		for x := place.Min.X; x+side <= place.Max.X; x += side {
			sum := 0
			for row := range side {
				at := picture.YOffset(x, y+row)
				for _, light := range picture.Y[at : at+side] {
					sum += int(light)
				}
			}
			means = append(means, float64(sum)/(side*side))
		}
	}
	return means
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// verdict is what the pictures of one reload showed.
type verdict struct {
	first    shown   // the first picture that shows anything
	named    float64 // when a picture first shows the name, in ms
	empty    bool    // a picture of one colour came before
	visitor  bool    // a picture shows a visitor's screen, before the name or after
	nameless bool    // a picture shows the site with neither
	lost     bool    // a picture does not show the name any more
}

func (j *judge) verdict(frames []frame) (verdict, error) {
	var v verdict
	named := false
	for _, f := range frames {
		picture, err := decode(f.JPEG)
		if err != nil {
			return v, err
		}
		what := j.judge(picture)
		if what == before {
			continue
		}
		v.empty = v.empty || what == nothing
		v.visitor = v.visitor || what == asVisitor
		v.nameless = v.nameless || what == asNobody
		v.lost = v.lost || (named && what != asUser)
		if what == asUser && !named {
			named, v.named = true, f.At
		}
		if v.first == before && what != nothing {
			v.first = what
		}
	}
	if !named {
		return v, fmt.Errorf("none of %d pictures shows the name", len(frames))
	}
	return v, nil
}
