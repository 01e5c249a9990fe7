package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-chat/maru/internal/chat"
)

// Live is what internal/live tells.
type Live struct {
	turned    *prometheus.CounterVec
	events    *prometheus.CounterVec
	answered  *prometheus.HistogramVec
	announced prometheus.Counter
	delivered prometheus.Histogram
	resumed   *prometheus.CounterVec
	repairs   *prometheus.CounterVec
	repaired  prometheus.Counter
	internal  prometheus.Counter
	good      map[string]good // answers, by event
}

// good is what every good answer to one event counts, so that nothing has to be looked for by its labels: for a message, that
// was half of what counting it took.
type good struct {
	events prometheus.Counter
	took   prometheus.Observer
}

const ok = "ok"

func newLive(f factory, events []string, internal prometheus.Counter) *Live {
	l := &Live{
		internal:  internal,
		good:      map[string]good{},
		turned:    f.counters("maru_connections_turned_away_total", "Connections that were refused once they said whose they are, by the code of the refusal.", "code"),
		events:    f.counters("maru_events_total", "Events of clients that were answered, by event and by the code of the answer.", "event", "code"),
		answered:  f.histograms("maru_acknowledgement_duration_seconds", "From the moment that an event was read to its acknowledgement in the connection's queue.", "event"),
		announced: f.counter("maru_deliveries_total", "Changes of messages that were put into connections' queues, one for each connection."),
		delivered: f.histogram("maru_delivery_duration_seconds", "From the time that a new message bears to its being in the queue of every connection of this node that is to have it.", seconds),
		resumed:   f.counters("maru_resumes_total", "Pages of what a client had missed, by what it was given: its changes, or a new beginning.", "result"),
		repairs:   f.counters("maru_repairs_total", "Times that a room's changes had to be read from the database since no event had brought them in time.", "result"),
		repaired:  f.counter("maru_repaired_changes_total", "Changes that were found so."),
	}
	// A series that is there before its first event shows that event as a step.
	for _, event := range events {
		l.good[event] = good{l.events.WithLabelValues(event, ok), l.answered.WithLabelValues(event)}
	}
	for _, result := range []string{ok, "reset"} {
		l.resumed.WithLabelValues(result)
	}
	for _, result := range []string{ok, "failed"} {
		l.repairs.WithLabelValues(result)
	}
	return l
}

// Turned implements live.Meter, as the others do.
func (l *Live) Turned(code chat.Code) { l.turned.WithLabelValues(string(code)).Inc() }

// Answered counts an event.
func (l *Live) Answered(event string, code chat.Code, took time.Duration) {
	if known, is := l.good[event]; is && code == "" {
		known.events.Inc()
		known.took.Observe(took.Seconds())
		return
	}
	switch code {
	case "":
		code = ok
	case chat.Internal:
		l.internal.Inc()
	}
	l.events.WithLabelValues(event, string(code)).Inc()
	l.answered.WithLabelValues(event).Observe(took.Seconds())
}

// Announced counts deliveries.
func (l *Live) Announced(deliveries int) { l.announced.Add(float64(deliveries)) }

// Delivered times them.
func (l *Live) Delivered(after time.Duration) { l.delivered.Observe(max(0, after.Seconds())) }

// Resumed counts pages of changes.
func (l *Live) Resumed(reset bool) { l.resumed.WithLabelValues(either(reset, "reset")).Inc() }

// Repaired counts reads of what was missing.
func (l *Live) Repaired(changes int, err error) {
	l.repairs.WithLabelValues(either(err != nil, "failed")).Inc()
	l.repaired.Add(float64(changes))
}

// either is a result: ok, or the other one.
func either(is bool, other string) string {
	if is {
		return other
	}
	return ok
}
