package engineio

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// separator stands between the packets of one body (Engine.IO protocol 4,
// "Packet encoding", "HTTP long-polling").
const separator = '\x1e'

// binaryPrefix stands before a binary message in base64.
const binaryPrefix = 'b'

// appendPayload appends the packets of the frames to the body of an answer.
func appendPayload(body []byte, frames []*Frame) []byte {
	for _, f := range frames {
		for rest := f.wire; len(rest) > 0; {
			var op ws.OpCode
			var packet []byte
			op, packet, rest = cutWire(rest)
			if len(body) > 0 {
				body = append(body, separator)
			}
			if op == ws.OpBinary {
				body = append(body, binaryPrefix)
				body = base64.StdEncoding.AppendEncode(body, packet)
			} else {
				body = append(body, packet...)
			}
		}
	}
	return body
}

// readPayload hands the packets of a request's body to receive, one by one,
// each in memory of its own: one that is kept must not keep the others.
func readPayload(body []byte, receive func(packet []byte, binary bool) error) error {
	if !utf8.Valid(body) {
		return &Violation{CodeInvalidData, "payload is not UTF-8"}
	}
	for more := true; more; {
		var packet []byte
		packet, body, more = bytes.Cut(body, []byte{separator})
		binary := len(packet) > 0 && packet[0] == binaryPrefix
		if binary {
			message, err := base64.StdEncoding.Strict().AppendDecode(nil, packet[1:])
			if err != nil || bytes.ContainsAny(packet, "\r\n") { // which encoding/base64 skips
				return Violated("binary packet is not base64")
			}
			packet = message
		} else {
			packet = bytes.Clone(packet)
		}
		if err := receive(packet, binary); err != nil {
			return err
		}
	}
	return nil
}
