package chat

import (
	"context"
	"slices"
	"strings"
)

// Orphans are what stands on one side alone: a crash, a restored backup or a lost disk may leave them.
type Orphans struct {
	Images int         // how many images the database knows
	Stored int         // how many blobs the store has
	Blobs  []BlobEntry // that belong to no image, and whose removal is not ordered
	Lost   []Image     // whose bytes are gone, all or some
}

const lookedAtOnce = 500

// FindOrphans compares every image with every blob. What is younger than an hour may be on its way, and is left out.
func (c *Chat) FindOrphans(ctx context.Context) (Orphans, error) {
	var out Orphans
	begun := c.now()
	young := begun.Add(-abandonedAfter)
	// The blobs first: what is stored from here on is not missed, and what is attached from here on is not lost.
	stored := map[ImageID][]BlobEntry{}
	err := c.blobs.List(ctx, func(e BlobEntry) error {
		out.Stored++
		stored[imageOf(e.Key)] = append(stored[imageOf(e.Key)], e)
		return nil
	})
	if err != nil {
		return Orphans{}, err
	}
	for after := ImageID(""); ; {
		images, err := read(ctx, c.store, func(r Reader) ([]Image, error) { return r.AllImages(after, lookedAtOnce) })
		if err != nil {
			return Orphans{}, err
		}
		for _, image := range images {
			out.Images++
			there, lost := stored[image.ID], false
			for _, key := range image.BlobKeys() {
				i := slices.IndexFunc(there, func(e BlobEntry) bool { return e.Key == key })
				if i < 0 {
					lost = true
				} else {
					there = slices.Delete(there, i, i+1)
				}
			}
			stored[image.ID] = there
			if lost && image.CreatedAt.Before(begun) {
				out.Lost = append(out.Lost, image)
			}
		}
		if len(images) < lookedAtOnce {
			break
		}
		after = images[len(images)-1].ID
	}
	for _, entries := range stored {
		for _, e := range entries {
			if e.Modified.Before(young) {
				out.Blobs = append(out.Blobs, e)
			}
		}
	}
	return c.confirm(ctx, out)
}

// imageOf returns the image that a blob says to be of.
func imageOf(key string) ImageID {
	parts := strings.Split(key, "/")
	return ImageID(parts[min(1, len(parts)-1)])
}

// confirm looks again at what seems to be alone: a lost image may have been deleted since, and a blob may be about to be removed.
func (c *Chat) confirm(ctx context.Context, o Orphans) (Orphans, error) {
	lost := o.Lost
	o.Lost = nil
	for _, image := range lost {
		for _, key := range image.BlobKeys() {
			blob, err := c.blobs.Open(ctx, key)
			if err == nil {
				_ = blob.Close() // nothing was read
				continue
			}
			if CodeOf(err) != NotFound {
				return Orphans{}, err
			}
			again, err := read(ctx, c.store, func(r Reader) (Image, error) { return r.Image(image.ID) })
			if err != nil && !isNotFound(err) {
				return Orphans{}, err
			}
			if err == nil && again.Photo == image.Photo {
				o.Lost = append(o.Lost, again)
			}
			break
		}
	}
	keys := make([]string, len(o.Blobs))
	for i, e := range o.Blobs {
		keys[i] = e.Key
	}
	ordered, err := read(ctx, c.store, func(r Reader) ([]string, error) { return r.OrderedRemovals(keys) })
	if err != nil || len(ordered) == 0 {
		return o, err
	}
	known := make(map[string]bool, len(ordered))
	for _, key := range ordered {
		known[key] = true
	}
	o.Blobs = slices.DeleteFunc(o.Blobs, func(e BlobEntry) bool { return known[e.Key] })
	return o, nil
}

// RemoveOrphans removes what FindOrphans found: blobs are removed from the store, and lost images from their messages, which are
// deleted where nothing else is in them, and from their users.
func (c *Chat) RemoveOrphans(ctx context.Context, o Orphans) error {
	for _, image := range o.Lost {
		if err := c.store.Write(ctx, func(tx Tx) error { return c.forgetLost(tx, image) }, roomsOf(image)...); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(o.Blobs, sweptAtOnce) {
		keys := make([]string, len(some))
		for i, e := range some {
			keys[i] = e.Key
		}
		if err := c.store.Write(ctx, func(tx Tx) error { return tx.PutRemovals(keys, atOnce) }); err != nil {
			return err
		}
	}
	for more := true; more; {
		var err error
		if more, err = c.SweepImages(ctx); err != nil {
			return err
		}
	}
	return nil
}

// roomsOf names the room of an image's message.
func roomsOf(i Image) []RoomID {
	if i.RoomID == "" {
		return nil
	}
	return []RoomID{i.RoomID}
}

// forgetLost takes an image from where it hangs.
func (c *Chat) forgetLost(tx Tx, image Image) error {
	image, err := tx.Image(image.ID)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case image.Photo:
		user, err := tx.LockUser(image.OwnerID)
		if err != nil {
			return err
		}
		if user.Photo != nil && user.Photo.ID == image.ID { // else they have another one since
			user.Photo = nil
			if err := tx.UpdateUser(user); err != nil {
				return err
			}
			c.publish(tx, UserChanged{User: user})
		}
	case image.RoomID != "":
		if err := c.takeFromMessage(tx, image); err != nil {
			return err
		}
	}
	return c.removeImages(tx, []Image{image})
}

func (c *Chat) takeFromMessage(tx Tx, image Image) error {
	room, err := tx.LockRoom(image.RoomID)
	if err != nil {
		return err
	}
	m, err := tx.Message(room.ID, image.Seq)
	if err != nil {
		return err
	}
	m.Images = slices.DeleteFunc(m.Images, func(other Image) bool { return other.ID == image.ID })
	if len(m.Images) == 0 && m.Text == "" {
		m.Kind, m.ReplyTo = KindDeleted, 0
	}
	room.Head++
	m.Rev = room.Head
	if err := tx.UpdateMessage(m); err != nil {
		return err
	}
	if err := tx.UpdateRoom(room); err != nil {
		return err
	}
	author, err := tx.User(m.SenderID)
	if err != nil {
		return err
	}
	c.publish(tx, MessageChanged{Message: m, User: author})
	return nil
}
