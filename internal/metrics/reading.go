package metrics

import "github.com/prometheus/client_golang/prometheus"

// A Reading is a metric whose value is kept elsewhere, as a part of an M.
type Reading[M any] struct {
	Name, Help string
	Grows      bool   // it only grows, and is a counter
	Label      string // "" for none
	// Values has set called for each value; with a Label, once for each of the label's.
	Values func(m M, set func(value float64, label ...string))
}

// Read has every scrape read an M, once, and take the readings from it.
func Read[M any](m *Metrics, read func() M, readings []Reading[M]) {
	r := &reader[M]{read: read, readings: readings}
	for _, one := range readings {
		var labels []string
		if one.Label != "" {
			labels = []string{one.Label}
		}
		r.descs = append(r.descs, prometheus.NewDesc(one.Name, one.Help, labels, nil))
	}
	m.registry.MustRegister(r)
}

type reader[M any] struct {
	read     func() M
	readings []Reading[M]
	descs    []*prometheus.Desc
}

// Describe implements prometheus.Collector.
func (r *reader[M]) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range r.descs {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (r *reader[M]) Collect(to chan<- prometheus.Metric) {
	m := r.read()
	for i, one := range r.readings {
		kind := prometheus.GaugeValue
		if one.Grows {
			kind = prometheus.CounterValue
		}
		one.Values(m, func(value float64, label ...string) {
			to <- prometheus.MustNewConstMetric(r.descs[i], kind, value, label...)
		})
	}
}
