package chat_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/photo"
	"github.com/maru-chat/maru/internal/photo/phototest"
)

// imageModel is an image that somebody uploaded.
type imageModel struct {
	chat.Image // as its message has it
	gone       bool
}

// withImages gives a chat a folder for blobs.
func withImages(t *testing.T, o *chat.Options) {
	t.Helper()
	disk, err := blob.OpenDisk(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, disk.Close()) })
	o.Blobs, o.Photos = disk, photo.NewLab(2, 1<<20)
}

// someImages draws what a message is to have, anybody's, attached or gone ones too, now and then one twice.
func (m *model) someImages(rt *rapid.T) []chat.ImageID {
	if len(m.images) == 0 {
		return nil
	}
	var ids []chat.ImageID
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(rt, "images") {
		latest := m.images[max(0, len(m.images)-4):] // most of the older ones are attached
		ids = append(ids, rapid.SampledFrom(latest).Draw(rt, "image").ID)
	}
	return ids
}

func (m *model) image(id chat.ImageID) *imageModel {
	return m.images[slices.IndexFunc(m.images, func(i *imageModel) bool { return i.ID == id })]
}

// attachable reports whether all of them are somebody's own, attached to nothing, and named once.
func (m *model) attachable(by chat.UserID, ids []chat.ImageID) bool {
	for n, id := range ids {
		i := m.image(id)
		if i.gone || i.OwnerID != by || !i.Loose() || slices.Contains(ids[:n], id) {
			return false
		}
	}
	return true
}

func (m *model) upload(rt *rapid.T) {
	by, fails := m.who(rt), m.fails(rt)
	made, err := m.h.AddImage(m.h.t.Context(), by, bytes.NewReader(phototest.PNG(m.h.t, phototest.Quarters(4, 3))))
	if !m.answered(rt, err, "", fails) {
		return
	}
	if made.OwnerID != by || !made.Loose() || made.Width != 4 || made.Height != 3 {
		rt.Fatalf("uploaded %+v", made)
	}
	m.images = append(m.images, &imageModel{Image: made})
}

// attached notes what a new message has.
func (m *model) attached(rt *rapid.T, r request, got chat.Message) {
	if len(got.Images) != len(r.d.ImageIDs) {
		rt.Fatalf("%+v has %+v", r.d, got.Images)
	}
	for n, id := range r.d.ImageIDs {
		i := m.image(id)
		i.RoomID, i.Seq = r.room.id, got.Seq
		if got.Images[n] != i.Image {
			rt.Fatalf("image %d is %+v, want %+v", n, got.Images[n], i.Image)
		}
	}
}

// removed notes that a message went with what it had.
func (m *model) removed(r *roomModel, seq int64) {
	for _, i := range m.images {
		i.gone = i.gone || i.RoomID == r.id && i.Seq == seq
	}
}

// sweep removes what is to go: then its bytes are gone too, and everybody else's are there.
func (m *model) sweep(rt *rapid.T) {
	ctx := m.h.t.Context()
	for more := true; more; {
		var err error
		more, err = m.h.SweepImages(ctx)
		must(m.h.t, err)
	}
	now := m.h.clock.Now()
	for _, i := range m.images {
		i.gone = i.gone || i.Loose() && now.Sub(i.CreatedAt) > 24*time.Hour
		for _, small := range []bool{false, true} {
			b, err := m.h.OpenImage(ctx, i.Image, small)
			if err == nil {
				must(m.h.t, b.Close())
			}
			if gone := chat.CodeOf(err) == chat.NotFound; gone != i.gone {
				rt.Fatalf("%+v is to be gone: %v; opening it: %v", i.Image, i.gone, err)
			}
		}
	}
}

// compareImages asks for every image as somebody.
func (m *model) compareImages(rt *rapid.T, by chat.UserID) {
	for _, i := range m.images {
		sees := i.OwnerID == by
		if !i.Loose() {
			r := m.rooms[slices.IndexFunc(m.rooms, func(r *roomModel) bool { return r.id == i.RoomID })]
			after, member := r.members[by]
			sees = member && i.Seq > after
		}
		want := chat.NotFound
		if sees && !i.gone {
			want = ""
		}
		got, err := m.h.Image(m.h.t.Context(), by, i.ID)
		if chat.CodeOf(err) != want || err == nil && got != i.Image {
			rt.Fatalf("%+v is %+v, %v, want %q", i.Image, got, err, want)
		}
	}
}

// compareGallery compares a room's images with those of its messages, whose pages part no message's.
func (m *model) compareGallery(rt *rapid.T, r *roomModel, by chat.UserID, visible []chat.Message, limit int) {
	var want []chat.RoomImage
	left := 0
	for _, one := range slices.Backward(visible) {
		for _, i := range one.Images {
			if len(want) < limit || want[len(want)-1].Seq == one.Seq {
				want = append(want, chat.RoomImage{Image: i, SentAt: one.SentAt})
			} else {
				left++
			}
		}
	}
	got, err := m.h.RoomImages(m.h.t.Context(), by, r.id, 0, limit)
	must(m.h.t, err)
	if !slices.Equal(got.Images, want) || got.HasMore != (left > 0) {
		rt.Fatalf("the gallery is %+v, more %v\nwant %+v", got.Images, got.HasMore, want)
	}
}
