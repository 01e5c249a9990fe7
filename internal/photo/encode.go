package photo

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/bbrks/go-blurhash"

	"github.com/maru-chat/maru/internal/chat"
)

// How good JPEGs are, of 100.
const (
	fullQuality  = 86
	thumbQuality = 80
)

const (
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
)

// kindOf is how a picture is kept: what came without loss stays so, and so does what can be seen through.
func kindOf(f format, picture image.Image) string {
	if f == formatJPEG || (f == formatWebP && opaque(picture)) {
		return typeJPEG
	}
	return typePNG
}

// encode writes pixels and nothing else: whatever else the upload said is gone.
func encode(picture image.Image, kind string, quality int) (chat.Picture, error) {
	var out bytes.Buffer
	var err error
	if kind == typeJPEG {
		err = jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality})
	} else {
		err = png.Encode(&out, picture)
	}
	if err != nil {
		return chat.Picture{}, fmt.Errorf("encoding a picture: %w", err)
	}
	b := picture.Bounds()
	return chat.Picture{ContentType: kind, Width: b.Dx(), Height: b.Dy(), Bytes: out.Bytes()}, nil
}

// blur makes the placeholder, from few pixels of the small picture.
func blur(small image.Image) (string, error) {
	text, err := blurhash.Encode(4, 3, fit(small, upside, 32))
	if err != nil {
		return "", fmt.Errorf("blurring a picture: %w", err)
	}
	return text, nil
}
