package forward

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
)

// kind is what a message says. "Asker" is the node that a client came to, "owner" the one that it is for.
type kind byte

// The asker says kindRequest, kindBody, kindTaken, kindCancel and kindAsking; the owner kindAnswer, kindMore and kindServing.
const (
	kindRequest kind = iota + 1 // a request's head, and its body or the beginning of it
	kindBody                    // the body's next part
	kindTaken                   // how much of the answer the client has taken
	kindCancel                  // nobody waits for the answer any more
	kindAsking                  // the requests that are still waited for
	kindAnswer                  // an answer's head, and its body or the beginning of it
	kindMore                    // the answer's next part
	kindServing                 // the requests that are still worked on
)

// Flags of a message.
const (
	flagTLS    = 1 << iota // of a request: its client came over TLS
	flagBroken             // the body is not whole, and nothing follows
	flagHello              // of a request: say at once that you are there
	flagEnd                // of an answer: nothing follows
	flagsAll   = flagTLS | flagBroken | flagHello | flagEnd
)

// Bounds of a message, beside the link's own. Those of the head together have to leave room for a part.
const (
	maxHead    = 24 << 10 // bytes of a head: more than an HTTP server of ours takes from a client
	maxHeaders = 64
	maxName    = 64 // bytes of a node's name
	maxMethod  = 16
	maxCalls   = 4096 // in one list, which is 32 KiB

	maxEnvelope = 128 // bytes of what stands before a head
)

// A call names a request among all those of one asker.
type call struct {
	run uint64 // drawn at random by each process: another one may have borne its name
	n   uint64 // counted up
}

// A message is what two nodes say to each other. Which fields count, its kind says.
type message struct {
	kind  kind
	flags byte
	from  string // the node that says it
	call         // of a list: run alone

	method, uri, host, remote string // of a request

	status int // of an answer
	header http.Header
	length int64  // of a request: what its client announced, or -1
	size   uint64 // of a request: the bytes of its body that come, in this message and the next ones
	offset uint64 // of a part: the bytes before it; of kindTaken: the bytes taken
	part   []byte // of a body

	calls []uint64 // of a list
}

func (m *message) is(flag byte) bool { return m.flags&flag != 0 }

var errMessage = errors.New("forward: not a message")

// append encodes the message: numbers as varints, strings and lists with their length before them, and the part last.
func (m *message) append(b []byte) []byte {
	b = append(b, byte(m.kind), m.flags)
	b = appendString(b, m.from)
	b = binary.BigEndian.AppendUint64(b, m.run)
	switch m.kind {
	case kindAsking, kindServing:
		for _, n := range m.calls {
			b = binary.BigEndian.AppendUint64(b, n)
		}
		return b
	default:
		b = binary.AppendUvarint(b, m.n)
	}
	switch m.kind {
	case kindRequest:
		for _, s := range []string{m.method, m.uri, m.host, m.remote} {
			b = appendString(b, s)
		}
		b = appendHeader(b, m.header)
		b = binary.AppendVarint(b, m.length)
		b = binary.AppendUvarint(b, m.size)
	case kindAnswer:
		b = binary.AppendUvarint(b, uint64(m.status)) //nolint:gosec // at least 100
		b = appendHeader(b, m.header)
	case kindBody, kindMore, kindTaken:
		b = binary.AppendUvarint(b, m.offset)
	}
	return append(b, m.part...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendHeader writes names in their order, so that a message has one encoding.
func appendHeader(b []byte, header http.Header) []byte {
	names := make([]string, 0, len(header))
	pairs := 0
	for name, values := range header {
		names = append(names, name)
		pairs += len(values)
	}
	slices.Sort(names)
	b = binary.AppendUvarint(b, uint64(pairs))
	for _, name := range names {
		for _, value := range header[name] {
			b = appendString(appendString(b, name), value)
		}
	}
	return b
}

// parse reads a message. Its part refers to the payload. Nothing is allocated for what is only announced.
func parse(payload []byte) (*message, error) {
	r := reader{rest: payload}
	m := &message{kind: kind(r.byte()), flags: r.byte()}
	m.from = r.string(maxName)
	m.run = r.fixed()
	if m.flags&^flagsAll != 0 || m.from == "" {
		return nil, errMessage
	}
	head := len(r.rest)
	switch m.kind {
	case kindAsking, kindServing:
		if len(r.rest)%8 != 0 || len(r.rest) > maxCalls*8 {
			return nil, errMessage
		}
		for len(r.rest) > 0 {
			m.calls = append(m.calls, r.fixed())
		}
	case kindRequest:
		m.n = r.uvarint()
		m.method, m.uri, m.host, m.remote = r.string(maxMethod), r.string(maxHead), r.string(maxHead), r.string(maxHead)
		m.header = r.header()
		m.length, m.size = r.varint(), r.uvarint()
	case kindAnswer:
		m.n = r.uvarint()
		m.status = int(min(r.uvarint(), 1000))
		m.header = r.header()
		if m.status < 200 || m.status > 599 {
			return nil, errMessage
		}
	case kindBody, kindMore, kindTaken:
		m.n = r.uvarint()
		m.offset = r.uvarint()
	case kindCancel:
		m.n = r.uvarint()
	default:
		return nil, errMessage
	}
	if r.bad || head-len(r.rest) > maxHead && m.calls == nil {
		return nil, errMessage
	}
	if len(r.rest) > 0 {
		if m.kind == kindTaken || m.kind == kindCancel {
			return nil, errMessage
		}
		m.part = r.rest
	}
	return m, nil
}

// A reader takes a payload apart. What goes wrong it remembers, and gives nothing more.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) fail() uint64 {
	r.bad, r.rest = true, nil
	return 0
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) fixed() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		return r.fail()
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		return int64(r.fail()) //nolint:gosec // 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) string(most uint64) string {
	n := r.uvarint()
	if n > most {
		r.fail()
	}
	return string(r.take(n))
}

func (r *reader) header() http.Header {
	pairs := r.uvarint()
	if pairs > maxHeaders {
		r.fail()
		return nil
	}
	header := make(http.Header)
	for range pairs {
		name, value := r.string(maxHead), r.string(maxHead)
		if name == "" || name != textproto.CanonicalMIMEHeaderKey(name) {
			r.fail()
			return nil
		}
		header[name] = append(header[name], value)
	}
	return header
}

// checkHead reports a head that no node would take.
func (m *message) checkHead() error {
	bare := *m
	bare.part, bare.from = nil, "some node"
	encoded := bare.append(nil)
	if _, err := parse(encoded); err != nil {
		return fmt.Errorf("forward: head of %d bytes with %d headers", len(encoded), len(m.header))
	}
	return nil
}
