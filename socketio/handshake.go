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

	*opening
}

// opening is what a connection keeps of its HTTP request: in one piece, since as
// a map the headers would be the largest part of an idle connection.
type opening struct {
	context context.Context
	at      int64 // nanoseconds since 1970
	request []byte
}

// openingHeaders are those of the WebSocket's opening handshake, which say
// nothing of the client.
var openingHeaders = map[string]bool{
	"Connection": true, "Upgrade": true,
	"Sec-Websocket-Key": true, "Sec-Websocket-Version": true, "Sec-Websocket-Extensions": true,
}

func (s *Server) newOpening(r *http.Request) opening {
	var b bytes.Buffer
	b.WriteByte('-')
	if r.TLS != nil {
		b.Bytes()[0] = 's'
	}
	b.WriteString(r.Host + "\n" + r.URL.RequestURI() + "\n")
	_ = r.Header.WriteSubset(&b, openingHeaders) // a bytes.Buffer takes everything
	b.WriteString("\r\n")
	return opening{s.options.Context(r), time.Now().UnixNano(), bytes.Clone(b.Bytes())}
}

func (c *conn) newHandshake(auth json.RawMessage) *Handshake {
	return &Handshake{
		Auth: auth, RemoteAddr: c.session.Address(), Time: time.Unix(0, c.opening.at),
		Secure: c.opening.request[0] == 's', opening: &c.opening,
	}
}

// Context is what Options.Context made.
func (h *Handshake) Context() context.Context { return h.context }

// URL is that of the HTTP request that opened the connection, with the host
// that the client named. It is made anew by each call, like Header.
func (h *Handshake) URL() *url.URL {
	host, rest, _ := bytes.Cut(h.request[1:], []byte("\n"))
	uri, _, _ := bytes.Cut(rest, []byte("\n"))
	u, err := url.ParseRequestURI(string(uri))
	if err != nil { // net/http has parsed it before
		return &url.URL{}
	}
	u.Host = string(host)
	return u
}

// Header are the headers of that request, without those of the WebSocket's
// opening handshake.
func (h *Handshake) Header() http.Header {
	_, rest, _ := bytes.Cut(h.request, []byte("\n"))
	_, lines, _ := bytes.Cut(rest, []byte("\n"))
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(lines))).ReadMIMEHeader()
	if err != nil { // net/http has parsed it before
		return http.Header{}
	}
	return http.Header(header)
}
