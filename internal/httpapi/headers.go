package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// secured gives every answer its security headers, and refuses TRACE.
func (a *api) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy(a.front.Origin(r)))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if a.front.Secure(r) {
			// Elsewhere browsers ignore it, with an error on the console of every page.
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		switch r.Method {
		case http.MethodTrace, http.MethodConnect, "TRACK":
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy of a page of ours. Safari before 15.4 does not count WebSocket among 'self', so
// our own host is named with its socket's scheme. The one Trusted Types policy is that of web/src/lib/worker.ts, for the
// address of the service worker.
func policy(origin string) string {
	socket := ""
	scheme, host, _ := strings.Cut(origin, "://")
	if host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == "" {
		socket = " ws" + strings.TrimPrefix(scheme, "http") + "://" + host
	}
	return "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
		"connect-src 'self'" + socket + "; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types maru"
}

// bounded bounds how long a request and its answer may take, records it in the log, and keeps a panic to itself.
func (a *api) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		begun := time.Now()
		// A recorder of a test may not support deadlines.
		_ = control.SetReadDeadline(begun.Add(readWithin))
		_ = control.SetWriteDeadline(begun.Add(writeWithin))
		if strings.HasPrefix(r.URL.Path, "/api/") {
			w.Header().Set("Cache-Control", "no-store")
		}
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				a.logPanic(r, p)
				a.meter.Panicked()
				if rec.status == 0 {
					a.fail(rec, r, &chat.Error{Code: chat.Internal, Cause: errPanicked})
				}
			}
			took := time.Since(begun)
			a.logRequest(r, rec, took)
			a.measure(r, rec, took)
		}()
		next.ServeHTTP(rec, r)
	})
}

// unbounded takes from a kept-alive connection the bounds that an earlier request set on it.
func unbounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Time{})
		_ = control.SetWriteDeadline(time.Time{})
		next.ServeHTTP(w, r)
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
