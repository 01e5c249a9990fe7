package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/live"
)

// nodes is the bus between this process and the other nodes, if there are any.
type nodes interface {
	chat.Bus
	forward.Link
	Stats() bus.Stats
	Close()
}

var _ live.Link = nodes(nil)

// openBus opens the bus that --bus names. The nodes of one database with one secret find each other, and nobody else does.
func openBus(address string, secret []byte, epoch string, log *slog.Logger) (nodes, error) {
	kind, _, named := strings.Cut(address, ":")
	switch {
	case address == "memory:":
		return bus.NewMemory(), nil
	case named && (kind == "nats" || kind == "tls"):
		name, key, err := deriveBus(secret, epoch)
		if err != nil {
			return nil, err
		}
		b, err := bus.OpenNATS(bus.Options{URL: address, Name: name, Key: key, Logger: log})
		if err != nil {
			return nil, fmt.Errorf("--bus: %w", err)
		}
		return b, nil
	}
	return nil, errors.New("--bus: must be memory: or look like nats://host:4222")
}
