package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/bus"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/https"
	"github.com/maru-chat/maru/internal/live"
	"github.com/maru-chat/maru/internal/metrics"
	"github.com/maru-chat/maru/internal/sqlstore"
	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/socketio"
)

// meters is what the parts of a node tell how they do. Where nobody can ask it is zero, and nothing is measured.
type meters struct {
	all   *metrics.Metrics
	live  live.Meter
	store sqlstore.Meter
	http  httpapi.Meter
}

func newMeters(adminAddr string) meters {
	if adminAddr == "" {
		return meters{}
	}
	all := metrics.New(version, append(slices.Sorted(maps.Keys(wire.ClientEvents)), "unknown"))
	return meters{all, all.Live, all.Store, all.HTTP}
}

// of measures the images' store and what treats pictures.
func (m meters) of(blobs chat.Blobs, photos chat.Photos) (chat.Blobs, chat.Photos) {
	if m.all == nil {
		return blobs, photos
	}
	return m.all.Blobs(blobs), m.all.Photos(photos)
}

// serve has /metrics tell of a node.
func (m meters) serve(mux *http.ServeMux, n *node) {
	if m.all == nil {
		return
	}
	metrics.Read(m.all, n.moment, readings)
	mux.Handle("GET /metrics", m.all.Handler())
}

// moment is what the parts of a node count themselves.
type moment struct {
	live    live.Stats
	bus     bus.Stats
	forward forward.Stats
	writes  int       // that wait for their transaction
	backup  time.Time // when the newest began; zero for none
	tls     bool
	shakes  https.Stats
	expiry  time.Time // zero where there is no certificate
}

func (n *node) moment() moment {
	m := moment{live: n.live.Stats(), bus: n.bus.Stats(), writes: n.store.Waiting()}
	if n.forward != nil {
		m.forward = n.forward.Stats()
	}
	if begun := n.backedUp.Load(); begun != nil {
		m.backup = *begun
	}
	if n.tls != nil {
		m.tls, m.shakes, m.expiry = true, n.tls.listener.Stats(), n.tls.certificates.NotAfter()
	}
	return m
}

type reading = metrics.Reading[moment]

// of is a reading of one number.
func of[N int | uint64](name, help string, grows bool, value func(moment) N) reading {
	return reading{Name: name, Help: help, Grows: grows, Values: func(m moment, set func(float64, ...string)) { set(float64(value(m))) }}
}

func gauge(name, help string, value func(moment) int) reading { return of(name, help, false, value) }

func counter(name, help string, value func(moment) uint64) reading {
	return of(name, help, true, value)
}

// readings are the metrics of what is counted elsewhere.
var readings = slices.Concat(socketReadings, busReadings, forwardReadings, tlsReadings, []reading{
	{
		Name: "maru_last_backup_timestamp_seconds", Help: "When the newest complete backup began; 0 for none. The nodes of one database tell the same.",
		Values: func(m moment, set func(float64, ...string)) { set(timestamp(m.backup)) },
	},
	gauge("maru_users", "Users who have a connection to this node.", func(m moment) int { return m.live.Users }),
	gauge("maru_rooms_watched", "Rooms that somebody connected to this node is a member of.", func(m moment) int { return m.live.Rooms }),
	gauge("maru_writes_waiting", "Writes that wait for their transaction; further ones wait for room from 1,024 on.", func(m moment) int { return m.writes }),
})

var socketReadings = []reading{
	{
		Name: "maru_connections", Help: "Connections that are open, by what carries them at the moment.", Label: "transport",
		Values: func(m moment, set func(float64, ...string)) {
			s := m.live.SocketIO
			set(float64(s.Polling), "polling")
			set(float64(max(0, s.ConnectionsOpen-s.Polling)), "websocket")
		},
	},
	counter("maru_connections_opened_total", "Connections that were opened.", func(m moment) uint64 { return m.live.SocketIO.ConnectionsOpened }),
	counter("maru_connections_refused_total", "Connections that were not opened: of a foreign origin, too many, while draining, or malformed.", func(m moment) uint64 { return m.live.SocketIO.ConnectionsRefused }),
	counter("maru_connection_upgrades_total", "Connections that began by polling and went on as a WebSocket.", func(m moment) uint64 { return m.live.SocketIO.Upgrades }),
	{
		Name: "maru_disconnects_total", Help: "Connections of users that ended, by reason; slow_consumer is one that did not take what was sent to it.", Label: "reason", Grows: true,
		Values: func(m moment, set func(float64, ...string)) {
			for _, reason := range socketio.Reasons() {
				set(float64(m.live.SocketIO.Disconnects[reason]), strings.ReplaceAll(string(reason), " ", "_"))
			}
		},
	},
	gauge("maru_queue_bytes", "Bytes that wait to be written, to all connections together.", func(m moment) int { return m.live.SocketIO.Queued }),
	gauge("maru_queue_longest_bytes", "Bytes that wait to be written to one connection, where most do; at 1 MiB it is closed.", func(m moment) int { return m.live.SocketIO.LongestQueue }),
	counter("maru_volatile_dropped_total", "Notices of typing and presence that were dropped, as more waited for their connection.", func(m moment) uint64 { return m.live.SocketIO.VolatileDropped }),
	counter("maru_socket_panics_total", "Handlers of sockets that panicked: each is a mistake in Maru, and in the log.", func(m moment) uint64 { return m.live.SocketIO.Panics }),
}

// inAndOut are the values of what goes both ways.
func inAndOut(in, out func(moment) uint64, names [2]string) func(moment, func(float64, ...string)) {
	return func(m moment, set func(float64, ...string)) {
		set(float64(in(m)), names[0])
		set(float64(out(m)), names[1])
	}
}

var busReadings = []reading{
	gauge("maru_bus_connected", "1 while events pass between this node and the others, or there are none; 0 while people on different nodes see each other's messages late.", func(m moment) int {
		if m.bus.Connected {
			return 1
		}
		return 0
	}),
	gauge("maru_bus_waiting", "Publications of this node that wait to be announced to its own connections; writers wait from 4,096 on.", func(m moment) int { return m.bus.Waiting }),
	counter("maru_bus_events_total", "Events that this node published.", func(m moment) uint64 { return m.bus.Published }),
	{
		Name: "maru_bus_messages_total", Help: "Messages between this node and the others, of every kind, by direction.", Label: "direction", Grows: true,
		Values: inAndOut(func(m moment) uint64 { return m.bus.Heard }, func(m moment) uint64 { return m.bus.Told }, [2]string{"received", "sent"}),
	},
	{
		Name: "maru_bus_bytes_total", Help: "Bytes of those messages.", Label: "direction", Grows: true,
		Values: inAndOut(func(m moment) uint64 { return m.bus.HeardBytes }, func(m moment) uint64 { return m.bus.ToldBytes }, [2]string{"received", "sent"}),
	},
	counter("maru_bus_losses_total", "Times that something was not told to other nodes, or not taken from them; it is read from the database then.", func(m moment) uint64 { return m.bus.Lost }),
	counter("maru_bus_strangers_total", "Messages on our subjects that were not sealed with our key, and were ignored.", func(m moment) uint64 { return m.bus.Strangers }),
	counter("maru_bus_reconnects_total", "Times that the bus was lost and found again.", func(m moment) uint64 { return m.bus.Reconnects }),
}

var forwardReadings = []reading{
	{
		Name: "maru_forward_requests", Help: "Polling requests under way between nodes: asked of others, and served for others.", Label: "side",
		Values: func(m moment, set func(float64, ...string)) {
			set(float64(m.forward.Asking), "asked")
			set(float64(m.forward.Serving), "served")
		},
	},
	{
		Name: "maru_forward_requests_total", Help: "Polling requests that came to another node than their connection's.", Label: "side", Grows: true,
		Values: inAndOut(func(m moment) uint64 { return m.forward.Asked }, func(m moment) uint64 { return m.forward.Served }, [2]string{"asked", "served"}),
	},
	{
		Name: "maru_forward_failures_total", Help: "Such requests that failed, by how: gone, nobody answered; cut, the answer was not whole; refused, beyond a limit; odd, a message that was none.", Label: "how", Grows: true,
		Values: func(m moment, set func(float64, ...string)) {
			set(float64(m.forward.Gone), "gone")
			set(float64(m.forward.Cut), "cut")
			set(float64(m.forward.Refused), "refused")
			set(float64(m.forward.Odd), "odd")
		},
	},
	gauge("maru_forward_bytes", "Bytes of bodies of such requests in memory.", func(m moment) int { return m.forward.Bytes }),
}

// timestamp is a time as Prometheus has it; 0 for none.
func timestamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

// tlsReadings have no values where Maru does not speak HTTPS.
var tlsReadings = []reading{
	{
		Name: "maru_tls_certificate_expiry_timestamp_seconds", Help: "When the certificate ends that Maru shows; 0 while it has none.",
		Values: func(m moment, set func(float64, ...string)) {
			if m.tls {
				set(timestamp(m.expiry))
			}
		},
	},
	{
		Name: "maru_tls_handshakes_total", Help: "Handshakes of HTTPS, by result; who speaks no TLS has failed.", Label: "result", Grows: true,
		Values: func(m moment, set func(float64, ...string)) {
			if m.tls {
				set(float64(m.shakes.Succeeded), "ok")
				set(float64(m.shakes.Failed), "failed")
			}
		},
	},
	{
		Name: "maru_tls_handshakes", Help: "Handshakes of HTTPS under way.",
		Values: func(m moment, set func(float64, ...string)) {
			if m.tls {
				set(float64(m.shakes.Pending))
			}
		},
	},
}
