package faults

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// ownMounts says to this program that it is where it may mount: 1; anything else has it not go there.
const ownMounts = "MARU_TEST_OWN_MOUNTS"

func mayMount() bool { return os.Getenv(ownMounts) == "1" }

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

// newDisk makes a small file system where the system lets us, and a folder elsewhere.
func newDisk(t testing.TB, size string) *disk {
	t.Helper()
	d := &disk{folder: t.TempDir()}
	if mayMount() {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		must(t, unix.Mount("maru-test", d.folder, "tmpfs", 0, "size="+size))
		d.mounted = true
		t.Cleanup(func() { _ = unix.Unmount(d.folder, unix.MNT_DETACH) })
	}
	return d
}

// remount makes the file system read-only, while nobody has a file open, or writable.
func (d *disk) remount(t testing.TB, readOnly bool) {
	t.Helper()
	flags := uintptr(unix.MS_REMOUNT)
	if readOnly {
		flags |= unix.MS_RDONLY
	}
	must(t, unix.Mount("", d.folder, "", flags, ""))
}

// asNobody has a command run as somebody for whom permissions count, where we are root and mount nothing.
func asNobody(cmd *exec.Cmd) *exec.Cmd {
	if !mayMount() && os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	return cmd
}

// limitFiles has every write of a process beyond so many bytes of a file fail, as on a full disk; unlimited ends that.
func limitFiles(t testing.TB, pid int, size uint64) {
	t.Helper()
	var limit unix.Rlimit
	must(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit))
	limit.Cur = min(size, limit.Max)
	must(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil))
}

const (
	unlimited = uint64(unix.RLIM_INFINITY)
	canStarve = true
)
