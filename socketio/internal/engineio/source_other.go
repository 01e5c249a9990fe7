//go:build !unix

package engineio

import (
	"errors"
	"syscall"
)

const rawReads = false

func (s *source) tryRead(uintptr) bool { return true }

func (p *piece) write(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }

func (p *piece) tryWrite(uintptr) bool { return true }
