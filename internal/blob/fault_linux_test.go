package blob_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/maru-chat/maru/internal/blob/blobtest"
)

// mayMount says to this program that what it mounts is nobody else's and goes with it.
const mayMount = "MARU_TEST_MAY_MOUNT"

// TestDiskThatIsFullOrReadOnly runs on a small file system in a mount namespace of its own. Where the system does not allow
// that, TestFileThatWillNotGrow is what there is.
func TestDiskThatIsFullOrReadOnly(t *testing.T) {
	if os.Getenv(mayMount) == "" {
		for _, flags := range []uintptr{syscall.CLONE_NEWNS, syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER} {
			if inOwnMounts(t, flags) {
				return
			}
		}
		t.Log("this system lets nobody mount: not tested here")
		return
	}
	folder := t.TempDir()
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount("maru-test", folder, "tmpfs", 0, "size=8m"))
	defer func() { must(t, unix.Unmount(folder, unix.MNT_DETACH)) }()
	d := openDisk(t, folder)
	there := blobtest.Content(1, 5000)
	blobtest.Put(t, d, "image/there", there)

	filler, err := os.Create(filepath.Join(folder, "unfinished", "filler"))
	must(t, err)
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	must(t, filler.Close())
	fails(t, "put on a full disk", time.Minute, func() error {
		return d.Put(t.Context(), "image/refused", "", bytes.NewReader(there), 5000)
	})
	fails(t, "ready on a full disk", time.Minute, func() error { return d.Ready(t.Context()) })
	blobtest.Is(t, "on a full disk", blobtest.Get(t, d, "image/there"), there)
	must(t, d.Delete(t.Context(), "image/none")) // also while it is full
	must(t, os.Remove(filler.Name()))
	works(t, d, there)

	blobtest.Put(t, d, "image/doomed", there)
	must(t, unix.Mount("", folder, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	refusesToWrite(t, d, time.Minute)
	blobtest.Is(t, "on a read-only disk", blobtest.Get(t, d, "image/there"), there)
	must(t, unix.Mount("", folder, "", unix.MS_REMOUNT, ""))
	works(t, d, there)
}

func inOwnMounts(t *testing.T, flags uintptr) bool {
	t.Helper()
	attr := &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if flags&syscall.CLONE_NEWUSER != 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	try := exec.Command("mount", "--make-rprivate", "/")
	try.SysProcAttr = attr
	if try.Run() != nil {
		return false
	}
	again := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	again.Env = append(os.Environ(), mayMount+"=1")
	again.SysProcAttr = attr
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return true
}

func TestFileThatWillNotGrow(t *testing.T) {
	folder := t.TempDir()
	d := openDisk(t, folder)
	there := blobtest.Content(1, 5000)
	blobtest.Put(t, d, "image/there", there)
	limitFiles(t, 1<<20)
	size := 2 << 20
	fails(t, "put", time.Minute, func() error {
		return d.Put(t.Context(), "image/refused", "", bytes.NewReader(blobtest.Content(1, size)), int64(size))
	})
	unlimitFiles(t)
	if left, err := os.ReadDir(filepath.Join(folder, "unfinished")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	works(t, d, there)
}

// limitFiles has every write of this process beyond so many bytes of a file fail, as on a full disk.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: hardLimit(t)}))
}

func unlimitFiles(t *testing.T) {
	t.Helper()
	limitFiles(t, hardLimit(t))
}

func hardLimit(t *testing.T) uint64 {
	t.Helper()
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &limit))
	return limit.Max
}
