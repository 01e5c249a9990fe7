package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/internal/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begun = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

// kept is a database and the bytes of its images.
type kept struct {
	database []byte
	short    bool // Write writes less than Size
	images   []chat.Image
	blobs    map[string][]byte
	failing  string                // a key whose bytes cannot be read
	deleted  map[chat.ImageID]bool // while the backup is made
}

func (k *kept) Size() int64 { return int64(len(k.database)) }

func (k *kept) Write(_ context.Context, w io.Writer) error {
	content := k.database
	if k.short {
		content = content[1:]
	}
	_, err := w.Write(content)
	return err
}

func (k *kept) Images(after chat.ImageID, limit int) ([]chat.Image, error) {
	i, _ := slices.BinarySearchFunc(k.images, after+"\x00", func(i chat.Image, id chat.ImageID) int { return strings.Compare(string(i.ID), string(id)) })
	return k.images[i:min(i+limit, len(k.images))], nil
}

func (k *kept) Image(id chat.ImageID) (chat.Image, error) {
	for _, image := range k.images {
		if image.ID == id && !k.deleted[id] {
			return image, nil
		}
	}
	return chat.Image{}, chat.Errorf(chat.NotFound, "no such image")
}

type bytesBlob struct{ *bytes.Reader }

func (bytesBlob) Close() error { return nil }

var errStore = errors.New("the store is away")

func (k *kept) Open(_ context.Context, key string) (chat.Blob, error) {
	content, ok := k.blobs[key]
	switch {
	case key == k.failing:
		return nil, errStore
	case !ok:
		return nil, chat.Errorf(chat.NotFound, "no such blob")
	}
	return bytesBlob{bytes.NewReader(content)}, nil
}

// stored makes a database of that many bytes, and images.
func stored(databaseBytes, images int) *kept {
	k := &kept{database: make([]byte, databaseBytes), blobs: map[string][]byte{}, deleted: map[chat.ImageID]bool{}}
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(k.database)
	for i := range images {
		image := chat.Image{ID: chat.ImageID(fmt.Sprintf("i%05d", i)), CreatedAt: begun.Add(-time.Hour)}
		k.images = append(k.images, image)
		for _, key := range image.BlobKeys() {
			content := make([]byte, i%900)
			_, _ = random.Read(content)
			k.blobs[key] = content
		}
	}
	return k
}

var secret = []byte(strings.Repeat("ab", 32) + "\n")

func (k *kept) content() Content {
	return Content{Manifest: Manifest{Program: "v1", Schema: 3, Begun: begun}, Database: k, Secret: secret, Blobs: k}
}

func (k *kept) write(t testing.TB, c Content) ([]byte, Complete) {
	t.Helper()
	var out bytes.Buffer
	holds, err := Write(t.Context(), &out, c)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), holds
}

// parts are what a backup holds, by name.
func parts(file []byte) (map[string]string, *Archive, error) {
	a, err := Open(context.Background(), bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	got := map[string]string{}
	err = a.Each(context.Background(), func(e Entry, r io.Reader) error {
		content, err := io.ReadAll(r)
		switch {
		case e.Database:
			got["database"] = string(content)
		case e.Secret:
			got["secret"] = string(content)
		default:
			got[e.Key] = string(content)
		}
		if int64(len(content)) != e.Size {
			return fmt.Errorf("%+v has %d bytes", e, len(content))
		}
		return err
	})
	return got, a, err
}

func (k *kept) parts() map[string]string {
	want := map[string]string{"database": string(k.database), "secret": string(secret)}
	for key, content := range k.blobs {
		want[key] = string(content)
	}
	return want
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, images := range []int{0, 1, 700, sumsAtOnce/2 + 10} {
		k := stored(10_000, images)
		file, holds := k.write(t, k.content())
		got, archive, err := parts(file)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, k.parts()) {
			t.Errorf("%d images: %d parts of %d", images, len(got), len(k.parts()))
		}
		if archive.Holds != holds || holds.Images != int64(images) || holds.Files != int64(len(k.blobs)) || holds.Lost != 0 {
			t.Errorf("%+v, %+v", archive.Holds, holds)
		}
		if archive.Program != "v1" || archive.Schema != 3 || !archive.Begun.Equal(begun) || !archive.Images {
			t.Errorf("%+v", archive.Manifest)
		}
	}
}

func TestWithoutImages(t *testing.T) {
	k := stored(100, 5)
	c := k.content()
	c.Blobs = nil
	file, _ := k.write(t, c)
	got, archive, err := parts(file)
	if err != nil || archive.Images || len(got) != 2 {
		t.Errorf("%v %+v %d parts", err, archive, len(got))
	}
}

// What is deleted while the backup is made is left out; what was lost before is told; what came later is not looked for.
func TestImagesThatComeAndGo(t *testing.T) {
	k := stored(100, 6)
	gone, lost, late := k.images[1], k.images[3], k.images[5]
	k.deleted[gone.ID] = true
	delete(k.blobs, gone.BlobKeys()[0])
	delete(k.blobs, lost.BlobKeys()[1])
	k.images[5].CreatedAt = begun.Add(time.Hour)
	c := k.content()
	var told []chat.ImageID
	c.Lost = func(i chat.Image) { told = append(told, i.ID) }
	file, holds := k.write(t, c)
	if !slices.Equal(told, []chat.ImageID{lost.ID}) || holds.Images != 3 || holds.Lost != 1 {
		t.Errorf("%v %+v", told, holds)
	}
	want := k.parts()
	for _, image := range []chat.Image{gone, lost, late} {
		for _, key := range image.BlobKeys() {
			delete(want, key)
		}
	}
	if got, _, err := parts(file); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %d parts of %d", err, len(got), len(want))
	}
}

func TestFailuresOfWriting(t *testing.T) {
	k := stored(1000, 50)
	k.failing = k.images[20].BlobKeys()[1]
	if _, err := Write(t.Context(), io.Discard, k.content()); !errors.Is(err, errStore) {
		t.Error(err)
	}
	k = stored(1000, 5)
	k.short = true
	if _, err := Write(t.Context(), io.Discard, k.content()); err == nil {
		t.Error("a database that is shorter than it said was written")
	}
	k = stored(1000, 50)
	whole, _ := k.write(t, k.content())
	for room := 0; room < len(whole); room += 997 {
		if _, err := Write(t.Context(), &full{room}, k.content()); !errors.Is(err, errFull) {
			t.Errorf("with room for %d of %d bytes: %v", room, len(whole), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, io.Discard, k.content()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

var errFull = errors.New("full")

// full takes some bytes.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

func TestCutAnywhere(t *testing.T) {
	k := stored(3000, 4)
	whole, _ := k.write(t, k.content())
	if len(whole) < 10_000 {
		t.Fatal(len(whole))
	}
	for n := 0; n < len(whole); n += 7 {
		got, _, err := parts(whole[:n])
		switch {
		case err == nil && n > len(whole)-1024-512: // zeros that only fill up
			if !maps.Equal(got, k.parts()) {
				t.Fatalf("%d of %d bytes: other content", n, len(whole))
			}
		case n < 512 && errors.Is(err, ErrNotBackup), n >= 512 && errors.Is(err, ErrCut):
		default:
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// A flipped bit is found, wherever it is, or changes nothing that is read.
func TestDamagedAnywhere(t *testing.T) {
	k := stored(1000, 2)
	whole, _ := k.write(t, k.content())
	want := k.parts()
	found := 0
	for n := 0; n < len(whole); n += 3 {
		damaged := slices.Clone(whole)
		damaged[n] ^= 1 << (n % 8)
		got, _, err := parts(damaged)
		switch {
		case err != nil:
			found++
		case !maps.Equal(got, want):
			t.Fatalf("byte %d: other content is accepted", n)
		}
	}
	if found < len(whole)/3/3 {
		t.Errorf("%d of %d found", found, len(whole))
	}
}

// archived writes a tar archive of names and contents.
func archived(t *testing.T, entries ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(entries); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: entries[i], Size: int64(len(entries[i+1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsNoBackup(t *testing.T) {
	const manifest = `{"format": 1, "program": "v1", "schema": 3}`
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":             {nil, ErrNotBackup},
		"text":                {[]byte(strings.Repeat("not a backup\n", 100)), ErrNotBackup},
		"zeros":               {make([]byte, 4096), ErrNotBackup},
		"another archive":     {archived(t, "README", "hello"), ErrNotBackup},
		"a database":          {append([]byte("SQLite format 3\x00"), make([]byte, 5000)...), ErrNotBackup},
		"no format":           {archived(t, nameManifest, `{}`), ErrNotBackup},
		"newer":               {archived(t, nameManifest, `{"format": 2}`, "something-new", "x"), ErrNewer},
		"not JSON":            {archived(t, nameManifest, `{"format"`), ErrDamaged},
		"only a manifest":     {archived(t, nameManifest, manifest), ErrCut},
		"a path":              {archived(t, nameManifest, manifest, "../../etc/passwd", "x"), ErrDamaged},
		"a path of an image":  {archived(t, nameManifest, manifest, "images/../../etc/passwd", "x"), ErrDamaged},
		"twice the database":  {archived(t, nameManifest, manifest, nameDatabase, "x", nameDatabase, "x"), ErrDamaged},
		"twice an image":      {archived(t, nameManifest, manifest, "images/image/a/full", "x", "images/image/a/full", "x"), ErrDamaged},
		"a long secret":       {archived(t, nameManifest, manifest, nameSecret, strings.Repeat("x", maxSmall+1)), ErrDamaged},
		"no sums":             {archived(t, nameManifest, manifest, nameDatabase, "x", nameSecret, "x", nameComplete, "{}"), ErrCut},
		"sums of nothing":     {archived(t, nameManifest, manifest, nameSums+"1", strings.Repeat("0", 64)+"  maru.db\n"), ErrDamaged},
		"more behind the end": {archived(t, nameManifest, manifest, nameComplete, "{}", nameSecret, "x"), ErrDamaged},
	} {
		if _, err := Open(t.Context(), bytes.NewReader(c.file)); !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOpen gives the reader anything: it must say no, or read what has its sums.
func FuzzOpen(f *testing.F) {
	k := stored(100, 2)
	whole, _ := k.write(f, k.content())
	f.Add(whole)
	f.Add(whole[:700])
	f.Add(archived(&testing.T{}, nameManifest, `{"format": 1}`, "images/a", "x"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, a, err := parts(file); err == nil && a.Format != Format {
			t.Errorf("%+v", a.Manifest)
		}
	})
}
