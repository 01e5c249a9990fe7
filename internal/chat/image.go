package chat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// ImageID names an image.
type ImageID string

// Limits of images (contract, parts 2 and 4).
const (
	MaxImages      = 10       // of a message
	MaxUploadBytes = 10 << 20 // of what is uploaded

	// looseFor is how long an image waits to be attached, and maxLoose how many of one user do: the oldest gives way.
	looseFor = 24 * time.Hour
	maxLoose = 100
)

// Image is a stored picture: upright, without metadata, with a smaller form for lists. It hangs on one message, or is its
// owner's photo, or is loose: attached to nothing yet.
type Image struct {
	ID            ImageID
	OwnerID       UserID
	CreatedAt     time.Time
	Width, Height int // in pixels
	ContentType   string
	ThumbType     string // content type of the smaller form
	Size          int64  // in bytes
	Blur          string // a BlurHash, "" of photos

	RoomID RoomID // of the message, "" for none, and where the room is deleted
	Seq    int64  // of the message, 0 for none
	Photo  bool   // its owner's photo: a square that is its own smaller form
}

// Loose reports whether the image is attached to nothing.
func (i Image) Loose() bool { return i.Seq == 0 && !i.Photo }

// The forms in which an image is stored.
const (
	formFull   = "full"
	formThumb  = "thumb"
	formSquare = "square"
)

// blobKey names the blob of one form of an image. A form never changes once it is stored.
func blobKey(id ImageID, form string) string { return "image/" + string(id) + "/" + form }

// form is the one to show.
func (i Image) form(small bool) string {
	switch {
	case i.Photo:
		return formSquare
	case small:
		return formThumb
	}
	return formFull
}

// BlobKeys names the blobs that the image consists of.
func (i Image) BlobKeys() []string {
	if i.Photo {
		return []string{blobKey(i.ID, formSquare)}
	}
	return []string{blobKey(i.ID, formFull), blobKey(i.ID, formThumb)}
}

// Tag names what the image or its smaller form consists of, for caches: bytes under one tag never change.
func (i Image) Tag(small bool) string { return string(i.ID) + "-" + i.form(small) }

// Picture is an encoded picture.
type Picture struct {
	ContentType   string // image/jpeg, image/png or image/gif
	Width, Height int
	Bytes         []byte
}

// Photo is what is kept of an upload.
type Photo struct {
	Full  Picture
	Thumb Picture // the same, smaller; of an animation its first picture
	Blur  string  // a BlurHash (github.com/woltapp/blurhash) for the time of loading, some 30 characters
}

// How many uploads may be on their way at once: each holds a file, and then waits for its turn.
const (
	maxUploads     = 10 // of one user
	maxUploadsHere = 100
)

// BeginUpload takes one of the user's turns to upload, before anything of it is read; end gives the place back. Errors:
// RateLimited, Unavailable where too many others are uploading.
func (c *Chat) BeginUpload(by UserID) (end func(), err error) {
	if err := c.limits.upload.check(by); err != nil {
		return nil, err
	}
	return c.uploads.enter(by)
}

// AddImage treats and stores an upload of at most MaxUploadBytes as a loose image of the user's. Errors: UnsupportedImage,
// ImageTooLarge, Unavailable.
func (c *Chat) AddImage(ctx context.Context, by UserID, upload io.ReadSeeker) (Image, error) {
	made, err := c.photos.Treat(ctx, upload)
	if err != nil {
		return Image{}, notTreated(err)
	}
	image := Image{
		ID: ImageID(NewID()), OwnerID: by, CreatedAt: c.now(), Width: made.Full.Width, Height: made.Full.Height,
		ContentType: made.Full.ContentType, ThumbType: made.Thumb.ContentType, Size: int64(len(made.Full.Bytes)), Blur: made.Blur,
	}
	return keepBlobs(ctx, c, []Picture{made.Full, made.Thumb}, image.BlobKeys(), func(tx Tx) (Image, error) {
		if _, err := actor(tx, by); err != nil {
			return Image{}, err
		}
		loose, err := tx.LooseImages(by)
		if err != nil {
			return Image{}, err
		}
		if len(loose) >= maxLoose {
			if err := c.removeImages(tx, loose[:len(loose)-maxLoose+1]); err != nil {
				return Image{}, err
			}
		}
		return image, tx.InsertImage(image)
	})
}

// notTreated is what a failure to treat an upload is to whom it is told.
func notTreated(err error) error {
	if _, ours := errors.AsType[*Error](err); ours {
		return err
	}
	return &Error{Code: Unavailable, Message: "the picture could not be treated at the moment", RetryAfter: time.Second, Cause: err}
}

// How long storing the blobs of one image may take, and after how long what nobody came back for is removed. The latter must
// be longer by far.
const (
	storingWithin  = 2 * time.Minute
	abandonedAfter = time.Hour
)

// keepBlobs stores pictures under keys, and has fn make them part of the database. Their removal is ordered first and called
// off in fn's transaction: whatever ends in between leaves nothing behind for long.
func keepBlobs[T any](ctx context.Context, c *Chat, pictures []Picture, keys []string, fn func(Tx) (T, error)) (out T, err error) {
	ctx, cancel := context.WithTimeout(ctx, storingWithin)
	defer cancel()
	due := c.now().Add(abandonedAfter)
	if err := c.store.Write(ctx, func(tx Tx) error { return tx.PutRemovals(keys, due) }); err != nil {
		return out, err
	}
	for i, p := range pictures {
		if err = c.blobs.Put(ctx, keys[i], p.ContentType, bytes.NewReader(p.Bytes), int64(len(p.Bytes))); err != nil {
			break
		}
	}
	late := false
	if err == nil {
		out, err = write(ctx, c.store, func(tx Tx) (out T, err error) {
			n, err := tx.TakeRemovals(keys)
			late = err == nil && n < len(keys)
			switch {
			case err != nil:
				return out, err
			case late:
				return out, Errorf(Unavailable, "storing the image took too long; try again")
			}
			return fn(tx)
		})
	}
	if err != nil {
		// Where this fails too they go later, as ordered.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		removed := c.store.Write(after, func(tx Tx) error {
			n, err := tx.TakeRemovals(keys)
			if err != nil || n == 0 && !late { // it was called off: fn took place, and the database was lost before it said so
				return err
			}
			return tx.PutRemovals(keys, atOnce)
		})
		if removed == nil {
			c.wakeSweeper()
		}
	}
	return out, err
}

// attachable returns loose images of the user's in the order of the ids, each named once.
func attachable(r Reader, by UserID, field string, ids []ImageID) ([]Image, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := r.Images(ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[ImageID]Image, len(found))
	for _, image := range found {
		byID[image.ID] = image
	}
	images := make([]Image, len(ids))
	for i, id := range ids {
		image, there := byID[id]
		if !there || image.OwnerID != by || !image.Loose() {
			return nil, InvalidField(field, FieldUnknown)
		}
		images[i] = image
		delete(byID, id)
	}
	return images, nil
}

// removeImages forgets images, which nothing refers to any more, and orders the removal of their blobs.
func (c *Chat) removeImages(tx Tx, images []Image) error {
	if len(images) == 0 {
		return nil
	}
	ids := make([]ImageID, len(images))
	var keys []string
	for i, image := range images {
		ids[i] = image.ID
		keys = append(keys, image.BlobKeys()...)
	}
	if err := tx.DeleteImages(ids); err != nil {
		return err
	}
	tx.AfterCommit(c.wakeSweeper)
	return tx.PutRemovals(keys, atOnce)
}

// Image returns an image that the asker may see now. Errors: NotFound, also for one that they may not see.
func (c *Chat) Image(ctx context.Context, by UserID, id ImageID) (Image, error) {
	return read(ctx, c.store, func(r Reader) (Image, error) {
		image, membership, err := r.ImageSeenBy(id, by)
		if err == nil && !maySeeImage(by, image, membership) {
			err = errNotFound("image")
		}
		return image, err
	})
}

// OpenImage opens what Image returned, or its smaller form. Errors: NotFound where it was removed meanwhile, Unavailable.
func (c *Chat) OpenImage(ctx context.Context, image Image, small bool) (Blob, error) {
	return c.blobs.Open(ctx, blobKey(image.ID, image.form(small)))
}

// RoomImage is an image of a room's gallery.
type RoomImage struct {
	Image
	SentAt time.Time
}

// Gallery is a page of a room's images, newest message first, and in a message in its order.
type Gallery struct {
	Images  []RoomImage
	Users   []User // who sent them
	HasMore bool
}

// RoomImages returns images of messages that the asker may see, of messages before a seq, 0 for the newest. A message's images
// are never parted, so that a page may be longer than limit by MaxImages-1.
func (c *Chat) RoomImages(ctx context.Context, by UserID, id RoomID, before int64, limit int) (Gallery, error) {
	limit, err := pageSize(limit)
	if err != nil {
		return Gallery{}, err
	}
	if before < 0 {
		return Gallery{}, InvalidField("before", FieldMalformed)
	}
	return read(ctx, c.store, func(r Reader) (Gallery, error) {
		v, err := enter(r, by, id)
		if err != nil {
			return Gallery{}, err
		}
		if !v.mayRead() {
			return Gallery{}, v.refusal()
		}
		images, err := r.RoomImages(id, v.Membership.VisibleAfter, before, limit+MaxImages)
		if err != nil {
			return Gallery{}, err
		}
		end := min(limit, len(images))
		for end > 0 && end < len(images) && images[end].Seq == images[end-1].Seq {
			end++
		}
		out := Gallery{Images: images[:end], HasMore: end < len(images)}
		senders := make([]UserID, end)
		for i, image := range out.Images {
			senders[i] = image.OwnerID
		}
		out.Users, err = r.Users(distinct(senders))
		return out, err
	})
}

// wakeSweeper tells that blobs wait to be removed now.
func (c *Chat) wakeSweeper() {
	select {
	case c.removals <- struct{}{}:
	default: // it is awake
	}
}

// RemovalsDue tells when SweepImages has something to do at once.
func (c *Chat) RemovalsDue() <-chan struct{} { return c.removals }

// atOnce is when a removal is due now, also where the clock was set back since.
var atOnce = time.UnixMilli(0)

const (
	sweptAtOnce = 100
	retryAfter  = time.Minute // a store that could not remove something
)

// SweepImages removes images that were not attached in time, and blobs whose removal is due. more tells that there is more
// to do now. What cannot be removed is tried again later.
func (c *Chat) SweepImages(ctx context.Context) (more bool, err error) {
	now := c.now()
	keys, err := write(ctx, c.store, func(tx Tx) ([]string, error) {
		old, err := tx.ExpiredImages(now.Add(-looseFor), sweptAtOnce)
		if err != nil {
			return nil, err
		}
		if err := c.removeImages(tx, old); err != nil {
			return nil, err
		}
		return tx.DueRemovals(now, sweptAtOnce)
	})
	if err != nil || len(keys) == 0 {
		return false, err
	}
	if err := c.blobs.Delete(ctx, keys...); err != nil {
		postponed := c.store.Write(ctx, func(tx Tx) error { return tx.PutRemovals(keys, now.Add(retryAfter)) })
		return false, errors.Join(err, postponed)
	}
	_, err = write(ctx, c.store, func(tx Tx) (int, error) { return tx.TakeRemovals(keys) })
	return len(keys) == sweptAtOnce, err
}
