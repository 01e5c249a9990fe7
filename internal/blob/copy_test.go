package blob

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-chat/maru/internal/blob/blobtest"
	"github.com/maru-chat/maru/internal/chat"
)

// forgetful stores something else than it is given.
type forgetful struct{ chat.Blobs }

func (f forgetful) Put(ctx context.Context, key, kind string, r io.Reader, size int64) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	content[len(content)-1]++
	return f.Blobs.Put(ctx, key, kind, bytes.NewReader(content), size)
}

func TestCopy(t *testing.T) {
	open := func() *Disk {
		d, err := OpenDisk(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	from, to := open(), open()
	blobtest.Put(t, from, "image/a/full", blobtest.Content(1, 100_000))
	blobtest.Put(t, to, "image/a/full", blobtest.Content(2, 100_000))
	for _, want := range []bool{true, false} {
		copied, err := Copy(t.Context(), from, to, "image/a/full", "image/png")
		if copied != want || err != nil {
			t.Fatal(copied, err)
		}
		if !bytes.Equal(blobtest.Get(t, to, "image/a/full"), blobtest.Content(1, 100_000)) {
			t.Fatal("not the same")
		}
	}
	if _, err := Copy(t.Context(), from, to, "image/b/full", "image/png"); chat.CodeOf(err) != chat.NotFound {
		t.Fatal(err)
	}
	if _, err := Copy(t.Context(), from, forgetful{open()}, "image/a/full", "image/png"); err == nil || !strings.Contains(err.Error(), "not the same") {
		t.Fatal(err)
	}
}

// TestSourceIsLeftAlone opens folders to read from: none is made, and nothing is swept.
func TestSourceIsLeftAlone(t *testing.T) {
	options := Options{Source: true, Logger: slog.New(slog.DiscardHandler)}
	none := filepath.Join(t.TempDir(), "none")
	if _, err := Open(t.Context(), "file:"+none, options); err == nil || !strings.Contains(err.Error(), "images") {
		t.Error(err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("it was made")
	}
	folder := t.TempDir()
	d, err := OpenDisk(folder)
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, d, "image/a/full", []byte("a"))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	draft := filepath.Join(folder, unfinished, unfinishedPrefix+"x")
	if err := os.WriteFile(draft, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := Open(t.Context(), "file:"+folder, options)
	if err != nil {
		t.Fatal(err)
	}
	if string(blobtest.Get(t, source, "image/a/full")) != "a" {
		t.Error("not the same")
	}
	if err := source.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(draft); err != nil {
		t.Error(err)
	}
}
