package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// film shows one reload of each way: what stood on the screen at every step of
// time. It is what a table cannot show, and what a reader can check.
type film struct {
	strips []strip
}

type strip struct {
	name   string
	frames []frame
}

// keep has the film show a reload of a way, the newest one of them.
func (f *film) keep(w way, frames []frame) {
	for i := range f.strips {
		if f.strips[i].name == w.name {
			f.strips[i].frames = frames
			return
		}
	}
	f.strips = append(f.strips, strip{w.name, frames})
}

const (
	filmSteps = 10
	filmStep  = 100 // ms
	// A picture's size on the film, and what is between them.
	filmWidth, filmHeight = 144, 108
	filmGap, filmHead     = 8, 56
)

// svg draws it, a row for each way, with the pictures inside.
func (f *film) svg(title, note string) ([]byte, error) {
	width := filmGap + (filmSteps+1)*(filmWidth+filmGap)
	height := filmHead + len(f.strips)*(filmHeight+filmGap+20) + filmGap
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(title))
	out.WriteString(`<style>text { font: 13px system-ui, sans-serif; fill: #33302c } .quiet { fill: #6b645c; font-size: 12px } .name { font-weight: 600 }</style>` + "\n")
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#faf7f3"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<text class="name" x="%d" y="22">%s</text><text class="quiet" x="%d" y="40">%s</text>`+"\n",
		filmGap, html.EscapeString(title), filmGap, html.EscapeString(note))
	for row, s := range f.strips {
		top := filmHead + row*(filmHeight+filmGap+20)
		fmt.Fprintf(&out, `<text class="name" x="%d" y="%d">%s</text>`+"\n", filmGap, top+12, html.EscapeString(s.name))
		for step := range filmSteps + 1 {
			if err := s.draw(&out, step, filmGap+step*(filmWidth+filmGap), top+20); err != nil {
				return nil, err
			}
		}
	}
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}

// draw puts what stood on the screen at a step where it belongs.
func (s strip) draw(out *bytes.Buffer, step, left, top int) error {
	at := float64(step * filmStep)
	var now *image.YCbCr
	for _, f := range s.frames {
		if f.At > at {
			break
		}
		picture, err := decode(f.JPEG)
		if err != nil {
			return err
		}
		now = picture
	}
	if now == nil || isCover(now) {
		fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#e4ded6"/>`, left, top, filmWidth, filmHeight)
		fmt.Fprintf(out, `<text class="quiet" x="%d" y="%d" text-anchor="middle">the page before</text>`, left+filmWidth/2, top+filmHeight/2+4)
	} else {
		small, err := shrink(now)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, `<image x="%d" y="%d" width="%d" height="%d" href="data:image/jpeg;base64,%s"/>`, left, top, filmWidth, filmHeight, small)
		fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="none" stroke="#cfc7bc"/>`, left, top, filmWidth, filmHeight)
	}
	fmt.Fprintf(out, `<text class="quiet" x="%d" y="%d" text-anchor="end">%.0f ms</text>`+"\n", left+filmWidth, top-6, at)
	return nil
}

// shrink makes a picture as large as it is on the film's finest screen.
func shrink(picture image.Image) (string, error) {
	small := image.NewRGBA(image.Rect(0, 0, 2*filmWidth, 2*filmHeight))
	draw.CatmullRom.Scale(small, small.Rect, picture, picture.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 60}); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}
