// Package blobtest is the conformance suite of every chat.Blobs.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// Run checks the store that open makes: an empty one for each call.
func Run(t *testing.T, open func(t *testing.T) chat.Blobs) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, chat.Blobs)
	}{
		{"what was put is there, of any size", sizes},
		{"it is read from anywhere, and to any place", ranges},
		{"putting again replaces", replace},
		{"of many who put one key, one wins whole", concurrent},
		{"who reads while it is replaced sees one version", replaceWhileRead},
		{"a reader that is not as long as it says, or fails, leaves what was there", badReaders},
		{"a key that is none is refused before anything is touched", badKeys},
		{"deleting is for good, and of what is not there no error", deleting},
		{"the list has every blob", list},
		{"a context that ended ends the call", contexts},
		{"it is ready", func(t *testing.T, b chat.Blobs) { must(t, b.Ready(t.Context())) }},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open(t)) })
	}
}

// Content is size bytes that differ by seed, and everywhere from their neighbours.
func Content(seed, size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}).Read(content) // #nosec G115 -- any bits will do
	return content
}

// Put stores a blob.
func Put(t testing.TB, b chat.Blobs, key string, content []byte) {
	t.Helper()
	must(t, b.Put(t.Context(), key, "image/png", bytes.NewReader(content), int64(len(content))))
}

// Get reads a blob.
func Get(t testing.TB, b chat.Blobs, key string) []byte {
	t.Helper()
	content, err := Read(t.Context(), b, key)
	must(t, err)
	return content
}

// Read reads a blob, and checks that its size is as it says.
func Read(ctx context.Context, b chat.Blobs, key string) ([]byte, error) {
	blob, err := b.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(blob)
	if err == nil && int64(len(content)) != blob.Size() {
		err = fmt.Errorf("%s has %d bytes and says %d", key, len(content), blob.Size())
	}
	return content, errors.Join(err, blob.Close())
}

// List lists everything, and fails where something is there twice.
func List(t testing.TB, b chat.Blobs) map[string]chat.BlobEntry {
	t.Helper()
	all := map[string]chat.BlobEntry{}
	must(t, b.List(t.Context(), func(e chat.BlobEntry) error {
		if _, twice := all[e.Key]; twice {
			return fmt.Errorf("%s is there twice", e.Key)
		}
		all[e.Key] = e
		return nil
	}))
	return all
}

// Is fails where content is not what is wanted; it does not print megabytes.
func Is(t testing.TB, what string, content, want []byte) {
	t.Helper()
	if !bytes.Equal(content, want) {
		t.Errorf("%s: %d bytes that are not the %d expected", what, len(content), len(want))
	}
}

// Fails fails where an error has another code.
func Fails(t testing.TB, what string, err error, code chat.Code) {
	t.Helper()
	if chat.CodeOf(err) != code {
		t.Errorf("%s: %v, not %s", what, err, code)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sizes(t *testing.T, b chat.Blobs) {
	// 64 KiB: a piece of a signed stream. 16 MiB: where clients begin to send in parts.
	for i, size := range []int{0, 1, 4096, 64 << 10, 64<<10 + 1, 12 << 20, 16<<20 + 1} {
		key := fmt.Sprint("image/", i)
		content := Content(i, size)
		if i%2 == 0 {
			Put(t, b, key, content)
		} else { // from what cannot seek
			must(t, b.Put(t.Context(), key, "image/png", iotest.DataErrReader(bytes.NewBuffer(content)), int64(size)))
		}
		Is(t, fmt.Sprint(size, " bytes"), Get(t, b, key), content)
	}
	long := strings.Repeat("k", chat.MaxBlobKey)
	Put(t, b, long, Content(1, 10))
	Is(t, "the longest key", Get(t, b, long), Content(1, 10))

	// Only what is left of a reader is put.
	content := Content(9, 1000)
	r := bytes.NewReader(content)
	_, err := r.Seek(100, io.SeekStart)
	must(t, err)
	must(t, b.Put(t.Context(), "rest", "image/png", r, 900))
	Is(t, "the rest", Get(t, b, "rest"), content[100:])
}

func ranges(t *testing.T, b chat.Blobs) {
	content := Content(3, 300_000)
	Put(t, b, "image/ranges", content)
	blob, err := b.Open(t.Context(), "image/ranges")
	must(t, err)
	for _, at := range []struct {
		offset, from int64
		whence, want int
	}{
		{0, 300_000, io.SeekEnd, 0},
		{0, 0, io.SeekStart, 5000},
		{100, 5100, io.SeekCurrent, 5000}, // a little further on
		{250_000, 250_000, io.SeekStart, 5000},
		{10, 10, io.SeekStart, 5000}, // back
		{-7, 299_993, io.SeekEnd, 7}, // the end
		{400_000, 400_000, io.SeekStart, 0},
	} {
		from, err := blob.Seek(at.offset, at.whence)
		must(t, err)
		if from != at.from {
			t.Errorf("is at %d, not %d", from, at.from)
		}
		part, err := io.ReadAll(io.LimitReader(blob, 5000))
		must(t, err)
		if at.want > 0 {
			Is(t, fmt.Sprint("from ", at.from), part, content[at.from:at.from+int64(at.want)])
		} else if len(part) > 0 {
			t.Errorf("%d bytes behind the end", len(part))
		}
	}
	if _, err := blob.Seek(-1, io.SeekStart); err == nil {
		t.Error("there is nothing before the start")
	}
	if _, err := blob.Seek(0, 9); err == nil {
		t.Error("that is no place")
	}
	must(t, blob.Close())
	if _, err := blob.Read(make([]byte, 1)); err == nil {
		t.Error("it was closed")
	}
	// The standard library's own opinion of a reader that seeks.
	blob, err = b.Open(t.Context(), "image/ranges")
	must(t, err)
	must(t, iotest.TestReader(struct{ io.ReadSeeker }{blob}, content))
	must(t, blob.Close())
}

func replace(t *testing.T, b chat.Blobs) {
	for i, size := range []int{1000, 10, 5000, 0} {
		content := Content(i, size)
		Put(t, b, "image/again", content)
		Is(t, fmt.Sprint("time ", i), Get(t, b, "image/again"), content)
	}
	if n := len(List(t, b)); n != 1 {
		t.Errorf("%d blobs", n)
	}
}

// version is a blob whose bytes all tell which one it is.
func version(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 100_000+n) } // #nosec G115 -- n is small

func isVersion(content []byte) bool {
	return len(content) > 100_000 && bytes.Equal(content, version(len(content)-100_000))
}

func concurrent(t *testing.T, b chat.Blobs) {
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			content := version(n + 1)
			if err := b.Put(t.Context(), "image/one", "image/png", bytes.NewReader(content), int64(len(content))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if content := Get(t, b, "image/one"); !isVersion(content) {
		t.Errorf("%d bytes of no version", len(content))
	}
}

func replaceWhileRead(t *testing.T, b chat.Blobs) {
	Put(t, b, "image/changing", version(1))
	slow, err := b.Open(t.Context(), "image/changing")
	must(t, err)
	head := make([]byte, 10)
	_, err = io.ReadFull(slow, head)
	must(t, err)

	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if content, err := Read(t.Context(), b, "image/changing"); err != nil || !isVersion(content) {
					t.Errorf("%d bytes of no version, %v", len(content), err)
					return
				}
			}
		})
	}
	for n := 2; n < 30; n++ {
		Put(t, b, "image/changing", version(n))
	}
	close(done)
	readers.Wait()

	rest, err := io.ReadAll(slow)
	must(t, err)
	Is(t, "begun before", append(head, rest...), version(1))
	// From elsewhere it is the version that was opened or an error, and never another one.
	_, err = slow.Seek(50_000, io.SeekStart)
	must(t, err)
	if rest, err := io.ReadAll(slow); err == nil {
		Is(t, "read again", rest, version(1)[50_000:])
	}
	must(t, slow.Close())
}

func badReaders(t *testing.T, b chat.Blobs) {
	errBroken := errors.New("broken on purpose")
	before := Content(1, 500)
	Put(t, b, "image/there", before)
	for _, size := range []int{0, 1, 1000, 3 << 20} {
		content := Content(size, size)
		for name, c := range map[string]struct {
			r    func() io.Reader
			want error
		}{
			"goes on":         {func() io.Reader { return bytes.NewReader(append(bytes.Clone(content), 1)) }, nil},
			"goes on forever": {func() io.Reader { return io.MultiReader(bytes.NewReader(content), forever{}) }, nil},
			"breaks": {func() io.Reader {
				return io.MultiReader(bytes.NewReader(content[:size/2]), iotest.ErrReader(errBroken))
			}, errBroken},
			"breaks at last": {func() io.Reader { return io.MultiReader(bytes.NewReader(content), iotest.ErrReader(errBroken)) }, errBroken},
			"ends early": {func() io.Reader {
				return bytes.NewReader(content[:max(0, size-1)])
			}, io.ErrUnexpectedEOF},
			"ends at once": {func() io.Reader { return strings.NewReader("") }, io.ErrUnexpectedEOF},
		} {
			if size == 0 && strings.HasPrefix(name, "ends") {
				continue
			}
			for _, key := range []string{"image/there", "image/new"} {
				err := b.Put(t.Context(), key, "image/png", c.r(), int64(size))
				if err == nil || chat.CodeOf(err) == chat.Unavailable || (c.want != nil && !errors.Is(err, c.want)) {
					t.Errorf("%s, %d bytes: %v", name, size, err)
				}
			}
		}
	}
	if err := b.Put(t.Context(), "image/new", "image/png", strings.NewReader("x"), -1); err == nil {
		t.Error("-1 bytes were put")
	}
	Is(t, "what was there", Get(t, b, "image/there"), before)
	if all := List(t, b); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) { return len(p), nil }

// BadKeys are keys that are none.
var BadKeys = []string{
	"", "/", ".", "..", "../x", "a/../b", "/a", "a/", "a//b", "a.b", "A", "aB", "a b", "a\x00b", "a\\b", "a_b", "a%2fb", "~a", "a\n",
	"é", "한글", "a\u202eb", "\xff", "c:", strings.Repeat("a", chat.MaxBlobKey+1), strings.Repeat("a", 2000), strings.Repeat("a/", 1000),
}

func badKeys(t *testing.T, b chat.Blobs) {
	for _, key := range BadKeys {
		r := strings.NewReader("x")
		Fails(t, fmt.Sprintf("put %.20q", key), b.Put(t.Context(), key, "image/png", r, 1), chat.Internal)
		if r.Len() != 1 {
			t.Errorf("%.20q: the blob was read", key)
		}
		_, err := b.Open(t.Context(), key)
		Fails(t, fmt.Sprintf("open %.20q", key), err, chat.Internal)
	}
	Put(t, b, "image/good", Content(1, 10))
	for _, key := range BadKeys {
		Fails(t, fmt.Sprintf("delete %.20q", key), b.Delete(t.Context(), "image/good", key), chat.Internal)
	}
	if len(List(t, b)) != 1 {
		t.Error("a good key beside a bad one was deleted")
	}
}

func deleting(t *testing.T, b chat.Blobs) {
	ctx := t.Context()
	_, err := b.Open(ctx, "image/none")
	Fails(t, "open what is not there", err, chat.NotFound)
	must(t, b.Delete(ctx))
	must(t, b.Delete(ctx, "image/none"))
	for i := range 6 {
		Put(t, b, fmt.Sprint("image/", i), Content(i, 100))
	}
	must(t, b.Delete(ctx, "image/0"))
	must(t, b.Delete(ctx, "image/0", "image/1", "image/none", "image/2", "image/2"))
	must(t, b.Delete(ctx, "image/3", "image/none"))
	for i := range 4 {
		_, err := b.Open(ctx, fmt.Sprint("image/", i))
		Fails(t, fmt.Sprint("open ", i), err, chat.NotFound)
	}
	if n := len(List(t, b)); n != 2 {
		t.Errorf("%d blobs", n)
	}
	Put(t, b, "image/0", Content(7, 7))
	Is(t, "put again", Get(t, b, "image/0"), Content(7, 7))
}

func list(t *testing.T, b chat.Blobs) {
	if n := len(List(t, b)); n != 0 {
		t.Fatalf("%d blobs in an empty store", n)
	}
	const many = 2100 // three pages of S3, and not the whole of the last one
	began := time.Now()
	var all sync.WaitGroup
	next := make(chan int)
	for range 16 {
		all.Go(func() {
			for n := range next {
				content := Content(n, n%50)
				key := fmt.Sprintf("image-%d/%d", n%3, n)
				if err := b.Put(t.Context(), key, "image/png", bytes.NewReader(content), int64(len(content))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range many {
		next <- n
	}
	close(next)
	all.Wait()
	found := List(t, b)
	if len(found) != many {
		t.Errorf("%d blobs", len(found))
	}
	var keys []string
	for n := range many {
		key := fmt.Sprintf("image-%d/%d", n%3, n)
		keys = append(keys, key)
		e := found[key]
		if e.Size != int64(n%50) || e.Modified.Before(began.Add(-2*time.Second)) || e.Modified.After(time.Now().Add(2*time.Second)) {
			t.Errorf("%s: %+v", key, e)
		}
	}
	errEnough := errors.New("enough")
	seen := 0
	err := b.List(t.Context(), func(chat.BlobEntry) error {
		if seen++; seen == 1500 {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) || seen != 1500 {
		t.Errorf("after %d: %v", seen, err)
	}
	must(t, b.Delete(t.Context(), keys[:1001]...)) // one more than S3 takes at once
	if n := len(List(t, b)); n != many-1001 {
		t.Errorf("%d blobs are left", n)
	}
}

func contexts(t *testing.T, b chat.Blobs) {
	content := Content(1, 8<<20)
	Put(t, b, "image/a", content)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	ended := func(what string, err error) {
		t.Helper()
		if chat.CodeOf(err) != chat.Unavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	never := func(chat.BlobEntry) error { t.Error("listed"); return nil }
	ended("put", b.Put(over, "image/a", "image/png", iotest.ErrReader(errors.New("was read")), 5))
	_, err := b.Open(over, "image/a")
	ended("open", err)
	ended("delete", b.Delete(over, "image/a"))
	ended("list", b.List(over, never))
	ended("ready", b.Ready(over))

	middle, cancel := context.WithCancel(t.Context())
	r := io.MultiReader(bytes.NewReader(content[:3<<20]), call(cancel), bytes.NewReader(content[3<<20:]))
	ended("put in the middle", b.Put(middle, "image/a", "image/png", r, int64(len(content))))
	middle, cancel = context.WithCancel(t.Context())
	r = io.MultiReader(bytes.NewReader(content[:3<<20]), call(cancel), bytes.NewReader(content[3<<20:]))
	ended("put in the middle", b.Put(middle, "image/b", "image/png", r, int64(len(content))))

	middle, cancel = context.WithCancel(t.Context())
	blob, err := b.Open(middle, "image/a")
	must(t, err)
	_, err = io.ReadFull(blob, make([]byte, 1000))
	must(t, err)
	cancel()
	_, err = io.ReadAll(blob)
	ended("read in the middle", err)
	must(t, blob.Close())

	for i := range 20 {
		Put(t, b, fmt.Sprint("image-b/", i), nil)
	}
	middle, cancel = context.WithCancel(t.Context())
	ended("list in the middle", b.List(middle, func(chat.BlobEntry) error { cancel(); return nil }))

	Is(t, "what was there", Get(t, b, "image/a"), content)
	if n := len(List(t, b)); n != 21 {
		t.Errorf("%d blobs", n)
	}
}

// call is an empty reader that calls itself when its turn comes.
type call func()

func (c call) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}
