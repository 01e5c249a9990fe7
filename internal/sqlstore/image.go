package sqlstore

import (
	"fmt"
	"slices"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

const imageColumns = "i.id, i.owner_id, i.created_at, i.width, i.height, i.content_type, i.thumb_type, i.size, i.blur, i.photo, i.seq"

func imageInto(i *chat.Image) []any {
	return []any{
		&i.ID, &i.OwnerID, millis{&i.CreatedAt}, &i.Width, &i.Height, &i.ContentType, &i.ThumbType, &i.Size, &i.Blur, &i.Photo, &i.Seq,
	}
}

// imageRoom is the room's id of an image whose message is in a room that is not deleted, else "".
const (
	imageRoom = ", COALESCE(r.id, '')"
	fromImage = " FROM images i LEFT JOIN rooms r ON r.num = i.room AND r.deleted = 0"
)

func imageRoomInto(i *chat.Image) []any { return append(imageInto(i), &i.RoomID) }

// Image implements chat.Reader.
func (s *snapshot) Image(id chat.ImageID) (i chat.Image, err error) {
	err = s.one("image", imageRoomInto(&i), "SELECT "+imageColumns+imageRoom+fromImage+" WHERE i.id = ?", string(id))
	return i, err
}

// Images implements chat.Reader.
func (s *snapshot) Images(ids []chat.ImageID) ([]chat.Image, error) {
	found := []chat.Image{}
	err := chunks(ids, func(marks string, args []any) error {
		some, err := list(s, imageRoomInto, "SELECT "+imageColumns+imageRoom+fromImage+" WHERE i.id IN ("+marks+")", args...)
		found = append(found, some...)
		return err
	})
	return found, err
}

// ImageSeenBy implements chat.Reader. It is one statement, since every picture on a page begins with it.
func (s *snapshot) ImageSeenBy(id chat.ImageID, viewer chat.UserID) (i chat.Image, _ *chat.Membership, err error) {
	var m chat.Membership
	err = s.one("image", append(imageRoomInto(&i), memberInto(&m)...), "SELECT "+imageColumns+imageRoom+
		", COALESCE(m.user_id, ''), COALESCE(m.joined_at, 0), COALESCE(m.visible_after, 0), COALESCE(m.read_seq, 0),"+
		" COALESCE(m.role, ''), COALESCE(m.has_left, 0)"+fromImage+
		" LEFT JOIN memberships m ON m.room = r.num AND m.user_id = ? WHERE i.id = ?", string(viewer), string(id))
	if err != nil || m.UserID == "" {
		return i, nil, err
	}
	m.RoomID = i.RoomID
	return i, &m, nil
}

// LooseImages implements chat.Reader.
func (s *snapshot) LooseImages(owner chat.UserID) ([]chat.Image, error) {
	return s.looseImages(owner, "")
}

func (s *snapshot) looseImages(owner chat.UserID, lock string) ([]chat.Image, error) {
	return list(s, imageInto, "SELECT "+imageColumns+" FROM images i"+
		" WHERE i.owner_id = ? AND i.loose_since IS NOT NULL ORDER BY i.loose_since, i.id"+lock, string(owner))
}

// ExpiredImages implements chat.Tx; what another node removes or attaches at the moment is left out.
func (t *tx) ExpiredImages(before time.Time, limit int) ([]chat.Image, error) {
	return list(t.snapshot, imageInto, "SELECT "+imageColumns+" FROM images i"+
		" WHERE i.loose_since < ? ORDER BY i.loose_since LIMIT ?"+t.db.dialect.skipLocked(), before.UnixMilli(), limit)
}

// AllImages implements chat.Reader.
func (s *snapshot) AllImages(after chat.ImageID, limit int) ([]chat.Image, error) {
	return list(s, imageRoomInto, "SELECT "+imageColumns+imageRoom+fromImage+" WHERE i.id > ? ORDER BY i.id LIMIT ?", string(after), limit)
}

// lockImages keeps others from attaching or removing images, which are then read as they are.
func (t *tx) lockImages(ids []chat.ImageID) error {
	lock := t.db.dialect.forUpdate()
	if lock == "" {
		return nil
	}
	return chunks(ids, func(marks string, args []any) error {
		_, err := list(t.snapshot, func(id *string) []any { return []any{id} },
			"SELECT id FROM images WHERE id IN ("+marks+") ORDER BY id"+lock, args...)
		return err
	})
}

// Images implements chat.Reader.
func (t *tx) Images(ids []chat.ImageID) ([]chat.Image, error) {
	if err := t.lockImages(ids); err != nil {
		return nil, err
	}
	return t.snapshot.Images(ids)
}

// LooseImages implements chat.Reader.
func (t *tx) LooseImages(owner chat.UserID) ([]chat.Image, error) {
	return t.looseImages(owner, t.db.dialect.forUpdate())
}

// RoomImages implements chat.Reader.
func (s *snapshot) RoomImages(id chat.RoomID, floor, before int64, limit int) ([]chat.RoomImage, error) {
	num, err := s.num(id)
	if chat.CodeOf(err) == chat.NotFound {
		return []chat.RoomImage{}, nil
	}
	if err != nil {
		return nil, err
	}
	into := func(i *chat.RoomImage) []any { return append(imageInto(&i.Image), millis{&i.SentAt}) }
	// LEFT, so that the images are found first: in their order, by their index.
	const begin = "SELECT " + imageColumns + ", m.sent_at FROM images i LEFT JOIN messages m ON m.room = i.room AND m.seq = i.seq" +
		" WHERE i.room = ? AND i.seq > ?"
	const end = " ORDER BY i.seq DESC, i.place DESC LIMIT ?"
	var images []chat.RoomImage
	if before > 0 {
		images, err = list(s, into, begin+" AND i.seq < ?"+end, num, floor, before, limit)
	} else {
		images, err = list(s, into, begin+end, num, floor, limit)
	}
	// The index is walked backwards; a message's own images are to stand in their order.
	for from := 0; from < len(images); {
		to := from
		for to < len(images) && images[to].Seq == images[from].Seq {
			images[to].RoomID = id
			to++
		}
		slices.Reverse(images[from:to])
		from = to
	}
	return images, err
}

// withImages gives messages of one room their images.
func (s *snapshot) withImages(num int64, messages []message) error {
	var seqs []int64
	for i := range messages {
		if messages[i].images > 0 {
			seqs = append(seqs, messages[i].Seq)
		}
	}
	if len(seqs) == 0 {
		return nil
	}
	bySeq := make(map[int64][]chat.Image, len(seqs))
	err := chunks(seqs, func(marks string, args []any) error {
		found, err := list(s, imageInto, "SELECT "+imageColumns+" FROM images i WHERE i.room = ? AND i.seq IN ("+marks+
			") ORDER BY i.seq, i.place", append([]any{num}, args...)...)
		for _, image := range found {
			bySeq[image.Seq] = append(bySeq[image.Seq], image)
		}
		return err
	})
	for i := range messages {
		messages[i].Images = bySeq[messages[i].Seq]
	}
	return err
}

// InsertImage implements chat.Tx.
func (t *tx) InsertImage(i chat.Image) error {
	_, err := t.exec("INSERT INTO images (id, owner_id, created_at, width, height, content_type, thumb_type, size, blur,"+
		" photo, loose_since, room, seq, place) VALUES ("+placeholders(14)+")",
		string(i.ID), string(i.OwnerID), i.CreatedAt.UnixMilli(), i.Width, i.Height, i.ContentType, i.ThumbType, i.Size, i.Blur,
		false, i.CreatedAt.UnixMilli(), nil, 0, 0)
	return err
}

// attach hangs loose images on a message.
func (t *tx) attach(num int64, m chat.Message) error {
	for place, image := range m.Images {
		err := t.change("image", "UPDATE images SET loose_since = NULL, room = ?, seq = ?, place = ?"+
			" WHERE id = ? AND loose_since IS NOT NULL", num, m.Seq, place, string(image.ID))
		if err != nil {
			return err
		}
	}
	return nil
}

// UsePhoto implements chat.Tx.
func (t *tx) UsePhoto(i chat.Image) error {
	return t.change("image", "UPDATE images SET photo = 1, loose_since = NULL, width = ?, height = ?, size = ?, content_type = ?,"+
		" thumb_type = ?, blur = '' WHERE id = ? AND loose_since IS NOT NULL",
		i.Width, i.Height, i.Size, i.ContentType, i.ThumbType, string(i.ID))
}

// DeleteImages implements chat.Tx.
func (t *tx) DeleteImages(ids []chat.ImageID) error {
	return chunks(ids, func(marks string, args []any) error {
		_, err := t.exec("DELETE FROM images WHERE id IN ("+marks+")", args...)
		return err
	})
}

// PutRemovals implements chat.Tx.
func (t *tx) PutRemovals(keys []string, due time.Time) error {
	for _, key := range keys {
		if _, err := t.exec(t.db.dialect.upsert("blob_removals", []string{"blob_key"}, []string{"due_at"}), key, due.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// TakeRemovals implements chat.Tx.
func (t *tx) TakeRemovals(keys []string) (taken int, err error) {
	err = chunks(keys, func(marks string, args []any) error {
		n, err := t.exec("DELETE FROM blob_removals WHERE blob_key IN ("+marks+")", args...)
		taken += int(n)
		return err
	})
	return taken, err
}

// DueRemovals implements chat.Tx.
func (t *tx) DueRemovals(now time.Time, limit int) ([]string, error) {
	return list(t.snapshot, func(key *string) []any { return []any{key} },
		"SELECT blob_key FROM blob_removals WHERE due_at <= ? ORDER BY due_at LIMIT ?", now.UnixMilli(), limit)
}

// OrderedRemovals implements chat.Reader.
func (s *snapshot) OrderedRemovals(keys []string) ([]string, error) {
	found := []string{}
	err := chunks(keys, func(marks string, args []any) error {
		some, err := list(s, func(key *string) []any { return []any{key} },
			"SELECT blob_key FROM blob_removals WHERE blob_key IN ("+marks+")", args...)
		found = append(found, some...)
		return err
	})
	return found, err
}

// sweepImages removes up to limit images of a deleted room, and orders the removal of their blobs at once.
func (t *tx) sweepImages(num int64, limit int) (int, error) {
	images, err := list(t.snapshot, imageInto, "SELECT "+imageColumns+" FROM images i WHERE i.room = ? ORDER BY i.seq, i.place LIMIT ?", num, limit)
	if err != nil || len(images) == 0 {
		return 0, err
	}
	ids := make([]chat.ImageID, len(images))
	var keys []string
	for i, image := range images {
		ids[i] = image.ID
		keys = append(keys, image.BlobKeys()...)
	}
	if err := t.PutRemovals(keys, time.UnixMilli(0)); err != nil {
		return 0, err
	}
	return len(images), t.DeleteImages(ids)
}

// photo scans the columns of a user's photo, the first of which is NULL where there is none.
type photo struct {
	image **chat.Image
	set   func(*chat.Image, any) bool
}

const (
	photoColumns = ", p.id, p.width, p.height, p.content_type, p.size"
	photoJoin    = " LEFT JOIN images p ON p.id = u.photo_id"
)

func photoInto(u *chat.User) []any {
	return []any{
		photo{&u.Photo, nil},
		photo{&u.Photo, func(i *chat.Image, v any) bool { return whole(v, &i.Width) }},
		photo{&u.Photo, func(i *chat.Image, v any) bool { return whole(v, &i.Height) }},
		photo{&u.Photo, func(i *chat.Image, v any) (ok bool) {
			i.ContentType, ok = word(v)
			i.ThumbType = i.ContentType
			return ok
		}},
		photo{&u.Photo, func(i *chat.Image, v any) bool { return whole(v, &i.Size) }},
	}
}

// Scan implements sql.Scanner.
func (p photo) Scan(value any) error {
	switch {
	case p.set == nil && value == nil:
		*p.image = nil
	case p.set == nil:
		id, ok := word(value)
		if !ok {
			return fmt.Errorf("an image's id is stored as %T", value)
		}
		*p.image = &chat.Image{ID: chat.ImageID(id), Photo: true}
	case *p.image != nil && !p.set(*p.image, value):
		return fmt.Errorf("part of an image is stored as %T", value)
	}
	return nil
}

func word(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func whole[T ~int | ~int64](value any, into *T) bool {
	n, ok := value.(int64)
	*into = T(n)
	return ok
}
