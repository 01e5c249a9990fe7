package socketio

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are a server's figures for metrics. Those from ConnectionsOpened on only
// grow, but for SocketsConnected.
type Stats struct {
	ConnectionsOpen    int    // connections, each until its handlers have returned
	Polling            int    // those of them that poll; the others are WebSockets
	Queued             int    // bytes that wait to be written, to all of them
	LongestQueue       int    // bytes that wait for one of them, where most do
	ConnectionsOpened  uint64 // handshakes that succeeded
	ConnectionsRefused uint64 // handshakes that were turned away
	Upgrades           uint64 // connections whose polling a WebSocket took over
	Forwarded          uint64 // requests that another server answered
	SocketsConnected   int    // sockets over all namespaces
	EventsReceived     uint64 // events handed to handlers
	VolatileDropped    uint64 // frames that SendVolatile dropped
	Panics             uint64 // handlers that panicked
	Disconnects        map[Reason]uint64
}

type counters struct {
	sockets atomic.Int64
	events  atomic.Uint64
	dropped atomic.Uint64
	panics  atomic.Uint64

	mu          sync.Mutex
	disconnects map[Reason]uint64
}

func (c *counters) disconnected(r Reason) {
	c.sockets.Add(-1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disconnects[r]++
}

// Stats returns the figures of the moment. Disconnects counts sockets that had
// connected. It looks at the queue of each connection (a millisecond or so for
// 10,000 of them), and stops none.
func (s *Server) Stats() Stats {
	s.count.mu.Lock()
	disconnects := maps.Clone(s.count.disconnects)
	s.count.mu.Unlock()
	polling, queued, longest := s.engine.Queues()
	return Stats{
		ConnectionsOpen:    s.engine.Count(),
		Polling:            polling,
		Queued:             queued,
		LongestQueue:       longest,
		ConnectionsOpened:  s.engine.Opened(),
		ConnectionsRefused: s.engine.Refused(),
		Upgrades:           s.engine.Upgraded(),
		Forwarded:          s.engine.Forwarded(),
		SocketsConnected:   int(s.count.sockets.Load()),
		EventsReceived:     s.count.events.Load(),
		VolatileDropped:    s.count.dropped.Load(),
		Panics:             s.count.panics.Load(),
		Disconnects:        disconnects,
	}
}
