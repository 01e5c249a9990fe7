package socketio

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS lets pages of other origins poll (Fetch standard, "HTTP-CORS protocol").
// WebSockets know nothing of it: who may connect at all, Options.AllowRequest
// decides.
type CORS struct {
	// Origins are those allowed, such as "https://app.example.com", or "*" for
	// all of them.
	Origins []string
	// Credentials lets the requests of those pages carry cookies. It cannot go
	// with "*".
	Credentials bool
	// Headers are the request headers that those pages may set beyond the
	// common ones, such as "Authorization".
	Headers []string
	// MaxAge is how long browsers may keep the answer to a preflight, in whole
	// seconds: 0 leaves it to them.
	MaxAge time.Duration
}

func (c *CORS) check() error {
	switch {
	case c == nil:
		return nil
	case len(c.Origins) == 0:
		return errors.New("socketio: CORS without Origins")
	case c.Credentials && slices.Contains(c.Origins, "*"):
		return errors.New(`socketio: CORS with Credentials for "*"`)
	case c.MaxAge < 0:
		return errors.New("socketio: CORS.MaxAge is negative")
	}
	return nil
}

// handler is what the engine asks before it answers a request.
func (c *CORS) handler() func(http.ResponseWriter, *http.Request) bool {
	if c == nil {
		return nil
	}
	return c.answer
}

// answer adds the headers, and answers a preflight.
func (c *CORS) answer(w http.ResponseWriter, r *http.Request) (done bool) {
	header := w.Header()
	everyone := slices.Contains(c.Origins, "*")
	if !everyone {
		header.Add("Vary", "Origin")
	}
	origin := r.Header.Get("Origin")
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	switch {
	case everyone:
		header.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(c.Origins, origin):
		header.Set("Access-Control-Allow-Origin", origin)
		if c.Credentials {
			header.Set("Access-Control-Allow-Credentials", "true")
		}
	default:
		return c.end(w, preflight)
	}
	if preflight {
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		if len(c.Headers) > 0 {
			header.Set("Access-Control-Allow-Headers", strings.Join(c.Headers, ", "))
		}
		if age := int64(c.MaxAge / time.Second); age > 0 {
			header.Set("Access-Control-Max-Age", strconv.FormatInt(age, 10))
		}
	}
	return c.end(w, preflight)
}

func (c *CORS) end(w http.ResponseWriter, preflight bool) bool {
	if preflight {
		w.WriteHeader(http.StatusNoContent)
	}
	return preflight
}
