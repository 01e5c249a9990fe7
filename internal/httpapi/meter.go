package httpapi

import (
	"net/http"
	"strings"
	"time"
)

// Meter is told of requests, for metrics, but for those of sockets. It counts and returns.
type Meter interface {
	// Served tells that a request was answered. What it names is one of few: the pattern of a route or "none", a method or "other";
	// code is that of the problem, or "".
	Served(route, method string, status int, code string, took time.Duration)
	// Panicked tells that a handler did.
	Panicked()
}

type unmetered struct{}

func (unmetered) Served(string, string, int, string, time.Duration) {}
func (unmetered) Panicked()                                         {}

// measure tells the meter of a request that the router has seen.
func (a *api) measure(r *http.Request, rec *recorder, took time.Duration) {
	route := r.Pattern
	if i := strings.IndexByte(route, '/'); i > 0 {
		route = route[i:]
	}
	if route == "" {
		route = "none"
	}
	method := r.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		method = "other"
	}
	a.meter.Served(route, method, rec.status, passageOf(r.Context()).code, took)
}
