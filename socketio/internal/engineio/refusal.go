package engineio

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// A Refusal is how a request is turned away: an HTTP status, and the code and
// message that the reference server answers in the body (engine.io,
// "Server.errors").
type Refusal struct {
	Status     int
	Code       int
	Message    string
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return r.Message }

// RefusedForbidden is the code for what the application does not allow.
const RefusedForbidden = 4

// The refusals of the protocol, by their codes, and those of our own limits,
// which have none there and take the code of a bad request.
var (
	errTransport = &Refusal{Status: http.StatusBadRequest, Code: 0, Message: "Transport unknown"}
	errSession   = &Refusal{Status: http.StatusBadRequest, Code: 1, Message: "Session ID unknown"}
	errMethod    = &Refusal{Status: http.StatusBadRequest, Code: 2, Message: "Bad handshake method"}
	errRequest   = &Refusal{Status: http.StatusBadRequest, Code: 3, Message: "Bad request"}
	errForbidden = &Refusal{Status: http.StatusForbidden, Code: RefusedForbidden, Message: "Forbidden"}
	errProtocol  = &Refusal{Status: http.StatusBadRequest, Code: 5, Message: "Unsupported protocol version"}

	errTooBig   = &Refusal{Status: http.StatusRequestEntityTooLarge, Code: 3, Message: "Payload too large"}
	errDraining = &Refusal{http.StatusServiceUnavailable, 3, "Shutting down", 5 * time.Second}
	errFull     = &Refusal{http.StatusServiceUnavailable, 3, "Too many connections", 5 * time.Second}
	errAddress  = &Refusal{http.StatusTooManyRequests, 3, "Too many connections from this address", 10 * time.Second}
)

// refusal is why a session takes no requests any more.
func (s *Session) refusal() *Refusal {
	if s.ended() {
		return errSession
	}
	return errRequest // it has a websocket
}

// refuse answers with the refusal that err is or wraps, else with "forbidden":
// what an application's own error says is not for strangers.
func refuse(w http.ResponseWriter, err error) {
	refusal := errForbidden
	errors.As(err, &refusal)
	body, _ := json.Marshal(struct { //nolint:errchkjson // an int and a string
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{refusal.Code, refusal.Message})
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if refusal.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(refusal.RetryAfter.Seconds()))))
	}
	w.WriteHeader(refusal.Status)
	_, _ = w.Write(body)
}
