package faults

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const ownMounts = "MARU_TEST_OWN_MOUNTS"

// inOwnMounts runs this test program again where what it mounts is nobody else's and goes with it. It reports false where
// it is there already, and where the system does not allow it: then disks become full by a limit on file sizes alone.
func inOwnMounts() (code int, was bool) {
	if os.Getenv(ownMounts) != "" {
		return 0, false
	}
	for _, attr := range []*syscall.SysProcAttr{
		{Cloneflags: syscall.CLONE_NEWNS},
		{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		},
	} {
		attr.Pdeathsig = syscall.SIGKILL
		try := exec.Command("mount", "--make-rprivate", "/")
		try.SysProcAttr = attr
		if try.Run() != nil {
			continue
		}
		again := exec.Command(os.Args[0], os.Args[1:]...)
		again.Env = append(os.Environ(), ownMounts+"=1")
		again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
		again.SysProcAttr = attr
		if err := again.Run(); err != nil && again.ProcessState == nil {
			panic(err)
		}
		return again.ProcessState.ExitCode(), true
	}
	return 0, false
}

// disk is where a maru under test keeps its data.
type disk struct {
	folder  string
	mounted bool // a file system of its own, which can be full
	filler  *os.File
}

// newDisk makes a small file system where the system lets us, and a folder elsewhere.
func newDisk(t testing.TB, size string) *disk {
	t.Helper()
	d := &disk{folder: t.TempDir()}
	if os.Getenv(ownMounts) != "" {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		must(t, unix.Mount("maru-test", d.folder, "tmpfs", 0, "size="+size))
		d.mounted = true
		t.Cleanup(func() { _ = unix.Unmount(d.folder, unix.MNT_DETACH) })
	}
	return d
}

// fill takes what space is left, to the last block.
func (d *disk) fill(t testing.TB) {
	t.Helper()
	var err error
	d.filler, err = os.Create(filepath.Join(d.folder, "filler"))
	must(t, err)
	block := make([]byte, 4096)
	for err == nil {
		_, err = d.filler.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

// free gives the space back.
func (d *disk) free(t testing.TB) {
	t.Helper()
	must(t, d.filler.Close())
	must(t, os.Remove(d.filler.Name()))
}

// limitFiles has every write of a process beyond so many bytes of a file fail, as on a full disk; unlimited ends that.
func limitFiles(t testing.TB, pid int, size uint64) {
	t.Helper()
	var limit unix.Rlimit
	must(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit))
	limit.Cur = min(size, limit.Max)
	must(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil))
}

const unlimited = uint64(unix.RLIM_INFINITY)
