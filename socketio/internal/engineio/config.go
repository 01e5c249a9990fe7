// Package engineio is the server's half of Engine.IO 4: sessions over a
// transport, heartbeat, bounded queues, limits, and the end of it all. Package
// socketio gives the messages their meaning.
//
// The protocol's documents are github.com/socketio/engine.io-protocol and
// RFC 6455 for the WebSocket underneath, which this package reads and writes
// itself, frame by frame, on top of github.com/gobwas/ws.
package engineio

import (
	"log/slog"
	"net/http"
	"time"
)

// Config says how sessions live. Every field has to be set; package socketio
// owns the defaults.
type Config struct {
	PingInterval time.Duration // from a pong to the next ping
	PingTimeout  time.Duration // from a ping to its pong
	WriteTimeout time.Duration // of one write of at most 64 KiB
	CloseTimeout time.Duration // of sending what is queued when a session ends

	// UpgradeTimeout is how long a websocket may take to take over.
	UpgradeTimeout time.Duration

	MaxPayload     int // bytes of a message from the client
	SendQueue      int // bytes that may wait for a client
	VolatileQueue  int // bytes beyond which volatile frames are dropped
	CompressFrom   int // bytes of a frame to a client; 0 declines compression
	MaxConnections int // open at once; 0 is without limit
	MaxPerAddress  int // open at once from one address; 0 is without limit

	Address func(*http.Request) string // a client's, which MaxPerAddress counts by
	Allow   func(*http.Request) error  // nil, or which requests are answered
	// Same is nil, or tells whether a request for a session may be its client's.
	Same func(*Session, *http.Request) bool
	// CORS is nil, or adds its headers to an answer, and reports whether that was
	// all of it.
	CORS   func(http.ResponseWriter, *http.Request) bool
	Logger *slog.Logger

	// Node is this server's name among several, or empty. Forward is nil, or
	// passes a request of polling on to the server of that name: it reports false
	// where that cannot be reached, and has written nothing then.
	Node    string
	Forward func(node string, w http.ResponseWriter, r *http.Request) bool

	// Accept gives a new session its handler, before anything is read.
	Accept func(*Session, *http.Request) Handler
}
