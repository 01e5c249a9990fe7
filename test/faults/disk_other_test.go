//go:build !linux

package faults

import (
	"os/exec"
	"testing"
)

// Disks become full under a running program on Linux alone.
const (
	unlimited = uint64(0)
	canStarve = false
)

func inOwnMounts() (code int, was bool) { return 0, false }

func newDisk(t testing.TB, _ string) *disk { t.Helper(); return &disk{folder: t.TempDir()} }

func (d *disk) remount(testing.TB, bool) {}

func asNobody(cmd *exec.Cmd) *exec.Cmd { return cmd }

func limitFiles(t testing.TB, _ int, _ uint64) { t.Helper(); t.Skip("needs Linux") }
