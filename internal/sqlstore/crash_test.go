package sqlstore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/maru-chat/maru/internal/chat"
)

// TestWhatACrashLeaves opens copies of a database as they are found after a crash: in the middle of a write, with the next
// commit torn, with an index of the log that belongs to nothing. What was acknowledged is in each of them, once, and nothing
// of what was not.
func TestWhatACrashLeaves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maru.db")
	db := openTest(t, path)
	seed := seedRoom(t, db, 1)
	acked := 0
	say := func(tx chat.Tx) error {
		return insert(tx, seed.room, seed.users[0], fmt.Sprint("said", acked), text(acked))
	}
	var images []image
	for range 200 {
		err := db.Write(t.Context(), func(tx chat.Tx) error {
			if err := say(tx); err != nil {
				return err
			}
			if acked%20 == 7 { // here the row is written, and not committed
				images = append(images, take(t, path, acked))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		acked++
	}
	images = append(images, take(t, path, acked))

	random := rand.New(rand.NewPCG(1, 2))
	garbage := make([]byte, 40_000)
	for i := range garbage {
		garbage[i] = byte(random.Uint32())
	}
	last := images[len(images)-1]
	for n, one := range images {
		one.check(t, fmt.Sprint("in the middle of write ", n), seed.room, one.acked, one.acked)
	}
	for name, spoil := range map[string]func(*image){
		"garbage behind the log":    func(i *image) { i.wal = append(i.wal, garbage...) },
		"a torn commit behind it":   func(i *image) { i.wal = append(i.wal, i.wal[len(i.wal)-4120:len(i.wal)-100]...) },
		"an old commit behind it":   func(i *image) { i.wal = append(i.wal, i.wal[32:32+3*4120]...) },
		"a stray index of the log":  func(i *image) { i.shm = garbage[:32768] },
		"an empty index of the log": func(i *image) { i.shm = []byte{} },
		"an index of another log":   func(i *image) { i.shm = images[0].shm },
	} {
		spoilt := image{slices.Clone(last.db), slices.Clone(last.wal), last.shm, last.acked}
		spoil(&spoilt)
		spoilt.check(t, name, seed.room, acked, acked)
	}
	// A log that lost its end lost what was said last, and nothing else.
	for range 20 {
		cut := random.IntN(len(last.wal))
		image{last.db, last.wal[:cut], nil, 0}.check(t, fmt.Sprint("cut at ", cut), seed.room, 0, acked)
	}
}

func text(n int) string { return fmt.Sprintf("%d:%s", n, bytes.Repeat([]byte{'x'}, n*37%6000)) }

// image is what is on disk at a moment.
type image struct {
	db, wal, shm []byte
	acked        int
}

func take(t *testing.T, path string, acked int) image {
	t.Helper()
	var files [3][]byte
	for i, suffix := range []string{"", "-wal", "-shm"} {
		var err error
		if files[i], err = os.ReadFile(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	return image{files[0], files[1], files[2], acked}
}

// check opens the image and counts what is there: the first so many messages, whole, and the head at the last of them.
func (i image) check(t *testing.T, name string, room chat.RoomID, least, most int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "maru.db")
	for suffix, content := range map[string][]byte{"": i.db, "-wal": i.wal, "-shm": i.shm} {
		if content == nil {
			continue
		}
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), Options{Path: path, Logger: quiet})
	if err != nil {
		if least > 0 || len(i.wal) > 100_000 {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}()
	err = db.Read(t.Context(), func(r chat.Reader) error {
		found, err := r.Messages(room, chat.Page{After: 0, Limit: 1000})
		if err != nil {
			return err
		}
		for n, m := range found {
			if m.Seq != int64(n+1) || m.ClientID != fmt.Sprint("said", n) || m.Text != text(n) {
				t.Errorf("%s: message %d is %d %s", name, n, m.Seq, m.ClientID)
			}
		}
		if len(found) < least || len(found) > most {
			t.Errorf("%s: %d messages, %d acknowledged", name, len(found), most)
		}
		if now, err := r.Room(room); err == nil && now.Head != int64(len(found)) {
			t.Errorf("%s: head %d with %d messages", name, now.Head, len(found))
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}
