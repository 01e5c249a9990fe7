package faults

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/maru-chat/maru/test/program"
)

// tracer follows the system calls of a maru by which bytes leave it: to its files, and to its clients.
type tracer struct {
	pid     int
	pending map[int]moment // by thread: the call that it is in
	moments []moment
	memory  *os.File
	ended   chan error
}

// moment is when a call begins or has returned.
type moment struct {
	call  string // write or sync
	file  string // what /proc says the descriptor is
	bytes []byte // written
	done  bool   // it has returned; else it begins
	good  bool   // it returned without an error
}

// trace runs maru under the tracer until stop, which returns what was seen. Every call of ptrace has to come from the
// thread that started the program.
func trace(t *testing.T, data, addr string) (stop func() []moment) {
	t.Helper()
	r := &tracer{pending: map[int]moment{}, ended: make(chan error, 1)}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		cmd := program.Command(data, addr)
		cmd.SysProcAttr.Ptrace, cmd.SysProcAttr.Setpgid = true, true
		err := r.start(cmd)
		started <- err
		if err == nil {
			r.ended <- r.follow()
			_ = cmd.Process.Release()
		}
	}()
	must(t, <-started)
	stopped := false
	stop = func() []moment {
		if !stopped {
			stopped = true
			_ = unix.Kill(r.pid, unix.SIGKILL)
			must(t, <-r.ended)
		}
		return r.moments
	}
	t.Cleanup(func() { stop() })
	return stop
}

// start runs the program up to its first instruction.
func (r *tracer) start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	r.pid = cmd.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(r.pid, &status, 0, nil); err != nil {
		return fmt.Errorf("waiting for the program: %w", err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(r.pid, options); err != nil {
		return fmt.Errorf("tracing: %w", err)
	}
	var err error
	if r.memory, err = os.Open("/proc/" + strconv.Itoa(r.pid) + "/mem"); err != nil {
		return err
	}
	return unix.PtraceSyscall(r.pid, 0)
}

// follow goes from stop to stop of any thread until the last one has ended.
func (r *tracer) follow() error {
	defer func() { _ = r.memory.Close() }()
	for {
		var status unix.WaitStatus
		thread, err := unix.Wait4(-r.pid, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil:
			return err
		case !status.Stopped():
			continue
		}
		signal := status.StopSignal()
		switch signal {
		case unix.SIGTRAP | 0x80:
			signal = 0
			if err := r.stopped(thread); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		case unix.SIGTRAP, unix.SIGSTOP: // a new thread, on one side and on the other
			signal = 0
		}
		if err := unix.PtraceSyscall(thread, int(signal)); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
}

// stopped notes that a thread begins a call, or returns from it (ptrace(2), PTRACE_GET_SYSCALL_INFO).
func (r *tracer) stopped(thread int) error {
	const (
		getSyscallInfo = 0x420e
		entry, exit    = 1, 2
	)
	var info [88]byte
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(thread), uintptr(len(info)), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return errno
	}
	word := func(n int) uint64 { return binary.NativeEndian.Uint64(info[24+8*n:]) }
	switch info[0] {
	case entry:
		m, ours := r.begins(word(0), word(1), word(2), word(3))
		if ours {
			r.pending[thread] = m
			r.moments = append(r.moments, m)
		}
	case exit:
		if m, ours := r.pending[thread]; ours {
			delete(r.pending, thread)
			m.done, m.good = true, int64(word(0)) >= 0
			r.moments = append(r.moments, m)
		}
	}
	return nil
}

func (r *tracer) begins(number, fd, at, size uint64) (m moment, ours bool) {
	switch number {
	case unix.SYS_WRITE, unix.SYS_PWRITE64, unix.SYS_SENDTO:
		m.call, m.bytes = "write", r.read(at, size)
	case unix.SYS_WRITEV, unix.SYS_PWRITEV:
		m.call = "write"
		vector := r.read(at, 16*size)
		for ; len(vector) >= 16; vector = vector[16:] {
			m.bytes = append(m.bytes, r.read(binary.NativeEndian.Uint64(vector), binary.NativeEndian.Uint64(vector[8:]))...)
		}
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		m.call = "sync"
	default:
		return m, false
	}
	m.file, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", r.pid, fd))
	return m, true
}

// read reads the program's memory.
func (r *tracer) read(at, size uint64) []byte {
	buf := make([]byte, size)
	n, _ := r.memory.ReadAt(buf, int64(at)) // what cannot be read cannot be written either
	return buf[:n]
}

// served waits until the traced program serves.
func served(t *testing.T, addr string) {
	t.Helper()
	door := newAPI("http://"+addr, "", time.Second)
	eventually(t, 30*time.Second, "the traced program serves", func() bool {
		return door.call(t.Context(), "GET", "/categories", nil, nil) == nil
	})
}
