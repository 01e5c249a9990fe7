package engineio

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// readSize is what is read from a connection at once: several of the small
// frames of a busy client, and small enough to be held by thousands.
const readSize = 4 << 10

type readBuffer [readSize]byte

var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// source reads a connection through a buffer that it holds only while bytes
// are at hand: a connection that is silent costs no buffer. It waits for the
// connection to become readable where the system lets it, and elsewhere (TLS)
// for one single byte.
type source struct {
	conn net.Conn
	raw  syscall.RawConn // nil where conn cannot wait without reading
	try  func(fd uintptr) bool

	buf  *readBuffer
	r, w int

	n   int // what try read
	err error
}

// start reads conn, after the bytes that were read ahead of it.
func (s *source) start(conn net.Conn, ahead []byte) {
	s.conn = conn
	if tcp, ok := conn.(*net.TCPConn); ok && rawReads {
		if raw, err := tcp.SyscallConn(); err == nil {
			s.raw, s.try = raw, s.tryRead
		}
	}
	if len(ahead) > 0 {
		s.hold()
		s.w = copy(s.buf[:], ahead)
	}
}

// empty reports whether no byte is at hand.
func (s *source) empty() bool { return s.r == s.w }

func (s *source) hold() {
	if s.buf == nil {
		s.buf = readBuffers.Get().(*readBuffer)
		s.r, s.w = 0, 0
	}
}

func (s *source) free() {
	if s.buf != nil {
		readBuffers.Put(s.buf)
		s.buf = nil
	}
	s.r, s.w = 0, 0
}

// await waits until a byte is at hand, where none is.
func (s *source) await() error {
	s.free()
	return s.fill()
}

// fill reads at least one byte behind those at hand.
func (s *source) fill() error {
	if s.buf != nil && s.r > 0 {
		s.w = copy(s.buf[:], s.buf[s.r:s.w])
		s.r = 0
	}
	switch {
	case s.raw != nil:
		s.n, s.err = 0, nil
		if err := s.raw.Read(s.try); err != nil {
			return err
		}
		if s.err == nil && s.n == 0 {
			s.err = io.EOF
		}
	case s.buf == nil:
		var one [1]byte
		s.n, s.err = s.conn.Read(one[:])
		if s.n == 1 {
			s.hold()
			s.buf[0] = one[0]
		}
	default:
		s.n, s.err = s.conn.Read(s.buf[s.w:])
	}
	s.w += s.n
	if s.n > 0 {
		return nil
	}
	return s.err
}

// next returns the next n bytes, at most readSize, valid until the next call.
func (s *source) next(n int) ([]byte, error) {
	for s.w-s.r < n {
		if s.w == s.r {
			s.free()
		}
		if err := s.fill(); err != nil {
			if errors.Is(err, io.EOF) && s.w > s.r {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	b := s.buf[s.r : s.r+n]
	s.r += n
	return b, nil
}

// full reads len(p) bytes. What is larger than the buffer goes past it.
func (s *source) full(p []byte) error {
	if s.buf != nil {
		n := copy(p, s.buf[s.r:s.w])
		s.r += n
		p = p[n:]
	}
	if len(p) >= readSize {
		_, err := io.ReadFull(s.conn, p)
		return err
	}
	if len(p) == 0 {
		return nil
	}
	b, err := s.next(len(p))
	copy(p, b)
	return err
}
