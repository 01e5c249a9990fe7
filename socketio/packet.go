package socketio

import (
	"encoding/json"
	"math"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// packetType is the first character of a packet (Socket.IO protocol 5,
// "Exchange protocol").
type packetType byte

const (
	packetConnect      packetType = '0'
	packetDisconnect   packetType = '1'
	packetEvent        packetType = '2'
	packetAck          packetType = '3'
	packetConnectError packetType = '4'
	packetBinaryEvent  packetType = '5'
	packetBinaryAck    packetType = '6'
)

// withAttachments is the type of an event or acknowledgement that has some.
func (t packetType) withAttachments() packetType {
	if t == packetAck {
		return packetBinaryAck
	}
	return packetBinaryEvent
}

// Limits of a packet from the client, beyond its size in bytes.
const (
	maxNamespace   = 256      // bytes of a namespace's name
	maxAttachments = 10       // like the reference parser (CVE-2026-33151)
	maxAuth        = 64 << 10 // bytes of CONNECT's payload, which lives as long as its socket
	maxDepth       = 64       // nested arrays and objects
	maxArgs        = 256      // elements of an event's or acknowledgement's array
	maxNumber      = 64       // characters of a JSON number

	// maxID is the largest integer that every JSON parser keeps exact. No
	// acknowledgement beyond it was ever asked for.
	maxID = 1<<53 - 1
)

// packet is a parsed packet. Its payload is valid JSON of the shape that its
// type asks for, in the packet's own bytes.
type packet struct {
	kind        packetType // with attachments, that of the same without
	attachments int
	namespace   string
	id          uint64 // of the acknowledgement, if hasID
	hasID       bool
	auth        json.RawMessage   // of CONNECT: an object, or nil
	args        []json.RawMessage // of events and acknowledgements
}

// parsePacket reads what a client may send (Socket.IO protocol 5, "Packet
// encoding"):
//
//	<type>[<attachments>-][<namespace>,][<id>][<JSON payload>]
func parsePacket(b []byte) (packet, error) {
	var p packet
	if len(b) == 0 {
		return p, engineio.Violated("empty packet")
	}
	p.kind, b = packetType(b[0]), b[1:]
	var err error
	switch p.kind {
	case packetConnect, packetDisconnect, packetEvent, packetAck:
	case packetBinaryEvent, packetBinaryAck:
		if p.attachments, b, err = cutAttachments(b); err != nil {
			return p, err
		}
		if p.kind == packetBinaryAck {
			p.kind = packetAck
		} else {
			p.kind = packetEvent
		}
	default:
		return p, engineio.Violated("packet of type %q", byte(p.kind))
	}
	if p.namespace, b, err = cutNamespace(b); err != nil {
		return p, err
	}
	switch p.kind {
	case packetConnect:
		p.auth, err = parseAuth(b)
	case packetDisconnect:
		if len(b) > 0 {
			err = engineio.Violated("disconnection with a payload")
		}
	default:
		p.id, p.hasID, b = cutID(b)
		err = p.parseArgs(b)
	}
	return p, err
}

// cutAttachments reads the count before its dash: 1 to 10, without a sign or
// leading zeros.
func cutAttachments(b []byte) (n int, rest []byte, err error) {
	digits := 0
	for digits < len(b) && digits < 3 && isDigit(b[digits]) {
		n = n*10 + int(b[digits]-'0')
		digits++
	}
	if digits == 0 || digits == len(b) || b[digits] != '-' || b[0] == '0' || n > maxAttachments {
		return 0, nil, engineio.Violated("illegal number of attachments")
	}
	return n, b[digits+1:], nil
}

// cutNamespace reads a name that starts with a slash and ends before a comma
// or with the packet.
func cutNamespace(b []byte) (name string, rest []byte, err error) {
	if len(b) == 0 || b[0] != '/' {
		return "/", b, nil
	}
	end := 0
	for end < len(b) && b[end] != ',' {
		if end++; end > maxNamespace {
			return "", nil, engineio.Violated("namespace is longer than %d bytes", maxNamespace)
		}
	}
	return string(b[:end]), b[min(end+1, len(b)):], nil
}

// cutID reads the digits before the payload. What does not fit becomes the
// largest number, which was never issued.
func cutID(b []byte) (id uint64, ok bool, rest []byte) {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		if id > maxID {
			id = math.MaxUint64
		} else {
			id = id*10 + uint64(b[n]-'0')
		}
		n++
	}
	return id, n > 0, b[n:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func parseAuth(b []byte) (json.RawMessage, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) > maxAuth {
		return nil, &engineio.Violation{Code: engineio.CodeTooBig, What: "auth payload is too large"}
	}
	if !validObject(b) {
		return nil, engineio.Violated("auth payload is not an object")
	}
	return json.RawMessage(b), nil
}

func (p *packet) parseArgs(b []byte) error {
	args, err := splitArray(b)
	if err != nil {
		return err
	}
	p.args = args
	switch {
	case p.kind == packetAck:
		if !p.hasID {
			return engineio.Violated("acknowledgement without an id")
		}
	case len(args) == 0:
		return engineio.Violated("event without a name")
	case p.id > maxID:
		return engineio.Violated("event with an id that nobody can keep")
	}
	return nil
}

// eventName reads the first element of an event: a string, or a number, which
// JavaScript takes for the string of its digits. Objects there have brought
// servers down (CVE-2023-32695), and so have the names that mean something to
// either side's library.
func eventName(raw json.RawMessage) (string, error) {
	var name string
	switch c := raw[0]; {
	case c == '"':
		if err := json.Unmarshal(raw, &name); err != nil {
			return "", engineio.Violated("event name: %v", err)
		}
	case c == '-' || isDigit(c):
		name = string(raw)
	default:
		return "", engineio.Violated("event name is neither a string nor a number")
	}
	if reserved(name) {
		return "", engineio.Violated("event name is reserved")
	}
	return name, nil
}

// reserved tells the names that no event may have: those of the reference
// parser, and "error", which kills a Node process that does not listen for it
// (CVE-2024-38355).
func reserved(event string) bool {
	switch event {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "error":
		return true
	}
	return false
}
