package forward_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/forward"
	"github.com/maru-chat/maru/internal/forward/forwardtest"
)

// BenchmarkRequest is a request of polling and its answer, at the node that it is for and through another one: what a
// client's packets (POST) or what waits for it (GET) take, without the bus's own cost. cpu-µs/op is of the whole process:
// client, both nodes and the links.
func BenchmarkRequest(b *testing.B) {
	hub := forwardtest.NewHub()
	here, there := hub.Link("here", 1<<20), hub.Link("there", 1<<20)
	defer here.Close()
	defer there.Close()
	answer := strings.Repeat("x", 1000)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.Header().Set("Cache-Control", "no-store")
		text := answer
		if r.Method == http.MethodPost {
			text = "ok"
		}
		_, _ = io.WriteString(w, text)
	})
	var nodes [2]*forward.Node
	for i, link := range []forward.Link{here, there} {
		var err error
		nodes[i], err = forward.New(forward.Options{Link: link, Logger: quiet})
		must(b, err)
		must(b, nodes[i].Serve(handler))
		defer nodes[i].Close()
	}
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !nodes[0].Forward("there", w, r) {
			b.Error("not answered")
		}
	})
	for _, way := range []struct {
		name    string
		handler http.Handler
	}{{"direct", handler}, {"forwarded", front}} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			b.Run(method+"/"+way.name, func(b *testing.B) {
				web := httptest.NewServer(way.handler)
				defer web.Close()
				var times []time.Duration
				before := cpu()
				for b.Loop() {
					begun := time.Now()
					var body io.Reader
					if method == http.MethodPost {
						body = strings.NewReader(answer[:200])
					}
					r, err := http.NewRequestWithContext(b.Context(), method, web.URL+"/socket.io/?EIO=4&transport=polling&sid=x.there", body)
					must(b, err)
					r.Header.Set("Cookie", "__Host-maru_access="+answer[:300])
					response, err := web.Client().Do(r)
					must(b, err)
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
					times = append(times, time.Since(begun))
				}
				b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}

// cpu is the time that this process has worked.
func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
