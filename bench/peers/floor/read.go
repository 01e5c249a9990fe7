package main

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/maru-chat/maru/bench/peers/fan"
)

// readBuffer holds a few messages of a client; a longer one breaks the
// connection.
const readBuffer = 512

var errTooLong = errors.New("message too long")

// read keeps one small buffer for each connection.
func (c *crowd) read(m *fan.Member) {
	defer c.remove(m)
	buf := make([]byte, readBuffer)
	held := 0
	for {
		n, err := m.Conn.Read(buf[held:])
		if err != nil {
			return
		}
		held += n
		if held, err = c.consume(buf, held); err != nil {
			return
		}
	}
}

// readLean waits without a buffer and takes one from a pool to read. Where a
// frame is incomplete, it keeps it until the rest has come.
func (c *crowd) readLean(m *fan.Member) {
	defer c.remove(m)
	raw, err := m.Conn.SyscallConn()
	if err != nil {
		return
	}
	var buf *[readBuffer]byte
	held := 0
	var failed error
	for failed == nil {
		err := raw.Read(func(fd uintptr) bool {
			if buf == nil {
				buf = buffers.Get().(*[readBuffer]byte)
			}
			n, err := syscall.Read(int(fd), buf[held:])
			switch {
			case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			case err != nil:
				failed = err
			case n == 0:
				failed = io.EOF
			default:
				held, failed = c.consume(buf[:], held+n)
			}
			if held == 0 {
				buffers.Put(buf)
				buf = nil
			}
			return !errors.Is(err, syscall.EAGAIN)
		})
		if err != nil {
			return
		}
	}
}

var buffers = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// consume answers the whole frames in buf[:held], moves the rest to the front
// and returns its length.
func (c *crowd) consume(buf []byte, held int) (int, error) {
	rest := buf[:held]
	for {
		text, size := unframe(rest)
		if size == 0 {
			break
		}
		if text == ([2]byte{'4', '2'}) {
			c.broadcast(c.message)
		}
		rest = rest[size:]
	}
	if len(rest) == len(buf) {
		return 0, errTooLong
	}
	return copy(buf, rest), nil
}

// unframe returns the first two bytes of a client's frame, unmasked, and the
// frame's size: 0 where it is not all there.
func unframe(p []byte) (text [2]byte, size int) {
	const mask = 4
	if len(p) < 2 {
		return text, 0
	}
	header, payload := 2+mask, int(p[1]&0x7f)
	switch payload {
	case 126:
		if len(p) < 4 {
			return text, 0
		}
		header, payload = 4+mask, int(binary.BigEndian.Uint16(p[2:]))
	case 127:
		header, payload = 8+2+mask, readBuffer // too long for the buffer
	}
	if len(p) < header+payload {
		return text, 0
	}
	if payload >= 2 {
		text = [2]byte{p[header] ^ p[header-4], p[header+1] ^ p[header-3]}
	}
	return text, header + payload
}
