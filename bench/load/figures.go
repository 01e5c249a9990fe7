package load

import (
	"time"

	"github.com/maru-chat/maru/bench/report"
)

// Figures are outcomes, round by round.
type Figures struct {
	PerSecond    report.Figure `json:"messagesPerSecond"`
	ServerCPU    report.Figure `json:"serverMicrosPerMessage"` // its database's processes included
	LoadCPU      report.Figure `json:"loadMicrosPerMessage"`
	Bytes        report.Figure `json:"bytesPerMessage"` // of TCP payload, both ways, all people together
	Acknowledged Quantiles     `json:"acknowledgedMillis"`
	Received     Quantiles     `json:"receivedMillis"`
	Elsewhere    Quantiles     `json:"receivedElsewhereMillis,omitzero"` // of those connected to another node than the sender
	Lost         int           `json:"lost"`
	Repeated     int           `json:"repeated"`
	Disordered   int           `json:"disordered"`
}

// Add adds what was measured in a round.
func (f *Figures) Add(o Outcome) {
	f.PerSecond = append(f.PerSecond, o.PerSecond())
	f.ServerCPU = append(f.ServerCPU, micros(o.ServerCPU, o.Messages))
	f.LoadCPU = append(f.LoadCPU, micros(o.LoadCPU, o.Messages))
	f.Bytes = append(f.Bytes, float64(o.Bytes)/float64(max(1, o.Messages)))
	f.Acknowledged.Add(o.Acknowledged)
	f.Received.Add(o.Received)
	if len(o.Elsewhere) > 0 {
		f.Elsewhere.Add(o.Elsewhere)
	}
	f.Lost, f.Repeated, f.Disordered = f.Lost+o.Lost, f.Repeated+o.Repeated, f.Disordered+o.Disordered
}

// Quantiles are those of latencies in milliseconds, round by round.
type Quantiles struct {
	P50 report.Figure `json:"p50"`
	P99 report.Figure `json:"p99"`
}

// Add adds what was measured in a round.
func (q *Quantiles) Add(l Latencies) {
	millis := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	q.P50 = append(q.P50, millis(l.Quantile(0.5)))
	q.P99 = append(q.P99, millis(l.Quantile(0.99)))
}
