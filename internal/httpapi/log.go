package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// passage is what a request's handlers note on the way, for its line in the log.
type passage struct {
	id   string
	user chat.UserID
	code string
}

type passageKey struct{}

// identified gives every request an id, told in X-Request-Id, in problem documents and in the log.
func (a *api) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &passage{id: chat.NewID()}
		w.Header().Set("X-Request-Id", p.id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), passageKey{}, p)))
	})
}

func passageOf(ctx context.Context) *passage {
	if p, ok := ctx.Value(passageKey{}).(*passage); ok {
		return p
	}
	return &passage{}
}

// RequestID is the id of the request that a context is of, "" for none. Every line of the log that belongs to a request has to tell
// it: whoever makes the logger puts it there.
func RequestID(ctx context.Context) string { return passageOf(ctx).id }

func noteUser(ctx context.Context, user chat.UserID) { passageOf(ctx).user = user }

func noteCode(ctx context.Context, code string) { passageOf(ctx).code = code }

// logRequest writes a request's line: neither query nor body nor header, since they may hold tokens and what people
// wrote. What is in the address and the agent is the client's, and for the logger to make fit.
func (a *api) logRequest(r *http.Request, rec *recorder, took time.Duration) {
	if !a.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	p := passageOf(r.Context())
	attrs := []slog.Attr{
		slog.String("method", r.Method),
		slog.String("path", r.URL.EscapedPath()),
		slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("address", a.front.Address(r).String()),
		slog.String("agent", r.UserAgent()),
	}
	if p.user != "" {
		attrs = append(attrs, slog.String("user_id", string(p.user)))
	}
	if p.code != "" {
		attrs = append(attrs, slog.String("code", p.code))
	}
	a.log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

func (a *api) logPanic(r *http.Request, p any) {
	a.log.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.Any("panic", p),
		slog.String("stack", string(debug.Stack())))
}
