//go:build unix

package engineio

import (
	"errors"
	"syscall"
)

const rawReads = true

// tryRead reads what is there, and holds a buffer only if something is.
func (s *source) tryRead(fd uintptr) bool {
	s.hold()
	for {
		s.n, s.err = syscall.Read(int(fd), s.buf[s.w:])
		switch {
		case errors.Is(s.err, syscall.EINTR):
			continue
		case errors.Is(s.err, syscall.EAGAIN):
			s.n, s.err = 0, nil
			if s.w == 0 {
				s.free()
			}
			return false
		}
		s.n = max(s.n, 0) // the system's -1 beside an error
		return true
	}
}
