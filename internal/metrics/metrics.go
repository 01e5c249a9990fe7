// Package metrics counts and times what the parts of a node tell it, in the form that Prometheus reads (docs/metrics.md lists all
// of it). Each part owns the interface through which it tells; none of them knows Prometheus. What they count themselves is read
// from them when somebody asks.
//
// Labels have few values, all of them ours: never a user, a room or anything that a client has sent.
package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are those of one node.
type Metrics struct {
	registry *prometheus.Registry

	Live  *Live
	Store *Store
	HTTP  *HTTP
	stores
}

// New makes metrics of a version of the program, whose clients may send these events.
func New(version string, events []string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	f := factory{m.registry}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f.gauges("maru_build_info", "Always 1; which version of Maru this is, and of Go.", "version", "go").WithLabelValues(version, runtime.Version()).Set(1)
	internal := f.counters("maru_internal_errors_total", "Answers that told a client of a mistake on our side, by the door that it came to. The log has each.", "door")
	m.Live, m.HTTP = newLive(f, events, internal.WithLabelValues("socket")), newHTTP(f, internal.WithLabelValues("http"))
	m.Store, m.stores = newStore(f), newStores(f)
	return m
}

// Registry is where other collectors may be added, as tests of what there is may ask.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves them. A few may ask at once.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 3, Timeout: 10 * time.Second,
		// Whoever scrapes is near, and compressing costs more than all else about it.
		DisableCompression: true,
	})
}

// seconds are the bounds of every duration: from a commit on a good disk to what a client gives up on.
var seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// factory makes metrics that are in a registry.
type factory struct{ registry *prometheus.Registry }

func made[C prometheus.Collector](f factory, c C) C {
	f.registry.MustRegister(c)
	return c
}

func (f factory) counter(name, help string) prometheus.Counter {
	return made(f, prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help}))
}

func (f factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return made(f, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
}

func (f factory) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return made(f, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels))
}

func (f factory) histogram(name, help string, bounds []float64) prometheus.Histogram {
	return made(f, prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}))
}

func (f factory) histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	return made(f, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, labels))
}
