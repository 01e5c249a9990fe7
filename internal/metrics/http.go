package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maru-chat/maru/internal/chat"
)

// HTTP is what internal/httpapi tells.
type HTTP struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	panics   prometheus.Counter
	internal prometheus.Counter
}

func newHTTP(f factory, internal prometheus.Counter) *HTTP {
	return &HTTP{
		internal: internal,
		requests: f.counters("maru_http_requests_total", "HTTP requests that were answered, but those of sockets, by route, method and class of status.", "route", "method", "status"),
		took:     f.histograms("maru_http_request_duration_seconds", "How long they took, uploads and downloads included.", "route", "method"),
		refusals: f.counters("maru_http_refusals_total", "HTTP requests that were answered with a problem, by route and code.", "route", "code"),
		panics:   f.counter("maru_http_panics_total", "HTTP requests whose handler panicked: each is a mistake in Maru, and in the log."),
	}
}

// Served implements httpapi.Meter, as Panicked does.
func (h *HTTP) Served(route, method string, status int, code string, took time.Duration) {
	h.requests.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx").Inc()
	h.took.WithLabelValues(route, method).Observe(took.Seconds())
	if code != "" {
		h.refusals.WithLabelValues(route, code).Inc()
	}
	if code == string(chat.Internal) {
		h.internal.Inc()
	}
}

// Panicked counts panics.
func (h *HTTP) Panicked() { h.panics.Inc() }
