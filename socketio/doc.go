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
// WebSocket only, so far: clients have to say transports: ["websocket"].
// Long-polling is answered with "Transport unknown", and a packet with binary
// attachments closes its connection with WebSocket code 1003. Compression
// (permessage-deflate) is declined.
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
// (Options.SendQueue). Whoever finds it empty starts a goroutine that writes
// everything that waits with vectored writes, and ends when nothing does. A
// connection whose queue is full is closed, with [ReasonSlowConsumer]: it never
// holds up those beside it, and never misses a frame silently. Volatile frames
// are dropped before it comes to that.
//
// # Receiving is bounded
//
// A message has at most Options.MaxPayload bytes, in at most 256 fragments,
// and memory for it grows with what has arrived, not with what was announced.
// Its JSON is nested at most 64 deep, in at most 256 arguments, with numbers of
// at most 64 characters. When Options.EventQueue events wait for a socket's
// handlers, its connection is not read until they have caught up; a client is
// not taken for dead meanwhile.
//
// Whatever breaks the protocol or a bound closes the connection it came on, and
// no other, with WebSocket code 1002 (protocol), 1003 (binary), 1007 (not
// UTF-8) or 1009 (too big), and [ReasonParseError]. So do events with a
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
// with that browser's cookies), its auth in [Middleware]. Errors are not shown
// to clients unless they are a [*ConnectError], [*EventError] or [*Refusal].
//
// # Sources
//
// The formats are those of github.com/socketio/socket.io-protocol (version 5),
// github.com/socketio/engine.io-protocol (version 4) and RFC 6455; defaults,
// error codes and the names of reasons are those of the reference server,
// socket.io 4.8.
package socketio
