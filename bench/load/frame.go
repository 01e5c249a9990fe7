package load

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// The bits and opcodes of RFC 6455, 5.2, as far as they are met here.
const (
	finText  = 0x81
	finClose = 0x88
	masked   = 0x80
	length16 = 126
	length64 = 127
)

// appendPacket appends a text frame as clients send it: masked.
func appendPacket(to []byte, packet []byte) []byte {
	to = append(to, finText)
	if n := len(packet); n < length16 {
		to = append(to, masked|byte(n))
	} else {
		to = append(to, masked|length16)
		to = binary.BigEndian.AppendUint16(to, uint16(n)) //nolint:gosec // 64 KiB at most: see NewCrowd
	}
	var key [4]byte
	binary.BigEndian.PutUint32(key[:], rand.Uint32()) //nolint:gosec // against proxies, not people
	to = append(to, key[:]...)
	for i, b := range packet {
		to = append(to, b^key[i&3])
	}
	return to
}

// frame is a text frame as servers send it.
func frame(packet []byte) []byte {
	to := []byte{finText}
	if n := len(packet); n < length16 {
		to = append(to, byte(n))
	} else {
		to = append(to, length16)
		to = binary.BigEndian.AppendUint16(to, uint16(n)) //nolint:gosec // 64 KiB at most: see NewCrowd
	}
	return append(to, packet...)
}

// unframe returns the packet of the frame at the start of p, and the frame's
// size: 0 where it is not all there.
func unframe(p []byte) (packet []byte, size int, err error) {
	if len(p) < 2 {
		return nil, 0, nil
	}
	header, n := 2, int(p[1])
	switch {
	case p[1]&masked != 0:
		return nil, 0, errors.New("a masked frame from the server")
	case n == length16:
		if len(p) < 4 {
			return nil, 0, nil
		}
		header, n = 4, int(binary.BigEndian.Uint16(p[2:]))
	case n == length64:
		return nil, 0, errors.New("a frame of more than 64 KiB")
	}
	if len(p) < header+n {
		return nil, 0, nil
	}
	packet = p[header : header+n]
	switch {
	case p[0] == finClose && n >= 2:
		return nil, 0, fmt.Errorf("closed with code %d %q", binary.BigEndian.Uint16(packet), packet[2:])
	case p[0] != finText:
		return nil, 0, fmt.Errorf("a frame that begins with %#x", p[0])
	}
	return packet, header + n, nil
}

// tally is what has been received.
type tally struct {
	deliveries, acknowledgements, pings int
}

// message is the event that is sent and counted, in its two forms.
type message struct {
	text     string // JSON
	packet   []byte
	delivery []byte // the frame that every member receives for it
}

func newMessage(length int) message {
	text, _ := json.Marshal(string(bytes.Repeat([]byte("x"), length))) //nolint:errchkjson // a string
	packet := fmt.Appendf(nil, `42["message",%s]`, text)
	return message{string(text), packet, frame(packet)}
}

// question is the packet that asks for the message to be sent to all.
func (m *message) question(id int) []byte {
	return fmt.Appendf(nil, `42%d["message",%s]`, id, m.text)
}

// count adds the whole frames at the start of p to t, and returns how many
// bytes they have. Whatever is neither a delivery, byte by byte, nor an
// acknowledgement nor a ping, is an error.
func (m *message) count(p []byte, t *tally) (int, error) {
	rest := p
	for {
		for bytes.HasPrefix(rest, m.delivery) {
			t.deliveries++
			rest = rest[len(m.delivery):]
		}
		packet, size, err := unframe(rest)
		if err != nil {
			return 0, err
		}
		if size == 0 {
			return len(p) - len(rest), nil
		}
		switch {
		case string(packet) == "2":
			t.pings++
		case acknowledges(packet):
			t.acknowledgements++
		default:
			return 0, fmt.Errorf("unexpected packet %.80q", packet)
		}
		rest = rest[size:]
	}
}

// acknowledges reports whether the packet is 43, an id, and an array.
func acknowledges(packet []byte) bool {
	id, ok := bytes.CutPrefix(packet, []byte("43"))
	if !ok {
		return false
	}
	end := bytes.IndexByte(id, '[')
	if end < 1 {
		return false
	}
	_, err := strconv.ParseUint(string(id[:end]), 10, 64)
	return err == nil
}
