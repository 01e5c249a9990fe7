package main

import (
	"time"

	"github.com/maru-chat/maru/bench/peers/fan"
)

// A crowd is all connections. What one of them sends is answered with the
// prepared frame on every one.
type crowd struct {
	message, heartbeat []byte
	members            fan.Group
	fan                *fan.Fan
}

func newCrowd(message []byte, workers int) *crowd {
	return &crowd{message: message, heartbeat: frame("2"), fan: fan.New(workers)}
}

func (c *crowd) remove(m *fan.Member) {
	_ = m.Conn.Close()
	c.members.Remove(m)
}

// broadcast queues a frame on every connection.
func (c *crowd) broadcast(frame []byte) { c.fan.Broadcast(&c.members, frame) }

// ping keeps clients from taking the floor for dead. Their answers are not
// missed.
func (c *crowd) ping(tick <-chan time.Time) {
	for range tick {
		c.broadcast(c.heartbeat)
	}
}
