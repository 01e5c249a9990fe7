package socketio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// Options configure a [Server]. The zero value of a field means its default.
type Options struct {
	// PingInterval is the time from one pong to the next ping: 25 s, as in
	// the reference server.
	PingInterval time.Duration
	// PingTimeout is how long a client may take to answer a ping: 20 s, as in
	// the reference server. A vanished client is noticed after the sum of both.
	// It is also how long the body of a polling request, and each attachment of
	// an event, may take to come.
	PingTimeout time.Duration
	// ConnectTimeout is how long a connection may be in no namespace at all,
	// middleware included: 10 s.
	ConnectTimeout time.Duration
	// WriteTimeout is how long one write may take: 10 s. On a WebSocket it has
	// at most 64 KiB, and it is the whole answer to a polling request.
	WriteTimeout time.Duration
	// CloseTimeout is how long a closing connection may take to receive what
	// is queued for it: 5 s.
	CloseTimeout time.Duration
	// UpgradeTimeout is how long a WebSocket may take to take over from
	// polling, once it is open: 10 s, as in the reference server.
	UpgradeTimeout time.Duration
	// HandlerGrace is how long handlers go on with a live context after the
	// client went away, to finish what it had sent: 5 s.
	HandlerGrace time.Duration
	// AckTimeout is how long [Socket.EmitWithAck] waits where its context
	// sets no deadline: 20 s.
	AckTimeout time.Duration

	// MaxPayload is the largest message from a client, in bytes, or the body of
	// a polling request: 1,000,000, as in the reference server. It is told to
	// clients. An event's attachments are messages of their own.
	MaxPayload int
	// CompressFrom is the smallest message to a client, in bytes, that is
	// compressed for those that offer it (permessage-deflate, RFC 7692, with
	// nothing remembered between messages); clients may then compress as they
	// like. What many get is compressed once. 0: nothing is compressed, and
	// offers are declined.
	CompressFrom int
	// SendQueue is how many bytes may wait for one connection, each frame
	// charged 16 bytes on top: 1 MiB. Beyond it the connection is closed as a
	// slow consumer. A single frame is always taken by an empty queue.
	SendQueue int
	// VolatileQueue is how many bytes may wait when a volatile frame is still
	// queued: a quarter of SendQueue.
	VolatileQueue int
	// EventQueue is how many events of one socket may wait for its handlers:
	// 64, and never more than MaxPayload bytes of them. Beyond it the
	// connection is not read.
	EventQueue int
	// MaxPendingAcks is how many acknowledgements of one socket may be
	// awaited by [Socket.EmitWithAck] at once: 256.
	MaxPendingAcks int
	// MaxNamespaces is how many namespaces one connection may be in: 32.
	MaxNamespaces int
	// MaxConnections is how many connections may be open: without limit.
	// Others are turned away with HTTP status 503.
	MaxConnections int
	// MaxConnectionsPerAddress is the same for each RemoteAddr: without limit.
	// Others are turned away with HTTP status 429.
	MaxConnectionsPerAddress int

	// RemoteAddr tells the address of a client: the host of r.RemoteAddr.
	// Behind a proxy that is trusted, it is the place to believe its header.
	RemoteAddr func(r *http.Request) string
	// Context makes the context of a connection's handlers from the HTTP request
	// that opened it, once: [context.Background]. It lives as long as the
	// connection, so that it should hold on to little; the request's own context
	// is longer gone.
	Context func(r *http.Request) context.Context
	// AllowRequest decides about every HTTP request, for instance by its
	// Origin: those that open a connection (GET without the parameter sid),
	// those of polling (GET and POST), and those for an upgrade. With an error
	// the request is turned away, with HTTP status 403 unless the error is a
	// [*Refusal]. Everyone may connect where it is nil, browsers on foreign
	// sites included.
	AllowRequest func(r *http.Request) error
	// SameClient decides whether a later request of a connection, which knows
	// its secret id, comes from the client that opened it, for instance by the
	// login in both of their cookies. If not, the request is answered as if
	// there were no such connection.
	SameClient func(opened *Handshake, r *http.Request) bool
	// Node is this server's name among several behind one address: at most 32
	// letters and digits of ASCII, "_" and "-". The ids that clients name their
	// connections by then end with it, so that it should tell strangers nothing.
	// Empty: the server is alone, and ids are random and nothing else.
	Node string
	// Forward passes a request of polling, whose connection is at the server
	// that node names, on to that server, and its answer back. Nothing but the
	// request's form has been checked: whether there is such a server at all is
	// not known, and AllowRequest, SameClient and RemoteAddr are asked by the
	// server that has the connection, which has to see the request as it came:
	// with its headers, its RemoteAddr, and a TLS that is nil or not.
	//
	// When the request's context ends, the client has gone away; the context of the
	// request at the other server has to end then too, which is how that server
	// notices before the client's time-out. Forward reports false, having written nothing, where
	// that server is gone or cannot be reached; the client is answered that there
	// is no such connection, and opens a new one. What fails later can only be cut
	// off (panic with [http.ErrAbortHandler]).
	//
	// Without it such a request is one for an unknown connection, and so is always
	// a WebSocket that would take over from polling at another server: the client
	// goes on polling.
	Forward func(node string, w http.ResponseWriter, r *http.Request) bool
	// CORS lets pages of other origins poll: nobody.
	CORS *CORS
	// ErrorReply is the acknowledgement for the error of a handler made by
	// [On]. By default {"error":{"message":…,"data":…}}, where only an
	// [*EventError] is shown to the client.
	ErrorReply func(err error) any
	// Logger is told of panics and of errors that clients may not see:
	// [slog.Default].
	Logger *slog.Logger
}

// withDefaults returns complete options, or what is wrong with them.
func (o Options) withDefaults() (Options, error) {
	for _, d := range []struct {
		name  string
		value *time.Duration
		unset time.Duration
	}{
		{"PingInterval", &o.PingInterval, 25 * time.Second},
		{"PingTimeout", &o.PingTimeout, 20 * time.Second},
		{"ConnectTimeout", &o.ConnectTimeout, 10 * time.Second},
		{"WriteTimeout", &o.WriteTimeout, 10 * time.Second},
		{"CloseTimeout", &o.CloseTimeout, 5 * time.Second},
		{"UpgradeTimeout", &o.UpgradeTimeout, 10 * time.Second},
		{"HandlerGrace", &o.HandlerGrace, 5 * time.Second},
		{"AckTimeout", &o.AckTimeout, 20 * time.Second},
	} {
		if *d.value < 0 {
			return o, fmt.Errorf("socketio: %s is negative", d.name)
		}
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	for _, d := range []struct {
		name  string
		value *int
		unset int
	}{
		{"MaxPayload", &o.MaxPayload, 1_000_000},
		{"CompressFrom", &o.CompressFrom, 0},
		{"SendQueue", &o.SendQueue, 1 << 20},
		{"VolatileQueue", &o.VolatileQueue, o.SendQueue / 4},
		{"EventQueue", &o.EventQueue, 64},
		{"MaxPendingAcks", &o.MaxPendingAcks, 256},
		{"MaxNamespaces", &o.MaxNamespaces, 32},
		{"MaxConnections", &o.MaxConnections, 0},
		{"MaxConnectionsPerAddress", &o.MaxConnectionsPerAddress, 0},
	} {
		if *d.value < 0 {
			return o, fmt.Errorf("socketio: %s is negative", d.name)
		}
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	if o.VolatileQueue == 0 {
		o.VolatileQueue = o.SendQueue / 4
	}
	if o.VolatileQueue > o.SendQueue {
		return o, fmt.Errorf("socketio: VolatileQueue %d exceeds SendQueue %d", o.VolatileQueue, o.SendQueue)
	}
	if err := o.CORS.check(); err != nil {
		return o, err
	}
	if o.Node != "" && !engineio.ValidNode(o.Node) {
		return o, fmt.Errorf("socketio: Node %q is not 1 to 32 of A-Z, a-z, 0-9, _ and -", o.Node)
	}
	if o.Forward != nil && o.Node == "" {
		return o, errors.New("socketio: Forward without Node")
	}
	if o.RemoteAddr == nil {
		o.RemoteAddr = remoteHost
	}
	if o.Context == nil {
		o.Context = func(*http.Request) context.Context { return context.Background() }
	}
	if o.ErrorReply == nil {
		o.ErrorReply = errorReply
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
