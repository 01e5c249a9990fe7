package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
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

func requestID(ctx context.Context) string { return passageOf(ctx).id }

func noteUser(ctx context.Context, user chat.UserID) { passageOf(ctx).user = user }

func noteCode(ctx context.Context, code string) { passageOf(ctx).code = code }

// logRequest writes a request's line: neither query nor body nor header, since they may hold tokens and what people
// wrote.
func (a *api) logRequest(r *http.Request, rec *recorder, took time.Duration) {
	if !a.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	p := passageOf(r.Context())
	attrs := []slog.Attr{
		slog.String("request_id", p.id),
		slog.String("method", clip(r.Method, 16)),
		slog.String("path", clip(r.URL.EscapedPath(), 200)),
		slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("address", a.front.Address(r).String()),
		slog.String("agent", clip(r.UserAgent(), 120)),
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
		slog.String("request_id", requestID(r.Context())),
		slog.String("panic", clip(fmt.Sprint(p), 1000)),
		slog.String("stack", string(debug.Stack())))
}

// clip makes text fit for a field of the log: of one line, without control characters, at most limit bytes.
func clip(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == 0x2028 || r == 0x2029 {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
}
