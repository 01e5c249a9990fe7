package socketio

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are a server's figures for metrics. Those that are not called open or
// connected only grow.
type Stats struct {
	ConnectionsOpen    int    // connections, each until its handlers have returned
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
// connected.
func (s *Server) Stats() Stats {
	s.count.mu.Lock()
	disconnects := maps.Clone(s.count.disconnects)
	s.count.mu.Unlock()
	return Stats{
		ConnectionsOpen:    s.engine.Count(),
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
