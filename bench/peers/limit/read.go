package main

import (
	"net"

	"github.com/gobwas/ws"
)

// read hands each packet of a connection to take, until one or the other ends.
func read(conn net.Conn, take func([]byte) error) {
	buf := make([]byte, 4096)
	held := 0
	for {
		n, err := conn.Read(buf[held:])
		if err != nil {
			return
		}
		held += n
		used := 0
		for {
			packet, size := unframe(buf[used:held])
			if size == 0 {
				break
			}
			if take(packet) != nil {
				return
			}
			used += size
		}
		held = copy(buf, buf[used:held])
		if held == len(buf) {
			return // longer than any message
		}
	}
}

// unframe unmasks the client's frame at the start of p, and returns its size: 0
// where it is not all there.
func unframe(p []byte) (packet []byte, size int) {
	if len(p) < 2 {
		return nil, 0
	}
	header, n := 2, int(p[1]&0x7f)
	if n == 126 {
		if len(p) < 4 {
			return nil, 0
		}
		header, n = 4, int(p[2])<<8|int(p[3])
	}
	if len(p) < header+4+n {
		return nil, 0
	}
	packet = p[header+4 : header+4+n]
	ws.Cipher(packet, [4]byte(p[header:header+4]), 0)
	return packet, header + 4 + n
}
