//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package blob

import (
	"errors"
	"os"
)

// sweepAlone refuses: without flock and syncing of folders nothing here can be promised.
func sweepAlone(*os.Root) (*os.File, error) {
	return nil, errors.New("keeping images in a folder is not supported on this system: use s3://")
}

func syncFolder(*os.Root, string) error { return errors.ErrUnsupported }
