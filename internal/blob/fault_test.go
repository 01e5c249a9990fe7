//go:build unix

package blob_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/blob/blobtest"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/test/program"
)

func crashContent(t *testing.T, key string) []byte {
	t.Helper()
	seed, size, ok := strings.Cut(strings.TrimPrefix(key, "crash/"), "-")
	n, err := strconv.Atoi(seed)
	s, also := strconv.Atoi(size)
	if !ok || err != nil || also != nil {
		t.Fatalf("no key of ours: %q", key)
	}
	return blobtest.Content(n, s)
}

func TestWhatACrashLeaves(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	acknowledged := map[string]bool{}
	seenUnfinished := 0
	for round := range 6 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), putsInto+"="+folder)
		program.DiesWithUs(child)
		said, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		lines := bufio.NewScanner(said)
		for n := 0; n < 20+3*round && lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
		}
		must(t, child.Process.Kill())
		for lines.Scan() { // said before it died; a line is one write, so none is cut off
			acknowledged[lines.Text()] = true
		}
		_ = child.Wait()
		left, err := os.ReadDir(filepath.Join(folder, "unfinished"))
		must(t, err)
		seenUnfinished += len(left)

		d, err := blob.OpenDisk(folder)
		must(t, err)
		all := blobtest.List(t, d)
		for key := range all {
			blobtest.Is(t, key, blobtest.Get(t, d, key), crashContent(t, key))
		}
		for key := range acknowledged {
			if _, there := all[key]; !there {
				t.Errorf("%s was acknowledged and is gone", key)
			}
		}
		if left, err := os.ReadDir(filepath.Join(folder, "unfinished")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
		must(t, d.Close())
	}
	if seenUnfinished == 0 {
		t.Error("no crash was in the middle of a put")
	}
}

func TestOthersUnfinishedStays(t *testing.T) {
	folder := t.TempDir()
	first := openDisk(t, folder)
	theirs := filepath.Join(folder, "unfinished", "put-THEIRS")
	must(t, os.WriteFile(theirs, []byte("half"), 0o600))
	second := openDisk(t, folder)
	if _, err := os.Stat(theirs); err != nil {
		t.Error("a second program removed what the first one was writing")
	}
	blobtest.Put(t, first, "image/a", blobtest.Content(1, 100))
	blobtest.Is(t, "seen by both", blobtest.Get(t, second, "image/a"), blobtest.Content(1, 100))
	must(t, first.Close())
	must(t, second.Close())
	openDisk(t, folder)
	if _, err := os.Stat(theirs); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a crash left is still there: %v", err)
	}
}

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	folder := filepath.Join(t.TempDir(), "a", "images")
	d := openDisk(t, folder)
	for n := range 20 {
		blobtest.Put(t, d, fmt.Sprint("image/", n), blobtest.Content(n, 10))
	}
	files := 0
	must(t, filepath.WalkDir(filepath.Dir(folder), func(path string, e fs.DirEntry, err error) error {
		must(t, err)
		info, err := e.Info()
		must(t, err)
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s: %s", path, info.Mode())
		}
		return nil
	}))
	if files != 20 {
		t.Errorf("%d files", files)
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	d := openDisk(t, folder)
	content := blobtest.Content(1, 100)
	blobtest.Put(t, d, "image/a", content)
	found, err := filepath.Glob(filepath.Join(folder, "???", "image.a"))
	must(t, err)
	file := found[0]

	secret := filepath.Join(outside, "image.a")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	must(t, os.Remove(file))
	must(t, os.Symlink(secret, file))
	_, err = d.Open(t.Context(), "image/a")
	blobtest.Fails(t, "open through a file that leads out", err, chat.Unavailable)
	if n := len(blobtest.List(t, d)); n != 0 {
		t.Error("a link was listed")
	}
	must(t, os.RemoveAll(filepath.Dir(file)))
	must(t, os.Symlink(outside, filepath.Dir(file)))
	_, err = d.Open(t.Context(), "image/a")
	blobtest.Fails(t, "open through a folder that leads out", err, chat.Unavailable)
	err = d.Put(t.Context(), "image/a", "", bytes.NewReader(content), 100)
	blobtest.Fails(t, "put through a folder that leads out", err, chat.Unavailable)
	blobtest.Fails(t, "delete through it", d.Delete(t.Context(), "image/a"), chat.Unavailable)
	if is, err := os.ReadFile(secret); err != nil || string(is) != "secret" {
		t.Errorf("outside: %q %v", is, err)
	}
}

// refuses checks that everything is Unavailable, and that nothing hangs.
func refuses(t *testing.T, b chat.Blobs, within time.Duration) {
	t.Helper()
	var all sync.WaitGroup
	all.Go(func() { refusesToWrite(t, b, within) })
	all.Go(func() {
		fails(t, "read", within, func() error { _, err := blobtest.Read(t.Context(), b, "image/there"); return err })
	})
	all.Go(func() {
		fails(t, "list", within, func() error { return b.List(t.Context(), func(chat.BlobEntry) error { return nil }) })
	})
	all.Wait()
}

// refusesToWrite makes its calls at once: most of them wait, and none may make another wait longer.
func refusesToWrite(t *testing.T, b chat.Blobs, within time.Duration) {
	t.Helper()
	var all sync.WaitGroup
	for _, size := range []int{0, 5000, 600_000} {
		content := blobtest.Content(1, size)
		all.Go(func() {
			fails(t, fmt.Sprint("put ", size), within+time.Duration(size>>18)*time.Second, func() error {
				return b.Put(t.Context(), "image/refused", "image/png", bytes.NewReader(content), int64(size))
			})
		})
	}
	// What is not answered may yet be done: these are not missed.
	all.Go(func() { fails(t, "delete", within, func() error { return b.Delete(t.Context(), "image/doomed") }) })
	all.Go(func() {
		fails(t, "delete some", within, func() error { return b.Delete(t.Context(), "image/doomed", "image/a", "image/b") })
	})
	all.Go(func() { fails(t, "ready", within, func() error { return b.Ready(t.Context()) }) })
	all.Wait()
}

func fails(t *testing.T, what string, within time.Duration, fn func() error) {
	t.Helper()
	began := time.Now()
	err := fn()
	blobtest.Fails(t, what, err, chat.Unavailable)
	if took := time.Since(began); took > within {
		t.Errorf("%s took %s", what, took)
	}
}

// works checks that everything goes on, with "image/there" as it was before.
func works(t *testing.T, b chat.Blobs, there []byte) {
	t.Helper()
	must(t, b.Ready(t.Context()))
	blobtest.Is(t, "what was there", blobtest.Get(t, b, "image/there"), there)
	blobtest.Put(t, b, "image/after", blobtest.Content(5, 600_000))
	blobtest.Is(t, "put after", blobtest.Get(t, b, "image/after"), blobtest.Content(5, 600_000))
	must(t, b.Delete(t.Context(), "image/after"))
	all := blobtest.List(t, b)
	// What was not answered during the fault may be done at any time.
	delete(all, "image/refused")
	delete(all, "image/doomed")
	if len(all) != 1 {
		t.Errorf("there is %v", all)
	}
}

func TestFolderThatDisappears(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "images")
	d := openDisk(t, folder)
	there := blobtest.Content(1, 5000)
	blobtest.Put(t, d, "image/there", there)
	away := folder + "-away"
	must(t, os.Rename(folder, away))
	refuses(t, d, time.Minute)
	// As where a disk is mounted, and is not: nothing may be written there, and nothing be said to be missing.
	must(t, os.Mkdir(folder, 0o700))
	refuses(t, d, time.Minute)
	must(t, os.Remove(folder))
	must(t, os.Rename(away, folder))
	works(t, d, there)
}

func TestManyGoOnWhileOneFails(t *testing.T) {
	d := openDisk(t, t.TempDir())
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 20 {
				key := fmt.Sprintf("image-%d/%d", n, i)
				content := blobtest.Content(i, 2000)
				if n%2 == 0 {
					if err := d.Put(t.Context(), key, "", bytes.NewReader(content[:1999]), 2000); err == nil {
						t.Error("was too short")
					}
					continue
				}
				if err := d.Put(t.Context(), key, "", bytes.NewReader(content), 2000); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(blobtest.List(t, d)); n != 80 {
		t.Errorf("%d blobs", n)
	}
}
