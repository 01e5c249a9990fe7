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

// write writes as much of wire as the connection takes without waiting.
func (p *piece) write(raw syscall.RawConn, wire []byte) (n int, err error) {
	kept := p.bytes
	p.bytes, p.n, p.err = wire, 0, nil
	err = raw.Write(p.try)
	n = p.n
	p.bytes = kept
	if err == nil {
		err = p.err
	}
	return n, err
}

// tryWrite never asks to be called again.
func (p *piece) tryWrite(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), p.bytes)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
		case err != nil:
			p.err = err
		default:
			p.n = n
		}
		return true
	}
}
