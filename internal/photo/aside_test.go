package photo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/photo"
	"github.com/maru-chat/maru/internal/photo/phototest"
)

// asPicture has this program be the one that treats a picture, well or not.
const asPicture = "MARU_TEST_PICTURE"

func TestMain(m *testing.M) {
	switch os.Getenv(asPicture) {
	case "work":
		if err := photo.Work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "panic":
		panic("a decoder fell over")
	case "fail":
		os.Exit(1)
	case "nothing":
		os.Exit(0)
	case "nonsense":
		fmt.Println("this is no answer")
		os.Exit(0)
	case "hang":
		select {}
	}
	os.Exit(m.Run())
}

func aside(t *testing.T, behaviour string) *photo.Aside {
	t.Helper()
	t.Setenv(asPicture, behaviour)
	a := photo.NewAside(newLab(), os.Args[0])
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// A picture that is treated aside is the one that is treated here, whether it comes from a file or from elsewhere.
func TestAside(t *testing.T) {
	upload := phototest.JPEG(t, phototest.Held(phototest.Quarters(300, 200), 6), phototest.Tags(6))
	want := treat(t, upload)
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, upload, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	a := aside(t, "work")
	for _, source := range []io.ReadSeeker{bytes.NewReader(upload), f} {
		got, err := a.Treat(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Full.Bytes, want.Full.Bytes) || !bytes.Equal(got.Thumb.Bytes, want.Thumb.Bytes) || got.Blur != want.Blur ||
			got.Full.Width != 300 || got.Full.Height != 200 || got.Full.ContentType != "image/jpeg" {
			t.Fatalf("something else came of it: %d × %d %s", got.Full.Width, got.Full.Height, got.Full.ContentType)
		}
	}
	square, err := a.CropSquare(t.Context(), bytes.NewReader(want.Thumb.Bytes))
	if err != nil || square.Width != photo.Square || square.Height != photo.Square {
		t.Fatalf("%d × %d: %v", square.Width, square.Height, err)
	}
	for name, refused := range map[string]struct {
		upload []byte
		code   chat.Code
	}{
		"HTML":            {[]byte("<!doctype html><script>"), chat.UnsupportedImage},
		"half of it":      {upload[:len(upload)/2], chat.UnsupportedImage},
		"30,000 × 30,000": {phototest.Flood(30_000, 30_000), chat.ImageTooLarge},
		"pictures":        {phototest.GIF(t, phototest.Animation(4, 4, 10_000)), chat.ImageTooLarge},
	} {
		if _, err := a.Treat(t.Context(), bytes.NewReader(refused.upload)); chat.CodeOf(err) != refused.code {
			t.Errorf("%s: %v, want %s", name, err, refused.code)
		}
	}
}

// What goes wrong beside the picture is not the picture's fault; a decoder that falls over it is.
func TestAsideThatFails(t *testing.T) {
	upload := phototest.PNG(t, phototest.Quarters(30, 20))
	for behaviour, want := range map[string]chat.Code{
		"panic": chat.UnsupportedImage, "fail": chat.Internal, "nothing": chat.Internal, "nonsense": chat.Internal,
	} {
		t.Run(behaviour, func(t *testing.T) {
			_, err := aside(t, behaviour).Treat(t.Context(), bytes.NewReader(upload))
			if got := chat.CodeOf(err); got != want {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
	t.Run("not there", func(t *testing.T) {
		_, err := photo.NewAside(newLab(), filepath.Join(t.TempDir(), "none")).Treat(t.Context(), bytes.NewReader(upload))
		if err == nil || chat.CodeOf(err) != chat.Internal {
			t.Error(err)
		}
	})
	t.Run("withdrawn", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := aside(t, "hang")
		done := make(chan error, 1)
		go func() {
			_, err := a.Treat(ctx, bytes.NewReader(upload))
			done <- err
		}()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
