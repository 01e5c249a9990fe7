//go:build linux || darwin || freebsd

package main

import "golang.org/x/sys/unix"

// freeBytes is how much of a folder's disk is left for who is not root.
func freeBytes(folder string) (free int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:gosec,unconvert // types differ from system to system, and disks fit
}
