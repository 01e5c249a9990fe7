package load

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the time that all threads of a process, ended ones included, have
// spent in user and system mode: its CPU-time clock, in nanoseconds, where
// /proc/PID/stat counts hundredths of a second (clock_getcpuclockid(3)).
func CPU(pid int) (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil { //nolint:gosec // as the kernel defines it
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

func ownCPU() (time.Duration, error) { return CPU(os.Getpid()) }

// resident is the resident set of a process in bytes. VmRSS lags behind by
// what each processor has yet to add to it; smaps_rollup counts pages.
func resident(pid int) (int64, error) {
	rollup, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0, fmt.Errorf("resident set: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(rollup)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "Rss:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("resident set: %w", err)
			}
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("resident set of process %d: not in smaps_rollup", pid)
}

// RaiseFileLimit lets this process, and those that it starts, open as many
// files as the system allows them, and fails if those are fewer than need.
func RaiseFileLimit(need int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if limit.Max < uint64(need) { //nolint:gosec // need is a count
		return fmt.Errorf("%d connections at once need a limit of open files beyond %d: raise it (ulimit -Hn) or ask for fewer", need, limit.Max)
	}
	limit.Cur = limit.Max
	// By way of syscall: it makes os/exec hand the limit on.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	return nil
}

// DieWithUs has the kernel end a child however this process ends.
func DieWithUs(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// childrenCPU is what the processes that a process waited for have spent, in
// hundredths of a second (proc_pid_stat(5), cutime and cstime).
func childrenCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("CPU time of the children of %d: %w", pid, err)
	}
	// The name, in parentheses, may hold anything.
	_, rest, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	fields := strings.Fields(rest)
	const first, ticks = 3, 100 // the state is field 3
	total := int64(0)
	for _, field := range []int{16, 17} {
		if len(fields) <= field-first {
			return 0, fmt.Errorf("CPU time of the children of %d: %d fields", pid, len(fields))
		}
		n, err := strconv.ParseInt(fields[field-first], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("CPU time of the children of %d: %w", pid, err)
		}
		total += n
	}
	return time.Duration(total) * time.Second / ticks, nil
}

// children are the processes that a process has started and that run.
func children(pid int) []int {
	var found []int
	tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		return nil
	}
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + task.Name() + "/children")
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}
