package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// image stores a loose image.
func (s *store) image(owner chat.User, ms int64) chat.Image {
	s.t.Helper()
	i := chat.Image{
		ID: chat.ImageID(unique("i")), OwnerID: owner.ID, CreatedAt: at(ms), Width: 640, Height: 480, ContentType: "image/jpeg",
		ThumbType: "image/png", Size: 1234, Blur: "L4G[ye%M",
	}
	s.write(func(tx chat.Tx) error { return tx.InsertImage(i) })
	return i
}

// attached is an image that hangs on a message.
func attached(i chat.Image, room chat.RoomID, seq int64) chat.Image {
	i.RoomID, i.Seq = room, seq
	return i
}

func (s *store) loadImage(id chat.ImageID) chat.Image {
	s.t.Helper()
	return get(s, func(r chat.Reader) (chat.Image, error) { return r.Image(id) })
}

func images(t *testing.T, s *store) {
	ctx := t.Context()
	u, v := s.user("U"), s.user("V")
	r := s.room(u)
	a, b, c := s.image(u, 3), s.image(u, 1), s.image(u, 2)
	theirs := s.image(v, 4)
	equal(t, s.loadImage(a.ID), a)
	_, err := read1(s, func(q chat.Reader) (chat.Image, error) { return q.Image("none") })
	s.code(err, chat.NotFound)
	equal(t, get(s, func(q chat.Reader) ([]chat.Image, error) { return q.LooseImages(u.ID) }), []chat.Image{b, c, a})
	equal(t, len(get(s, func(q chat.Reader) ([]chat.Image, error) { return q.Images([]chat.ImageID{a.ID, "none", theirs.ID}) })), 2)
	equal(t, len(get(s, func(q chat.Reader) ([]chat.Image, error) { return q.Images(nil) })), 0)

	// A message has its images wherever it is read, in their order.
	var m chat.Message
	s.write(func(tx chat.Tx) (err error) {
		m, err = say(tx, r.ID, chat.Message{SenderID: u.ID, Images: []chat.Image{c, a}})
		return err
	})
	want := []chat.Image{attached(c, r.ID, m.Seq), attached(a, r.ID, m.Seq)}
	plain := s.say(r, u, "plain")
	for what, got := range map[string]chat.Message{
		"by seq":   get(s, func(q chat.Reader) (chat.Message, error) { return q.Message(r.ID, m.Seq) }),
		"in pages": get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Messages(r.ID, chat.Page{After: -1, Limit: 5}) })[m.Seq-1],
		"changes":  get(s, func(q chat.Reader) ([]chat.Message, error) { return q.Changes(r.ID, m.Rev-1, 0, 5) })[0],
	} {
		t.Log(what)
		equal(t, got.Images, want)
	}
	equal(t, get(s, func(q chat.Reader) (chat.Message, error) { return q.Message(r.ID, plain.Seq) }).Images, nil)

	// Attached is attached: not to another message, not as a photo; and what fails leaves nothing.
	for _, again := range [][]chat.Image{{a}, {b, a}, {b, b}} {
		s.code(s.Write(ctx, func(tx chat.Tx) error {
			_, err := say(tx, r.ID, chat.Message{SenderID: u.ID, Images: again})
			return err
		}), chat.NotFound)
	}
	s.code(s.Write(ctx, func(tx chat.Tx) error { return tx.UsePhoto(a) }), chat.NotFound)
	equal(t, s.loadImage(b.ID).Loose(), true)
	equal(t, get(s, func(q chat.Reader) (chat.Room, error) { return q.Room(r.ID) }).Head, plain.Seq)

	// An edit leaves them, unless it says otherwise; a deletion takes them.
	m.Images = want
	edit := s.alter(m, edited("with words"))
	equal(t, get(s, func(q chat.Reader) (chat.Message, error) { return q.Message(r.ID, m.Seq) }), edit)
	var gone chat.Message
	s.write(func(tx chat.Tx) error {
		return tx.DeleteImages([]chat.ImageID{a.ID, c.ID, "none"})
	})
	gone = s.alter(edit, func(m *chat.Message) {
		erased(m)
		m.Images = nil
	})
	equal(t, get(s, func(q chat.Reader) (chat.Message, error) { return q.Message(r.ID, m.Seq) }), gone)
	_, err = read1(s, func(q chat.Reader) (chat.Image, error) { return q.Image(a.ID) })
	s.code(err, chat.NotFound)

	// What is old and loose.
	for limit, want := range map[int][]chat.Image{1: {b}, 9: {b, theirs}} {
		var old []chat.Image
		s.write(func(tx chat.Tx) (err error) {
			old, err = tx.ExpiredImages(at(5), limit)
			return err
		})
		equal(t, old, want)
	}
	all := []chat.Image{b, theirs}
	slices.SortFunc(all, func(a, b chat.Image) int { return cmpString(a.ID, b.ID) })
	equal(t, get(s, func(q chat.Reader) ([]chat.Image, error) { return q.AllImages("", 5) }), all)
	equal(t, get(s, func(q chat.Reader) ([]chat.Image, error) { return q.AllImages(all[0].ID, 5) }), all[1:])
}

func cmpString[T ~string](a, b T) int {
	if a < b {
		return -1
	}
	return 1
}

// Who looks at an image has their membership of its room found with it.
func imagesSeen(t *testing.T, s *store) {
	u, member, stranger := s.user("U"), s.user("M"), s.user("S")
	r := s.room(u, member)
	i := s.image(u, 1)
	seen := func(by chat.User) (image chat.Image, m *chat.Membership) {
		s.read(func(q chat.Reader) (err error) {
			image, m, err = q.ImageSeenBy(i.ID, by.ID)
			return err
		})
		return image, m
	}
	if image, m := seen(u); m != nil || image.ID != i.ID || !image.Loose() {
		t.Fatalf("%+v %+v", image, m)
	}
	var sent chat.Message
	s.write(func(tx chat.Tx) (err error) {
		sent, err = say(tx, r.ID, chat.Message{SenderID: u.ID, Images: []chat.Image{i}})
		return err
	})
	image, m := seen(member)
	equal(t, image, attached(i, r.ID, sent.Seq))
	equal(t, *m, get(s, func(q chat.Reader) (chat.Membership, error) { return q.Membership(r.ID, member.ID) }))
	if _, m := seen(stranger); m != nil {
		t.Fatalf("%+v", m)
	}
	s.code(s.Read(t.Context(), func(q chat.Reader) error {
		_, _, err := q.ImageSeenBy("none", u.ID)
		return err
	}), chat.NotFound)
	s.remove(r.ID)
	if image, m := seen(member); image.RoomID != "" || image.Seq == 0 || m != nil {
		t.Fatalf("of a deleted room: %+v %+v", image, m)
	}
}

func roomImages(t *testing.T, s *store) {
	u := s.user("U")
	r, other := s.room(u), s.room(u)
	var want []chat.RoomImage
	for n := range 4 {
		var some []chat.Image
		for k := range n {
			some = append(some, s.image(u, int64(k)))
		}
		for _, in := range []chat.Room{r, other} {
			if in.ID == other.ID {
				some = []chat.Image{s.image(u, 1)}
			}
			var m chat.Message
			s.write(func(tx chat.Tx) (err error) {
				m, err = say(tx, in.ID, chat.Message{SenderID: u.ID, Text: "t", Images: some})
				return err
			})
			if in.ID == r.ID {
				var page []chat.RoomImage
				for _, i := range some {
					page = append(page, chat.RoomImage{Image: attached(i, r.ID, m.Seq), SentAt: m.SentAt})
				}
				want = append(page, want...)
			}
		}
	}
	page := func(floor, before int64, limit int) []chat.RoomImage {
		t.Helper()
		return get(s, func(q chat.Reader) ([]chat.RoomImage, error) { return q.RoomImages(r.ID, floor, before, limit) })
	}
	newest := want[0].Seq
	equal(t, page(0, 0, 10), want)
	equal(t, page(0, newest, 10), want[3:])
	equal(t, page(newest-1, 0, 10), want[:3])
	equal(t, page(newest, 0, 10), []chat.RoomImage{})
	equal(t, page(0, newest, 2), want[3:5])
	equal(t, get(s, func(q chat.Reader) ([]chat.RoomImage, error) { return q.RoomImages("none", 0, 0, 5) }), []chat.RoomImage{})

	// A deleted room leaves rows and blobs to be swept.
	s.remove(r.ID)
	equal(t, page(0, 0, 10), []chat.RoomImage{})
	for n := 1; n > 0; {
		var err error
		n, err = s.SweepDeletedRooms(t.Context(), 2)
		s.ok(err)
		if n > 2 {
			t.Fatalf("swept %d rows at once", n)
		}
	}
	s.write(func(tx chat.Tx) error {
		keys, err := tx.DueRemovals(at(0), 100)
		if err == nil && len(keys) != 2*len(want) {
			t.Errorf("%d blobs are to be removed, want %d", len(keys), 2*len(want))
		}
		return err
	})
	_, err := read1(s, func(q chat.Reader) (chat.Image, error) { return q.Image(want[0].ID) })
	s.code(err, chat.NotFound)
}

// A user's photo comes with the user, however they are read.
func photos(t *testing.T, s *store) {
	u := s.user("Photographed")
	r := s.room(u)
	i := s.image(u, 1)
	square := i
	square.Photo, square.Width, square.Height, square.Size, square.Blur = true, 256, 256, 99, ""
	square.ContentType, square.ThumbType = "image/png", "image/png"
	check := func(want *chat.Image) {
		t.Helper()
		found := map[string]chat.User{
			"User":     get(s, func(q chat.Reader) (chat.User, error) { return q.User(u.ID) }),
			"Users":    get(s, func(q chat.Reader) ([]chat.User, error) { return q.Users([]chat.UserID{u.ID}) })[0],
			"Visitor":  get(s, func(q chat.Reader) (v chat.User, err error) { v, _, err = q.Visitor(r.ID, u.ID); return v, err }),
			"FindUser": get(s, func(q chat.Reader) ([]chat.User, error) { return q.FindUsers("photographed", 1) })[0],
		}
		// In a write that locks the room, as every send does: what earlier ones knew must be forgotten.
		s.write(func(tx chat.Tx) error {
			if _, err := tx.LockRoom(r.ID); err != nil {
				return err
			}
			v, _, err := tx.Visitor(r.ID, u.ID)
			found["Tx.Visitor"] = v
			return err
		})
		credentials, _, err := s.CredentialsOf(t.Context(), u.ID)
		s.ok(err)
		found["CredentialsOf"] = credentials
		for by, got := range found {
			switch {
			case want == nil && got.Photo != nil, want != nil && got.Photo == nil:
				t.Errorf("%s: photo is %+v", by, got.Photo)
			case want != nil && (got.Photo.ID != want.ID || got.Photo.Width != want.Width || got.Photo.Height != want.Height ||
				got.Photo.Size != want.Size || got.Photo.ContentType != want.ContentType || !got.Photo.Photo):
				t.Errorf("%s: %+v, want %+v", by, *got.Photo, *want)
			}
		}
	}
	check(nil)
	s.write(func(tx chat.Tx) error {
		if err := tx.UsePhoto(square); err != nil {
			return err
		}
		user := u
		user.Photo = &square
		return tx.UpdateUser(user)
	})
	check(&square)
	equal(t, s.loadImage(i.ID), square)
	s.write(func(tx chat.Tx) error {
		_, err := tx.LockRoom(r.ID)
		return err
	})
	s.write(func(tx chat.Tx) error { return tx.UpdateUser(u) })
	check(nil)
}

func removals(t *testing.T, s *store) {
	put := func(due time.Time, keys ...string) {
		t.Helper()
		s.write(func(tx chat.Tx) error { return tx.PutRemovals(keys, due) })
	}
	due := func(now time.Time, limit int, want ...string) {
		t.Helper()
		var got []string
		s.write(func(tx chat.Tx) (err error) {
			got, err = tx.DueRemovals(now, limit)
			return err
		})
		equal(t, got, append([]string{}, want...))
	}
	put(at(20), "image/b/full")
	put(at(10), "image/a/full")
	put(at(30), "image/c/full", "image/c/thumb")
	due(at(9), 9)
	due(at(10), 9, "image/a/full")
	due(at(99), 2, "image/a/full", "image/b/full")
	put(at(40), "image/a/full") // put off
	due(at(25), 9, "image/b/full")
	equal(t, get(s, func(q chat.Reader) ([]string, error) {
		return q.OrderedRemovals([]string{"image/b/full", "image/none/full"})
	}), []string{"image/b/full"})
	var taken int
	s.write(func(tx chat.Tx) (err error) {
		taken, err = tx.TakeRemovals([]string{"image/b/full", "image/none/full", "image/c/full"})
		return err
	})
	equal(t, taken, 2)
	due(at(99), 9, "image/c/thumb", "image/a/full")
}
