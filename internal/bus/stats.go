package bus

// Stats are a bus's figures for metrics. Waiting and Connected are of the moment; the others only grow.
type Stats struct {
	Waiting    int    // publications that wait for this node's subscribers
	Connected  bool   // events pass between the nodes; true where there are no others
	Published  uint64 // events of this node
	Told       uint64 // messages to other nodes, of every kind
	Heard      uint64 // messages from other nodes, of every kind
	ToldBytes  uint64
	HeardBytes uint64
	Lost       uint64 // times that something was not told, or not taken; it is read from the database then
	Strangers  uint64 // messages that somebody without our key sent
	Reconnects uint64
}

// Stats returns the figures of the moment.
func (b *Memory) Stats() Stats {
	return Stats{Waiting: len(b.queue), Connected: true, Published: b.published.Load()}
}

// Stats returns the figures of the moment.
func (b *NATS) Stats() Stats {
	s, on := b.Memory.Stats(), b.conn.Stats()
	s.Connected = b.Ready() == nil
	s.Told, s.ToldBytes, s.Heard, s.HeardBytes, s.Reconnects = on.OutMsgs, on.OutBytes, on.InMsgs, on.InBytes, on.Reconnects
	s.Lost, s.Strangers = b.lost.Load(), b.strangers.Load()
	return s
}
