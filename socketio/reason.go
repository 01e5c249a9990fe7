package socketio

import (
	"maps"
	"slices"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// A Reason says why a socket disconnected. The constants below are all that
// the package uses itself; an application may close a connection with words of
// its own ([Socket.Close]), which clients experience as [ReasonForcedClose].
// Keep them few: they are what [Stats] counts by.
type Reason string

// Why a socket disconnects, in the words of the reference server where it has
// any.
const (
	// ReasonClientDisconnect: the client called disconnect() on the namespace.
	ReasonClientDisconnect Reason = "client namespace disconnect"
	// ReasonServerDisconnect: [Socket.Disconnect] was called.
	ReasonServerDisconnect Reason = "server namespace disconnect"
	// ReasonTransportClose: the client closed the connection, or it was lost.
	ReasonTransportClose Reason = engineio.TransportClose
	// ReasonTransportError: reading from or writing to the connection failed.
	ReasonTransportError Reason = engineio.TransportError
	// ReasonPingTimeout: no pong within PingTimeout of a ping.
	ReasonPingTimeout Reason = engineio.PingTimeout
	// ReasonParseError: the client broke the protocol or a limit of it.
	ReasonParseError Reason = engineio.ParseError
	// ReasonSlowConsumer: more waited for the client than SendQueue allows, or
	// a write outlasted WriteTimeout.
	ReasonSlowConsumer Reason = engineio.SlowConsumer
	// ReasonShutdown: [Server.Shutdown] or [Server.Close] was called.
	ReasonShutdown Reason = engineio.Shutdown
	// ReasonForcedClose: [Socket.Close] was called without words of its own.
	ReasonForcedClose Reason = "forced close"
	// ReasonConnectTimeout: the connection joined no namespace within
	// ConnectTimeout, or had left the last one for as long.
	ReasonConnectTimeout Reason = "connect timeout"
	// ReasonHandlerPanic: a handler of this connection panicked.
	ReasonHandlerPanic Reason = "handler panic"
)

// consequence is what a reason means for the client and for what it sent.
type consequence struct {
	clientSees string
	returns    bool
	code       uint16 // of the WebSocket's close frame, where one is sent
	finishes   bool   // events that arrived before the end are still handled
}

// The table of all endings. The client's words are those of socket.io-client's
// "disconnect" event.
var consequences = map[Reason]consequence{
	ReasonClientDisconnect: {"io client disconnect", false, engineio.CodeNormal, true},
	ReasonServerDisconnect: {"io server disconnect", false, engineio.CodeNormal, false},
	ReasonTransportClose:   {"transport close", true, engineio.CodeNormal, true},
	ReasonTransportError:   {"transport close", true, engineio.CodeNormal, true},
	ReasonPingTimeout:      {"transport close", true, engineio.CodeNormal, true},
	ReasonParseError:       {"transport close", true, engineio.CodeProtocolError, false},
	ReasonSlowConsumer:     {"transport close", true, engineio.CodeTryAgainLater, false},
	ReasonShutdown:         {"transport close", true, engineio.CodeRestart, false},
	ReasonForcedClose:      {"transport close", true, engineio.CodeNormal, false},
	ReasonConnectTimeout:   {"transport close", true, engineio.CodePolicy, false},
	ReasonHandlerPanic:     {"transport close", true, engineio.CodeInternalError, false},
}

// Reasons are those that the package itself disconnects for.
func Reasons() []Reason { return slices.Sorted(maps.Keys(consequences)) }

func (r Reason) consequence() consequence {
	if c, ok := consequences[r]; ok {
		return c
	}
	return consequences[ReasonForcedClose]
}

// ClientSees is the reason that socket.io-client reports to its application.
func (r Reason) ClientSees() string { return r.consequence().clientSees }

// ClientReturns reports whether socket.io-client reconnects by itself.
func (r Reason) ClientReturns() bool { return r.consequence().returns }
