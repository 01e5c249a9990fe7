//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package blob

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// sweepAlone sweeps where no other program uses the folder, and returns what tells others that this one does. The kernel ends
// that when the process ends, however it ends.
func sweepAlone(root *os.Root) (*os.File, error) {
	f, err := root.Open(unfinished)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	fd := int(f.Fd()) // #nosec G115 -- a file descriptor fits
	// A file system that cannot lock is used as if others were at work.
	if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = sweep(root)
	} else if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOLCK) {
		err = nil // what is unfinished may be somebody's: it stays
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrFolder, err), f.Close())
	}
	for errors.Is(unix.Flock(fd, unix.LOCK_SH), unix.EINTR) { // it waits while another one sweeps
		continue
	}
	return f, nil
}

// syncFolder returns once the names in a folder are on stable storage.
func syncFolder(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
