// Package load drives a Socket.IO server and watches what that costs: members
// of one room that count what they receive ([Crowd]), and servers as child
// processes whose CPU time and memory the operating system accounts for
// ([Server]).
//
// It runs on Linux only, where it can wait for thousands of connections on one
// thread, and where a process's figures are in /proc. Elsewhere everything
// fails with [ErrSystem].
package load

import "errors"

// ErrSystem is what there is on other systems than Linux.
var ErrSystem = errors.New("the load generator runs on Linux only")
