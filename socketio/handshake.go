package socketio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// A Handshake is how a socket came to be. It is read only.
type Handshake struct {
	// Auth is what the client gave as its auth: a JSON object of at most
	// 64 KiB, or nil. Nothing in it has been checked.
	Auth json.RawMessage
	// RemoteAddr is the client's address as Options.RemoteAddr tells it.
	RemoteAddr string
	// Time is when the connection was opened.
	Time time.Time
	// Secure reports whether it came over TLS to this very process.
	Secure bool

	request []byte
	values  context.Context
}

// Context has the values of the context of the HTTP request that opened the
// connection, and never ends.
func (h *Handshake) Context() context.Context { return h.values }

// newHandshake keeps what was asked for in one piece: as a map the headers
// would be the largest part of an idle connection.
func newHandshake(session *engineio.Session, r *http.Request) Handshake {
	var b bytes.Buffer
	b.WriteString(r.Host + "\n" + r.URL.RequestURI() + "\n")
	_ = r.Header.Write(&b) // a bytes.Buffer takes everything
	b.WriteString("\r\n")
	return Handshake{
		RemoteAddr: session.Address(), Time: time.Now(), Secure: r.TLS != nil,
		request: bytes.Clone(b.Bytes()), values: context.WithoutCancel(r.Context()),
	}
}

// URL is that of the HTTP request that opened the connection, with the host
// that the client named. It is made anew by each call, like Header.
func (h *Handshake) URL() *url.URL {
	host, rest, _ := bytes.Cut(h.request, []byte("\n"))
	uri, _, _ := bytes.Cut(rest, []byte("\n"))
	u, err := url.ParseRequestURI(string(uri))
	if err != nil { // net/http has parsed it before
		return &url.URL{}
	}
	u.Host = string(host)
	return u
}

// Header are the headers of that request.
func (h *Handshake) Header() http.Header {
	_, rest, _ := bytes.Cut(h.request, []byte("\n"))
	_, lines, _ := bytes.Cut(rest, []byte("\n"))
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(lines))).ReadMIMEHeader()
	if err != nil { // net/http has parsed it before
		return http.Header{}
	}
	return http.Header(header)
}
