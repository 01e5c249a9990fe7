package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

func (a *api) imageRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/images", id: "addImage", tag: "Images",
			summary: "Upload an image", detail: "JPEG, PNG, GIF or still WebP of at most 10 MiB and 50 megapixels; what it is, its bytes say. It is turned upright, loses all metadata and is made no larger than 2,560 pixels. Attach it within 24 hours, to one message or as your photo.",
			upload: true, status: http.StatusCreated, answer: wire.ImageAnswer{},
			fails: []chat.Code{chat.Invalid, chat.ImageTooLarge, chat.UnsupportedImage, chat.RateLimited, chat.Unavailable}, serve: a.addImage,
		},
		{
			method: http.MethodGet, path: "/rooms/{id}/images", id: "listRoomImages", tag: "Images",
			summary: "A room's images", detail: "Newest message first. A message's images are never parted: a page may have up to nine more than limit. Go on with before, the last seq that you got, while hasMore.",
			query: []parameter{
				{name: "before", number: true, doc: "A seq."},
				{name: "limit", number: true, doc: "At most 200, and 50 when absent."},
			},
			status: http.StatusOK, answer: wire.RoomImagesAnswer{}, fails: []chat.Code{chat.Invalid, chat.Forbidden, chat.NotFound}, serve: a.listRoomImages,
		},
	}
}

// treatWithin is how long the answer to an upload may take once all of it is there: it may have to wait for its turn.
const treatWithin = 3 * time.Minute

func (a *api) addImage(c *call) (any, error) {
	end, err := a.chat.BeginUpload(c.by.User.ID)
	if err != nil {
		c.w.Header().Set("Connection", "close") // rather than reading what nobody wants
		return nil, err
	}
	defer end()
	file, err := a.receive(c)
	if err != nil {
		return nil, err
	}
	defer file.discard()
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(treatWithin))
	image, err := a.chat.AddImage(c.r.Context(), c.by.User.ID, file.File)
	if err != nil {
		return nil, err
	}
	return wire.ImageAnswer{Image: present.Image(image)}, nil
}

func (a *api) listRoomImages(c *call) (any, error) {
	id, err := c.roomID()
	if err != nil {
		return nil, err
	}
	before, _ := c.number("before")
	gallery, err := a.chat.RoomImages(c.r.Context(), c.by.User.ID, id, before, c.limit())
	if err != nil {
		return nil, err
	}
	return present.Gallery(gallery), nil
}

// imagePolicy is what bytes that a user uploaded may do where they are opened as a page: nothing.
const imagePolicy = "sandbox; default-src 'none'"

// slowestReader is how fast an image must be taken, in bytes a second.
const slowestReader = 16 << 10

// image serves the bytes of an image, or of its smaller form. Whoever asks may see it at that moment: what a browser has kept
// it may show again only after it has asked.
func (a *api) image(small bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a.serveImage(w, r, small); err != nil {
			a.fail(w, r, err)
		}
	}
}

func (a *api) serveImage(w http.ResponseWriter, r *http.Request, small bool) error {
	tokens := a.front.Tokens(r)
	by, err := a.auth.Look(r.Context(), tokens)
	if chat.CodeOf(err) == chat.Unauthorized && !tokens.Bearer {
		return chat.Errorf(chat.NotFound, "no such image") // as for everybody who may not see it
	}
	if err != nil {
		return err
	}
	noteUser(r.Context(), by.User.ID)
	id := r.PathValue("id")
	if !isText(id) || len(id) > 64 {
		return chat.Errorf(chat.NotFound, "no such image")
	}
	image, err := a.chat.Image(r.Context(), by.User.ID, chat.ImageID(id))
	if err != nil {
		return err
	}
	tag := `"` + image.Tag(small) + `"`
	seen := func() {
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("ETag", tag)
	}
	if matches(r.Header.Get("If-None-Match"), tag) {
		seen()
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	blob, err := a.chat.OpenImage(r.Context(), image, small)
	if err != nil {
		return err
	}
	defer func() { _ = blob.Close() }() // it was only read
	contentType := image.ContentType
	if small {
		contentType = image.ThumbType
	}
	_, ending, _ := strings.Cut(contentType, "/")
	shown := "inline"
	if r.URL.Query().Get("download") != "" {
		shown = "attachment"
	}
	seen()
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", imagePolicy)
	h.Set("Content-Disposition", shown+`; filename="maru-`+string(image.ID)+"."+ending+`"`)
	within := writeWithin + time.Duration(blob.Size()/slowestReader)*time.Second
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(within))
	http.ServeContent(w, r, "", image.CreatedAt, blob)
	return nil
}
