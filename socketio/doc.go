// Package socketio is a Socket.IO 5 server over Engine.IO 4, as an
// [http.Handler]. The clients are socket.io-client from version 3 on, and those
// of other languages that speak the same protocol revision.
//
//	server, err := socketio.NewServer(socketio.Options{})
//	if err != nil {
//		return err
//	}
//	chat := server.Of("/")
//	socketio.On(chat, "add", func(ctx context.Context, s *socketio.Socket, in []int) (int, error) {
//		return in[0] + in[1], nil
//	})
//	http.Handle("/socket.io/", server)
//
// A client calls it with
//
//	const sum = await socket.emitWithAck("add", [1, 2]);
//
// # Transports
//
// WebSocket, HTTP long-polling, and the upgrade from the one to the other, which
// clients do by default. What both sides send meanwhile arrives once, and in
// order. Clients that say transports: ["websocket"] connect in one round trip
// less, and need no load balancer that keeps their requests together. Nor do
// those that poll, where servers have names (Options.Node) and pass on to each
// other what is not for them (Options.Forward).
// Compression (permessage-deflate) is declined unless Options.CompressFrom asks
// for it.
//
// Polling asks for more of what serves it: an [http.Server] without WriteTimeout
// and ReadTimeout (each answer and body has its own), and no middleware that
// buffers.
//
// # Events and their arguments
//
// The arguments of an event are JSON values, decoded into a type of the
// application's by [On], or taken as they came by [Namespace.Handle]. [Binary]
// stands for what JavaScript sends as Buffer, ArrayBuffer or Uint8Array, also
// inside of other values: it travels as an attachment, up to 10 with each event.
// What a handler made by On returns is the acknowledgement. [Socket.EmitWithAck]
// asks a client, [Target.EmitWithAck] many.
//
// # Rooms
//
// A room is a set of sockets of one namespace, which only the server knows of:
// [Socket.Join], [Socket.Leave]. A [Target] chooses whom to send to:
//
//	chat.To("room 1", "room 2").Except("muted").Emit("news", text)
//	socket.To("room 1").Emit("typing", name) // not to itself
//
// An event for many is encoded once.
//
// # Order
//
// The handlers of one socket run one after another in the order in which its
// events arrived, on a goroutine that exists only while there is something to
// handle; OnConnect comes before them all, OnDisconnect after. Those of
// different sockets run at the same time. Acknowledgements of the client to
// EmitWithAck do not wait in that line. What one goroutine sends on a socket
// arrives in that order.
//
// # Sending never waits
//
// A [Frame] is an event encoded once: any number of queues refer to the same
// bytes. Every connection has a queue that is bounded in bytes
// (Options.SendQueue). Connections with something to send stand in one line, and
// a few goroutines, which exist only while there are any, write what they take
// at once; a connection that takes no more goes on in a goroutine of its own,
// with a deadline for every write. A connection whose queue is full is closed,
// with [ReasonSlowConsumer]: it never holds up those beside it, and never misses
// a frame silently. Volatile frames are dropped before it comes to that. The
// queue of a connection that polls waits for its next request.
//
// # Receiving is bounded
//
// A message has at most Options.MaxPayload bytes, in at most 256 fragments, as
// has the body of a polling request, and memory for it grows with what has
// arrived, not with what was announced. Its JSON is nested at most 64 deep, in at
// most 256 arguments, with numbers of at most 64 characters; its attachments have
// to follow, one within PingTimeout of the other. When Options.EventQueue events wait for a socket's
// handlers, its connection is not read until they have caught up; a client is
// not taken for dead meanwhile.
//
// Whatever breaks the protocol or a bound closes the connection it came on, and
// no other, with WebSocket code 1002 (protocol), 1007 (not UTF-8) or 1009 (too
// big), or HTTP status 400 or 413, and [ReasonParseError]. So do events with a
// reserved name: see [ErrReserved].
//
// # Endings
//
// Every ending has a [Reason], and every reason says whether the client comes
// back by itself. [Socket.Disconnect] sends a DISCONNECT packet, after which
// clients do not return; [Socket.Close] and [Server.Shutdown] send what is
// queued and close the connection, after which they do.
//
// # Trust
//
// Nothing about a client is checked unless the application does: its Origin in
// Options.AllowRequest (without it, any site that a browser visits can connect
// with that browser's cookies), its auth in [Middleware], and in
// Options.SameClient that the later requests of one that polls are its own: they
// name the connection by an id of 120 random bits, and perhaps a server. Errors are not shown
// to clients unless they are a [*ConnectError], [*EventError] or [*Refusal].
//
// # Sources
//
// The formats are those of github.com/socketio/socket.io-protocol (version 5),
// github.com/socketio/engine.io-protocol (version 4) and RFC 6455; defaults,
// error codes and the names of reasons are those of the reference server,
// socket.io 4.8.
package socketio
