package httpapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/photo/phototest"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/test/s3"
)

// form is a body that is no JSON.
type form struct {
	kind string
	body io.Reader
}

// formOf is what a browser sends of a file.
func formOf(t testing.TB, field, fileName, kind string, content []byte) form {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, field, fileName)}, "Content-Type": {kind},
	})
	if err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	return form{m.FormDataContentType(), &b}
}

func (p *person) upload(content []byte) answer {
	p.t.Helper()
	return p.do("POST", "/images", formOf(p.t, "file", "photo.jpg", "image/jpeg", content))
}

// image uploads a picture that is small and good.
func (p *person) image() wire.Image {
	p.t.Helper()
	a := p.upload(phototest.PNG(p.t, phototest.Quarters(90, 60))).is(p.t, "201")
	return into[wire.ImageAnswer](p.t, a).Image
}

// send sends a message over HTTP.
func (p *person) send(room, clientID string, body wire.SendMessage) answer {
	p.t.Helper()
	body.ClientID = clientID
	return p.do("POST", "/rooms/"+room+"/messages", body)
}

// photograph sends an image as a message.
func (p *person) photograph(room string) (wire.Image, wire.Message) {
	p.t.Helper()
	image := p.image()
	a := p.send(room, chat.NewID(), wire.SendMessage{ImageIDs: []string{image.ID}}).is(p.t, "201")
	return image, into[wire.MessageAnswer](p.t, a).Message
}

// swept has the sweeper do all it has to do now.
func (w *world) swept() {
	w.t.Helper()
	for more := true; more; {
		var err error
		more, err = w.chat.SweepImages(w.t.Context())
		must(w.t, err)
	}
}

// stored lists the keys of all blobs.
func (w *world) stored() []string {
	w.t.Helper()
	var keys []string
	must(w.t, w.blobs.List(w.t.Context(), func(e chat.BlobEntry) error { keys = append(keys, e.Key); return nil }))
	slices.Sort(keys)
	return keys
}

// onBoth runs a test on a folder and on a real S3 server.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("disk", func(t *testing.T) { test(t, start(t, nil)) })
	t.Run("s3", func(t *testing.T) {
		server := s3.Start(t)
		server.Bucket("images")
		bucket, err := blob.Open(t.Context(), fmt.Sprintf("s3://images?endpoint=%s&region=%s", server.Endpoint(), s3.Region), blob.Options{})
		must(t, err)
		t.Cleanup(func() { must(t, bucket.Close()) })
		test(t, startOn(t, bucket, nil))
	})
}

// A photo that says where it was taken goes in sideways, and comes out upright and silent, in every form, in both stores; when its
// message is deleted the bytes are gone.
func TestAPhotosLife(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		jisu, minho := w.join("지수"), w.join("민호")
		room := jisu.room(chat.NewRoom{}, minho)
		upload := phototest.JPEG(t, phototest.Held(phototest.Quarters(1200, 800), 6), phototest.Tags(6))
		image := into[wire.ImageAnswer](t, jisu.upload(upload).is(t, "201")).Image
		if image.Width != 1200 || image.Height != 800 || image.ContentType != "image/jpeg" || len(image.Blur) < 6 ||
			image.URL != "/images/"+image.ID || image.ThumbURL != image.URL+"/thumb" {
			t.Fatalf("%+v", image)
		}
		sent := into[wire.MessageAnswer](t, jisu.send(room, "1", wire.SendMessage{Text: "저녁", ImageIDs: []string{image.ID}}).is(t, "201")).Message
		if len(sent.Images) != 1 || sent.Images[0] != image || sent.Text != "저녁" {
			t.Fatalf("%+v", sent)
		}
		for path, width := range map[string]int{image.URL: 1200, image.ThumbURL: 640} {
			got := minho.fetch("GET", path, nil).is(t, "200")
			for name, want := range map[string]string{
				"Content-Type": "image/jpeg", "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff",
				"Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
				"Content-Disposition": `inline; filename="maru-` + image.ID + `.jpeg"`, "Accept-Ranges": "bytes",
				"Content-Length": fmt.Sprint(len(got.body)),
			} {
				if got.header.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", path, name, got.header.Get(name), want)
				}
			}
			picture := chat.Picture{ContentType: "image/jpeg", Width: width, Height: width * 2 / 3, Bytes: []byte(got.body)}
			phototest.Silent(t, picture)
			if path == image.ThumbURL {
				picture.Height = 427
			} else if int64(len(got.body)) != image.Size {
				t.Errorf("%d bytes, said to be %d", len(got.body), image.Size)
			}
			phototest.SameQuarters(t, phototest.Decode(t, picture))

			tag := got.header.Get("ETag")
			minho.header = map[string]string{"If-None-Match": tag}
			if again := minho.fetch("GET", path, nil).is(t, "304"); again.body != "" || again.header.Get("ETag") != tag || again.header.Get("Cache-Control") != "private, no-cache" {
				t.Errorf("304: %v", again.header)
			}
			minho.header = map[string]string{"Range": "bytes=100-199"}
			if part := minho.fetch("GET", path, nil).is(t, "206"); part.body != got.body[100:200] {
				t.Error("a range is something else")
			}
			minho.header = map[string]string{"Range": "bytes=99999999-"}
			minho.fetch("GET", path, nil).is(t, "416")
			minho.header = nil
			if head := minho.fetch("HEAD", path, nil).is(t, "200"); head.body != "" || head.header.Get("Content-Length") != fmt.Sprint(len(got.body)) {
				t.Errorf("HEAD: %v", head.header)
			}
			if saved := minho.fetch("GET", path+"?download=1", nil).is(t, "200"); !strings.HasPrefix(saved.header.Get("Content-Disposition"), "attachment;") {
				t.Error(saved.header)
			}
		}
		if keys := w.stored(); len(keys) != 2 {
			t.Fatalf("stored: %v", keys)
		}
		gone := into[wire.MessageAnswer](t, jisu.do("DELETE", fmt.Sprintf("/rooms/%s/messages/%d", room, sent.Seq), nil).is(t, "200")).Message
		if gone.Images != nil {
			t.Errorf("%+v", gone)
		}
		for _, path := range []string{image.URL, image.ThumbURL} {
			minho.header = map[string]string{"If-None-Match": `"` + image.ID + `-full", "` + image.ID + `-thumb"`}
			minho.fetch("GET", path, nil).is(t, "404 not_found")
			jisu.fetch("GET", path, nil).is(t, "404 not_found")
		}
		w.swept()
		if keys := w.stored(); len(keys) != 0 {
			t.Fatalf("still stored: %v", keys)
		}
	})
}

// Who may see the bytes of an image: whoever may see its message now, and while it hangs nowhere its owner. To everybody else it
// is not there.
func TestWhoSeesAnImage(t *testing.T) {
	const see, hid = "200", "404 not_found"
	w := start(t, nil)
	admin := w.join("관리")
	owner, member, ex, stranger, late := w.join("지수"), w.join("민호"), w.join("떠난"), w.join("서연"), w.join("늦은")
	public := owner.room(chat.NewRoom{}, member, ex)
	private := owner.room(chat.NewRoom{Kind: chat.Private})
	direct, err := w.chat.OpenDirect(t.Context(), chat.UserID(owner.user.ID), chat.UserID(member.user.ID))
	must(t, err)
	sinceJoin := owner.room(chat.NewRoom{History: chat.HistorySinceJoin}, member)
	var image [5]wire.Image
	image[0], _ = owner.photograph(public)
	image[1], _ = owner.photograph(private)
	image[2], _ = owner.photograph(string(direct.Room.ID))
	image[3], _ = owner.photograph(sinceJoin)
	image[4] = owner.image()
	must(t, w.chat.Leave(t.Context(), chat.UserID(ex.user.ID), chat.RoomID(public)))
	_, err = w.chat.Join(t.Context(), chat.UserID(late.user.ID), chat.RoomID(sinceJoin))
	must(t, err)
	for who, row := range map[*person][5]string{
		owner: {see, see, see, see, see}, member: {see, hid, see, see, hid}, ex: {hid, hid, hid, hid, hid},
		stranger: {hid, hid, hid, hid, hid}, admin: {hid, hid, hid, hid, hid}, late: {hid, hid, hid, hid, hid},
		w.visitor(): {hid, hid, hid, hid, hid},
	} {
		for i, want := range row {
			for _, path := range []string{image[i].URL, image[i].ThumbURL} {
				who.header = map[string]string{"If-None-Match": "*"}
				if want == see {
					who.header = nil
				}
				if got := who.fetch("GET", path, nil).code(); got != want {
					t.Errorf("%q sees image %d as %s, want %s", who.user.Name, i, got, want)
				}
				who.header = nil
			}
		}
	}
	for _, path := range []string{
		"/images/", "/images/aaaaaaaaaaaaaaaa", "/images/aaaaaaaaaaaaaaaa/thumb", "/images/..%2f..%2fsecret", "/images/%00", "/images/%ff",
		"/images/" + image[0].ID + "/full", "/images/" + image[0].ID + "/thumb/", "/images/" + strings.ToUpper(image[0].ID), "/images/" + strings.Repeat("a", 5000),
	} {
		owner.fetch("GET", path, nil).is(t, hid)
	}
	owner.fetch("POST", image[0].URL, nil).is(t, hid)

	// Leaving, and the room's end, take the sight away at once.
	member.do("DELETE", "/rooms/"+public+"/members/me", nil).is(t, "204")
	member.fetch("GET", image[0].URL, nil).is(t, hid)
	owner.do("DELETE", "/rooms/"+private, nil).is(t, "204")
	owner.fetch("GET", image[1].URL, nil).is(t, hid)
}

// A picture on a page cannot log in again: as long as its session lives it is served, without using up the refresh token.
func TestPicturesOutliveTheAccessToken(t *testing.T) {
	w := start(t, nil)
	jisu := w.join("지수")
	image, _ := jisu.photograph(jisu.room(chat.NewRoom{}))
	w.clock.move(auth.AccessLife + time.Minute)
	jisu.do("GET", "/me", nil).is(t, "401 unauthorized")
	before := jisu.cookies["maru_refresh"]
	if a := jisu.fetch("GET", image.URL, nil).is(t, "200"); a.header.Get("Set-Cookie") != "" || jisu.cookies["maru_refresh"] != before {
		t.Error("a picture changed the session")
	}
	old := jisu.clone()
	jisu.do("POST", "/session/refresh", nil).is(t, "200")
	delete(old.cookies, "maru_access")
	old.fetch("GET", image.URL, nil).is(t, "200")
	w.clock.move(auth.RefreshGrace + time.Second)
	old.fetch("GET", image.URL, nil).is(t, "404 not_found")
	jisu.fetch("GET", image.URL, nil).is(t, "200") // and nobody's session has ended
	jisu.do("DELETE", "/session", nil).is(t, "204")
	jisu.fetch("GET", image.URL, nil).is(t, "404 not_found")
	// A program is told, so that it can get a new token.
	program := w.visitor()
	program.header = map[string]string{"Authorization": "Bearer old"}
	program.fetch("GET", image.URL, nil).is(t, "401 unauthorized")
}

func TestProfilePhotos(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		jisu, minho := w.join("지수"), w.join("민호")
		set := func(id any) answer { return jisu.do("PATCH", "/me", map[string]any{"photoImageId": id}) }
		first := into[wire.ImageAnswer](t, jisu.upload(phototest.JPEG(t, phototest.Quarters(400, 300), phototest.Tags(1))).is(t, "201")).Image
		got := into[wire.UserAnswer](t, set(first.ID).is(t, "200")).User.Photo
		if got == nil || got.ID != first.ID || got.Width != 256 || got.Height != 256 {
			t.Fatalf("%+v", got)
		}
		link := `<link rel="preload" as="image" href="` + got.URL + `">`
		if !strings.Contains(jisu.fetch("GET", "/", nil).body, link) {
			t.Error("the page does not tell the browser of its reader's photo")
		}
		if strings.Contains(minho.fetch("GET", "/", nil).body, `rel="preload"`) {
			t.Error("the page of somebody without a photo tells of one")
		}
		seen := into[wire.UserAnswer](t, minho.do("GET", "/users/"+jisu.user.ID, nil)).User.Photo
		if seen == nil || *seen != *got {
			t.Fatalf("%+v", seen)
		}
		for _, path := range []string{got.URL, got.ThumbURL} {
			a := minho.fetch("GET", path, nil).is(t, "200")
			picture := chat.Picture{ContentType: got.ContentType, Width: 256, Height: 256, Bytes: []byte(a.body)}
			phototest.Silent(t, picture)
			phototest.SameQuarters(t, phototest.Decode(t, picture))
			w.visitor().fetch("GET", path, nil).is(t, "404 not_found")
		}
		set(first.ID).is(t, "200") // again: nothing changes
		w.swept()
		if keys := w.stored(); len(keys) != 1 {
			t.Errorf("the photo's other forms stay: %v", keys)
		}
		// What is attached cannot be attached again, and nobody attaches somebody else's.
		room := jisu.room(chat.NewRoom{}, minho)
		jisu.send(room, "1", wire.SendMessage{ImageIDs: []string{first.ID}}).is(t, "422 invalid")
		inMessage, _ := jisu.photograph(room)
		set(inMessage.ID).is(t, "422 invalid")
		set(minho.image().ID).is(t, "422 invalid")
		set("nothing").is(t, "422 invalid")

		second := jisu.image()
		jisu.do("PATCH", "/me", map[string]any{"name": "지수 2", "photoImageId": second.ID}).is(t, "200")
		minho.fetch("GET", first.URL, nil).is(t, "404 not_found")
		if u := into[wire.UserAnswer](t, minho.do("GET", "/users/"+jisu.user.ID, nil)).User; u.Name != "지수 2" || u.Photo.ID != second.ID {
			t.Errorf("%+v", u)
		}
		if u := into[wire.UserAnswer](t, set(nil).is(t, "200")).User; u.Photo != nil {
			t.Errorf("%+v", u)
		}
		minho.fetch("GET", second.URL, nil).is(t, "404 not_found")
		set(nil).is(t, "200")
		third := jisu.image()
		set(third.ID).is(t, "200")
		loose := jisu.image()
		jisu.do("DELETE", "/me", map[string]any{"password": password}).is(t, "204")
		minho.fetch("GET", third.URL, nil).is(t, "404 not_found")
		w.swept()
		if keys := strings.Join(w.stored(), " "); strings.Contains(keys, third.ID) || strings.Contains(keys, loose.ID) || !strings.Contains(keys, inMessage.ID) {
			t.Errorf("after the account's end: %s", keys)
		}
	})
}

// An image is attached once, whatever happens at the same time.
func TestAttachedOnce(t *testing.T) {
	w := start(t, nil)
	jisu, minho := w.join("지수"), w.join("민호")
	room := jisu.room(chat.NewRoom{}, minho)
	other := jisu.room(chat.NewRoom{})
	for range 5 {
		image := jisu.image()
		var wait sync.WaitGroup
		codes := make([]string, 9)
		for i := range codes {
			tab := jisu.clone()
			wait.Go(func() {
				switch i % 3 {
				case 0:
					codes[i] = tab.send(room, chat.NewID(), wire.SendMessage{Text: "a", ImageIDs: []string{image.ID}}).code()
				case 1:
					codes[i] = tab.send(other, chat.NewID(), wire.SendMessage{ImageIDs: []string{image.ID}}).code()
				default:
					codes[i] = tab.do("PATCH", "/me", map[string]any{"photoImageId": image.ID}).code()
				}
			})
		}
		wait.Wait()
		good := 0
		photo := slices.ContainsFunc([]int{2, 5, 8}, func(i int) bool { return codes[i] == "200" })
		for i, code := range codes {
			switch {
			case code == "201", code == "200" && i == slices.Index(codes, "200"):
				good++
			case code == "200" && photo: // the same request as the one that made it the photo
			case code != "422 invalid":
				t.Errorf("%v", codes)
			}
		}
		if good != 1 {
			t.Errorf("attached %d times: %v", good, codes)
		}
	}
	image := jisu.image()
	minho.send(room, "m", wire.SendMessage{Text: "내 것", ImageIDs: []string{image.ID}}).is(t, "422 invalid")
	jisu.send(room, "twice", wire.SendMessage{ImageIDs: []string{image.ID, image.ID}}).is(t, "422 invalid")
	many := make([]string, 11)
	for i := range many {
		many[i] = jisu.image().ID
	}
	jisu.send(room, "eleven", wire.SendMessage{ImageIDs: many}).is(t, "422 invalid")
	ten := into[wire.MessageAnswer](t, jisu.send(room, "ten", wire.SendMessage{ImageIDs: many[1:]}).is(t, "201")).Message
	for i, image := range ten.Images {
		if image.ID != many[i+1] {
			t.Errorf("image %d is another one", i)
		}
	}
	// Nothing of what was refused was sent, and what was sent is found again under its client id, not what differs from it.
	again := into[wire.MessageAnswer](t, jisu.send(room, "ten", wire.SendMessage{ImageIDs: many[1:]}).is(t, "200")).Message
	if len(again.Images) != 10 || again.Seq != ten.Seq {
		t.Errorf("%+v", again)
	}
	jisu.send(room, "ten", wire.SendMessage{ImageIDs: many[2:]}).is(t, "409 client_id_reused")
	for _, m := range into[wire.MessagesAnswer](t, jisu.do("GET", "/rooms/"+room+"/messages", nil)).Messages {
		if m.Kind == wire.KindMessage && (len(m.Images) == 0 || m.ClientID == "twice" || m.ClientID == "eleven") {
			t.Errorf("sent without its images: %+v", m)
		}
	}
	// Editing changes the text, which may be empty where there are images.
	path := fmt.Sprintf("/rooms/%s/messages/%d", room, ten.Seq)
	jisu.do("PATCH", path, wire.EditMessage{Text: "열 장"}).is(t, "200")
	if edited := into[wire.MessageAnswer](t, jisu.do("PATCH", path, wire.EditMessage{}).is(t, "200")).Message; len(edited.Images) != 10 || edited.Text != "" {
		t.Errorf("%+v", edited)
	}
}

func TestGallery(t *testing.T) {
	w := start(t, nil)
	jisu, minho, late := w.join("지수"), w.join("민호"), w.join("늦은")
	room := jisu.room(chat.NewRoom{History: chat.HistorySinceJoin}, minho)
	var want []string // newest message first
	var seqs []int64
	for i := range 5 {
		var ids []string
		for range 1 + i%3 {
			ids = append(ids, minho.image().ID)
		}
		m := into[wire.MessageAnswer](t, minho.send(room, fmt.Sprint(i), wire.SendMessage{ImageIDs: ids}).is(t, "201")).Message
		want, seqs = append(slices.Clone(ids), want...), append(seqs, m.Seq)
		jisu.say(room, "말")
	}
	page := func(p *person, query string) wire.RoomImagesAnswer {
		t.Helper()
		return into[wire.RoomImagesAnswer](t, p.do("GET", "/rooms/"+room+"/images"+query, nil).is(t, "200"))
	}
	ids := func(a wire.RoomImagesAnswer) (ids []string) {
		for _, i := range a.Images {
			ids = append(ids, i.Image.ID)
		}
		return ids
	}
	all := page(jisu, "")
	if !slices.Equal(ids(all), want) || all.HasMore || len(all.Users) != 1 || all.Users[0].ID != minho.user.ID || all.Images[0].SenderID != minho.user.ID || all.Images[0].SentAt == "" {
		t.Fatalf("%+v", all)
	}
	for limit := 1; limit < len(want); limit++ {
		var got []string
		before := ""
		for {
			p := page(jisu, fmt.Sprintf("?limit=%d%s", limit, before))
			got = append(got, ids(p)...)
			if !p.HasMore {
				break
			}
			if len(p.Images) < limit || len(p.Images) >= limit+chat.MaxImages {
				t.Fatalf("%d images where %d were asked", len(p.Images), limit)
			}
			before = fmt.Sprintf("&before=%d", p.Images[len(p.Images)-1].Seq)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("by %d: %v, want %v", limit, got, want)
		}
	}
	jisu.do("GET", "/rooms/"+room+"/images?before=-1", nil).is(t, "422 invalid")
	jisu.do("GET", "/rooms/"+room+"/images?limit=-1", nil).is(t, "422 invalid")
	_, err := w.chat.Join(t.Context(), chat.UserID(late.user.ID), chat.RoomID(room))
	must(t, err)
	if p := page(late, ""); len(p.Images) != 0 || p.HasMore {
		t.Errorf("who came later sees %+v", p)
	}
	minho.do("DELETE", fmt.Sprintf("/rooms/%s/messages/%d", room, seqs[4]), nil).is(t, "200")
	if got := ids(page(jisu, "")); !slices.Equal(got, want[2:]) {
		t.Errorf("after deletion: %v, want %v", got, want[2:])
	}
	// The room's end takes all of them.
	jisu.do("DELETE", "/rooms/"+room, nil).is(t, "204")
	jisu.do("GET", "/rooms/"+room+"/images", nil).is(t, "404 not_found")
	for n := 1; n > 0; {
		n, err = w.store.SweepDeletedRooms(t.Context(), 4)
		must(t, err)
	}
	w.swept()
	if keys := w.stored(); len(keys) != 0 {
		t.Errorf("still stored: %v", keys)
	}
}

// What nobody attaches goes after a day, and of one user's the oldest where there are too many.
func TestLooseImages(t *testing.T) {
	w := start(t, nil)
	jisu := w.join("지수")
	room := jisu.room(chat.NewRoom{})
	old := jisu.image()
	w.clock.move(23 * time.Hour)
	jisu.do("POST", "/session/refresh", nil).is(t, "200")
	young := jisu.image()
	w.swept()
	jisu.do("POST", "/session/refresh", nil).is(t, "200")
	jisu.fetch("GET", old.URL, nil).is(t, "200")
	w.clock.move(61 * time.Minute)
	w.swept()
	jisu.do("POST", "/session/refresh", nil).is(t, "200")
	jisu.fetch("GET", old.URL, nil).is(t, "404 not_found")
	jisu.send(room, "late", wire.SendMessage{ImageIDs: []string{old.ID}}).is(t, "422 invalid")
	jisu.send(room, "intime", wire.SendMessage{ImageIDs: []string{young.ID}}).is(t, "201")
	w.clock.move(25 * time.Hour)
	w.swept()
	jisu.do("POST", "/session/refresh", nil).is(t, "200")
	jisu.fetch("GET", young.URL, nil).is(t, "200")
	if keys := w.stored(); len(keys) != 2 {
		t.Errorf("%v", keys)
	}
	first := jisu.image()
	for range 100 {
		jisu.image()
	}
	jisu.fetch("GET", first.URL, nil).is(t, "404 not_found")
	w.swept()
	if keys := w.stored(); len(keys) != 2+200 {
		t.Errorf("%d blobs", len(keys))
	}
}

// What stands on one side alone is found and removed, and nothing else.
func TestOrphans(t *testing.T) {
	w := start(t, nil)
	jisu, minho := w.join("지수"), w.join("민호")
	room := jisu.room(chat.NewRoom{}, minho)
	kept, _ := jisu.photograph(room)
	lost, lostIn := jisu.photograph(room)
	half := jisu.image()
	both := into[wire.MessageAnswer](t, jisu.send(room, "both", wire.SendMessage{Text: "말", ImageIDs: []string{jisu.image().ID, half.ID}}).is(t, "201")).Message
	photo := minho.image()
	minho.do("PATCH", "/me", map[string]any{"photoImageId": photo.ID}).is(t, "200")
	loose := minho.image()
	w.swept()
	ctx := t.Context()
	stray := []string{"image/aaaaaaaaaaaaaaaa/full", "image/" + kept.ID + "/square", "stray"}
	for _, key := range stray {
		must(t, w.blobs.Put(ctx, key, "image/png", strings.NewReader("x"), 1))
	}
	must(t, w.blobs.Put(ctx, "image/bbbbbbbbbbbbbbbb/full", "image/png", strings.NewReader("x"), 1))
	must(t, w.store.Write(ctx, func(tx chat.Tx) error {
		return tx.PutRemovals([]string{"image/bbbbbbbbbbbbbbbb/full"}, w.clock.Now().Add(90*24*time.Hour))
	}))
	must(t, w.blobs.Delete(ctx, "image/"+lost.ID+"/full", "image/"+lost.ID+"/thumb", "image/"+half.ID+"/full", "image/"+photo.ID+"/square", "image/"+loose.ID+"/thumb"))
	if found, err := w.chat.FindOrphans(ctx); err != nil || len(found.Blobs) != 0 || len(found.Lost) != 4 {
		t.Fatalf("%+v %v", found, err) // blobs may be on their way
	}
	w.clock.move(2 * time.Hour)
	found, err := w.chat.FindOrphans(ctx)
	must(t, err)
	if found.Images != 6 || found.Stored != 3+1+2+1+2+1 || len(found.Lost) != 4 {
		t.Errorf("%d images, %d blobs, lost: %+v", found.Images, found.Stored, found.Lost)
	}
	var keys []string
	for _, e := range found.Blobs {
		keys = append(keys, e.Key)
	}
	slices.Sort(keys)
	slices.Sort(stray)
	if !slices.Equal(keys, stray) {
		t.Errorf("strays: %v, want %v", keys, stray)
	}
	must(t, w.chat.RemoveOrphans(ctx, found))
	jisu.do("POST", "/session/refresh", nil).is(t, "200")
	messages := into[wire.MessagesAnswer](t, jisu.do("GET", "/rooms/"+room+"/messages", nil)).Messages
	for _, m := range messages {
		switch m.Seq {
		case lostIn.Seq:
			if m.Kind != wire.KindDeleted || m.Rev <= m.Seq {
				t.Errorf("%+v", m)
			}
		case both.Seq:
			if len(m.Images) != 1 || m.Text != "말" || m.Rev <= m.Seq {
				t.Errorf("%+v", m)
			}
		}
	}
	if u := into[wire.UserAnswer](t, jisu.do("GET", "/users/"+minho.user.ID, nil)).User; u.Photo != nil {
		t.Errorf("%+v", u)
	}
	if again, err := w.chat.FindOrphans(ctx); err != nil || len(again.Blobs)+len(again.Lost) != 0 || again.Images != 2 || again.Stored != 5 {
		t.Errorf("%+v %v", again, err)
	}
	jisu.fetch("GET", kept.URL, nil).is(t, "200")
}
