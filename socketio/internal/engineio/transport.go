package engineio

import "time"

// A transport carries the packets of one session: a websocket, or polling.
// What they have in common is how they end; how they read and write differs in
// who acts.
type transport interface {
	// name is what the query parameter "transport" calls it.
	name() string

	// close tells the client why nothing follows. It comes after the last
	// write, from whoever wrote it.
	close(code uint16, reason string)

	// expire lets no read or write last beyond the moment.
	expire(at time.Time)

	// abort lets go of the client at once. With reset, what the kernel has
	// yet to deliver is thrown away too. It may come from anywhere.
	abort(reset bool)
}
