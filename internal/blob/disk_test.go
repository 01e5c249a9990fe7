package blob_test

import (
	"log/slog"
	"testing"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/blob/blobtest"
	"github.com/maru-chat/maru/internal/chat"
)

var quiet = slog.New(slog.DiscardHandler)

func openDisk(t *testing.T, folder string) *blob.Disk {
	t.Helper()
	d, err := blob.OpenDisk(folder)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) chat.Blobs { return openDisk(t, t.TempDir()) })
}
