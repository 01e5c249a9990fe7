package socketio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// A Handshake is how a socket came to be. It is read only.
type Handshake struct {
	// Auth is what the client gave as its auth: a JSON object of at most
	// 64 KiB, or nil. Nothing in it has been checked.
	Auth json.RawMessage
	// Header and URL are those of the HTTP request that opened the
	// connection, shared by all its sockets.
	Header http.Header
	URL    *url.URL
	// RemoteAddr is the client's address as Options.RemoteAddr tells it.
	RemoteAddr string
	// Time is when the connection was opened.
	Time time.Time
	// Secure reports whether it came over TLS to this very process.
	Secure bool
}
