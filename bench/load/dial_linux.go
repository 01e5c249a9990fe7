package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The key and its answer are the example of RFC 6455, 1.3.
const (
	upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" +
		"Host: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// dial connects, and returns when the server has said that the connection is
// in the room.
func dial(server netip.AddrPort) (member, error) { return dialSocket(server, "40", `42["joined"]`) }

// dialSocket opens a WebSocket, connects to the namespace with a packet, and
// returns when one came that begins so.
func dialSocket(server netip.AddrPort, connecting, ready string) (member, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return member{}, fmt.Errorf("socket: %w", err)
	}
	rest, err := handshake(fd, server, connecting, ready)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		return member{}, err
	}
	return member{fd, rest}, nil
}

// handshake returns what came behind the last packet that it waits for.
func handshake(fd int, server netip.AddrPort, connecting, ready string) (rest []byte, err error) {
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &limit); err != nil {
			return nil, fmt.Errorf("timeout: %w", err)
		}
	}
	if err := connect(fd, &unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()}); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	in := &incoming{fd: fd}
	if _, err := unix.Write(fd, []byte(upgrade)); err != nil {
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	if err := in.upgraded(); err != nil {
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	if err := in.expect(`0{`); err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if _, err := unix.Write(fd, appendPacket(nil, []byte(connecting))); err != nil {
		return nil, fmt.Errorf("connect to the namespace: %w", err)
	}
	for _, packet := range []string{`40{`, ready} {
		if err := in.expect(packet); err != nil {
			return nil, fmt.Errorf("waiting for %s: %w", packet, err)
		}
	}
	return in.buf, nil
}

// connect goes on connecting where a signal interrupts it, as those of Go's
// scheduler do.
func connect(fd int, server unix.Sockaddr) error {
	err := unix.Connect(fd, server)
	for errors.Is(err, unix.EINTR) || errors.Is(err, unix.EALREADY) {
		wait := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}} //nolint:gosec // a descriptor is that small
		_, _ = unix.Poll(wait, int(patience.Milliseconds()))
		err = unix.Connect(fd, server)
	}
	if errors.Is(err, unix.EISCONN) {
		return nil
	}
	return err
}

// incoming is what a blocking connection sends.
type incoming struct {
	fd  int
	buf []byte
}

func (in *incoming) more() error {
	var buf [1024]byte
	for {
		n, err := unix.Read(in.fd, buf[:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n == 0:
			return io.ErrUnexpectedEOF
		default:
			in.buf = append(in.buf, buf[:n]...)
			return nil
		}
	}
}

func (in *incoming) upgraded() error {
	for {
		header, rest, whole := bytes.Cut(in.buf, []byte("\r\n\r\n"))
		if !whole {
			if err := in.more(); err != nil {
				return err
			}
			continue
		}
		if !bytes.HasPrefix(header, []byte("HTTP/1.1 101 ")) || !bytes.Contains(header, []byte(accepted)) {
			return fmt.Errorf("answered with %.200q", in.buf)
		}
		in.buf = rest
		return nil
	}
}

// expect reads one packet, which has to begin so.
func (in *incoming) expect(beginning string) error {
	for {
		packet, size, err := unframe(in.buf)
		if err != nil {
			return err
		}
		if size == 0 {
			if err := in.more(); err != nil {
				return err
			}
			continue
		}
		if !bytes.HasPrefix(packet, []byte(beginning)) {
			return fmt.Errorf("unexpected packet %.80q", packet)
		}
		in.buf = in.buf[size:]
		return nil
	}
}
