//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package sqlstore

import (
	"errors"
	"os"
)

// lock refuses: without flock nothing would keep two programs from writing one database.
func lock(string) (*os.File, error) {
	return nil, errors.New("the embedded database is not supported on this system")
}
