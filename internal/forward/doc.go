// Package forward carries an HTTP request that came to one node of several to the one that it is for, and its answer back:
// long polling then needs no load balancer that keeps a client's requests together. Package socketio says whom a request is
// for; what carries the messages is a [Link].
//
// The node that a client came to (the asker) reads the request's body and sends it in parts. The other one (the owner) runs
// its handler with a request that looks as it came. A handler's Write is sent at once in parts of at most 256 KiB; it waits
// where the client has not taken a mebibyte of what was sent before, up to the deadline that the handler has set, and
// fails when the asker does not wait any more, as it would on a connection of the client's own.
//
// A request is asked once and never again: what it brought may have had its effect. Messages that come twice or late are
// known by their number and change nothing; a gap ends the request.
//
// Every beat (2 s) each node tells the others which of their requests it works on, and which of its own it waits for. A request
// that is not named for more than three beats is over: so nobody waits for a node that is gone, or holds what nobody waits for, while
// a poll may rightly take as long as it likes.
package forward
