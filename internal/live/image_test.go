package live_test

import (
	"reflect"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// A message of nothing but an image goes over the socket as any other, and its image hangs on it alone.
func TestImagesOverTheSocket(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	jisu, minho := n.person("지수"), n.person("민호")
	room := n.room(jisu, chat.NewRoom{}, minho)
	a, _ := n.connect(jisu)
	b, _ := n.connect(minho)
	image := n.picture(jisu)
	send := func(c *client, id string, images ...chat.ImageID) answer {
		m := wire.SendMessage{ClientID: id}
		for _, image := range images {
			m.ImageIDs = append(m.ImageIDs, string(image))
		}
		return c.call("message:send", wire.SendEvent{RoomID: string(room), SendMessage: m})
	}

	sent := send(a, "1", image)
	if !sent.OK || len(sent.Message.Images) != 1 || sent.Message.Images[0].ID != string(image) || sent.Message.Images[0].Blur == "" {
		t.Fatalf("%+v", sent)
	}
	if got := expect[wire.MessageEvent](b, "message"); !reflect.DeepEqual(got.Message.Images, sent.Message.Images) {
		t.Fatalf("got %+v, want %+v", got.Message.Images, sent.Message.Images)
	}
	if again := send(a, "1", image); !again.OK || again.Message.Seq != sent.Message.Seq {
		t.Fatalf("again it is %+v", again)
	}
	for what, refused := range map[string]answer{
		"an image in a second message": send(a, "2", image),
		"somebody else's":              send(b, "3", n.picture(jisu)),
		"one that never was":           send(a, "4", chat.ImageID(chat.NewID())),
	} {
		if refused.OK || refused.Error.Code != string(chat.Invalid) || refused.Error.Errors["imageIds"] != chat.FieldUnknown {
			t.Errorf("%s: %+v", what, refused.Error)
		}
	}
	b.quiet("message")

	if gone := a.call("message:delete", wire.MessageRef{RoomID: string(room), Seq: sent.Message.Seq}); !gone.OK || len(gone.Message.Images) > 0 {
		t.Fatalf("%+v", gone)
	}
	if got := expect[wire.MessageEvent](b, "message"); got.Message.Kind != wire.KindDeleted || len(got.Message.Images) > 0 {
		t.Fatalf("%+v", got.Message)
	}
	if _, err := n.Image(t.Context(), jisu.id, image); chat.CodeOf(err) != chat.NotFound {
		t.Fatal(err)
	}
}
