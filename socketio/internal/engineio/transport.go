package engineio

import "time"

// A transport carries the packets of one session. A session writes from one
// goroutine at a time and reads from one other; abort may come from anywhere.
type transport interface {
	// write puts the frames on the wire in their order, or fails for good. It
	// is called with a non-empty batch that is bounded in bytes.
	write(frames []*Frame) error

	// close tells the client why nothing follows. It comes after the last
	// write.
	close(code uint16, reason string)

	// read hands every packet to receive until the transport ends or receive
	// fails, and says which. The packet is the receiver's to keep.
	read(receive func(packet []byte, binary bool) error) error

	// discard reads without looking until the client is gone or the time set
	// by expire has come, so that closing does not reset the connection while
	// the client still has our last frames to read.
	discard()

	// expire lets no read or write last beyond the moment.
	expire(at time.Time)

	// abort lets go of the connection at once. With reset, what the kernel has
	// yet to deliver is thrown away too.
	abort(reset bool)
}
