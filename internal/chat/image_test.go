package chat_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/photo/phototest"
)

// lostAfter is a store that commits a write and is lost before it says so.
type lostAfter struct {
	chat.Store
	writes int // that are answered before
}

func (l *lostAfter) Write(ctx context.Context, fn func(chat.Tx) error, rooms ...chat.RoomID) error {
	err := l.Store.Write(ctx, fn, rooms...)
	if l.writes--; l.writes == -1 && err == nil {
		return chat.Errorf(chat.Unavailable, "lost after the commit")
	}
	return err
}

// An image whose storing was committed, though nobody could say so, keeps its bytes.
func TestAnImageOfALostCommit(t *testing.T) {
	lost := &lostAfter{}
	h := open(t, func(o *chat.Options) {
		lost.Store = o.Store
		o.Store = lost
		withImages(t, o)
	})
	user := h.user("지수")
	for answered, there := range []int{0, 1} { // the order of removal is lost, or the commit of the image
		lost.writes = answered
		_, err := h.AddImage(t.Context(), user, bytes.NewReader(phototest.PNG(t, phototest.Quarters(4, 3))))
		refused(t, err, chat.Unavailable)
		h.clock.pass(2 * time.Hour) // orders of removal are due
		for more := true; more; {
			more, err = h.SweepImages(t.Context())
			must(t, err)
		}
		var images []chat.Image
		must(t, h.store.Read(t.Context(), func(r chat.Reader) (err error) {
			images, err = r.LooseImages(user)
			return err
		}))
		if len(images) != there {
			t.Fatalf("%d images, want %d", len(images), there)
		}
		for _, image := range images {
			b, err := h.OpenImage(t.Context(), image, false)
			must(t, err)
			must(t, b.Close())
		}
	}
}
