package httpapi

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

// statuses is the one mapping of the contract's codes; Invalid with fields is 422.
var statuses = map[chat.Code]int{
	chat.Invalid:          http.StatusBadRequest,
	chat.Unauthorized:     http.StatusUnauthorized,
	chat.BadCredentials:   http.StatusUnauthorized,
	chat.Forbidden:        http.StatusForbidden,
	chat.NotFound:         http.StatusNotFound,
	chat.LoginIDTaken:     http.StatusConflict,
	chat.RoomNameTaken:    http.StatusConflict,
	chat.ClientIDReused:   http.StatusConflict,
	chat.ImageTooLarge:    http.StatusRequestEntityTooLarge,
	chat.PayloadTooLarge:  http.StatusRequestEntityTooLarge,
	chat.UnsupportedImage: http.StatusUnsupportedMediaType,
	chat.RateLimited:      http.StatusTooManyRequests,
	chat.Unavailable:      http.StatusServiceUnavailable,
	chat.Internal:         http.StatusInternalServerError,
}

func statusOf(f wire.Failure) int {
	if f.Code == string(chat.Invalid) && len(f.Errors) > 0 {
		return http.StatusUnprocessableEntity
	}
	return statuses[chat.Code(f.Code)]
}

// fail answers with a problem document, and notes for the log what the asker is not told.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	id := RequestID(r.Context())
	f := present.Failure(err, id)
	status := statusOf(f)
	if status >= http.StatusInternalServerError {
		a.log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("code", f.Code), slog.String("error", err.Error()))
	}
	noteCode(r.Context(), f.Code)
	header := w.Header()
	if f.RetryAfterMs > 0 {
		seconds := math.Ceil((time.Duration(f.RetryAfterMs) * time.Millisecond).Seconds())
		header.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if f.Code == string(chat.Unauthorized) {
		header.Set("WWW-Authenticate", `Bearer realm="maru"`)
	}
	header.Set("Cache-Control", "no-store")
	header.Del("ETag")
	writeJSON(w, status, "application/problem+json", wire.Problem{
		Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Message,
		Errors: f.Errors, RetryAfterMs: f.RetryAfterMs, RequestID: f.RequestID,
	})
}

var errPanicked = errors.New("a handler panicked")
