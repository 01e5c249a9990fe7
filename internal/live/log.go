package live

import (
	"context"
	"log/slog"
	"time"

	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/socketio"
)

// logError notes what failed, and whom it was for.
func (l *Live) logError(ctx context.Context, doing string, err error, whose ...slog.Attr) {
	if ctx.Err() == nil {
		l.log.LogAttrs(ctx, slog.LevelError, doing, append(whose, slog.String("error", err.Error()))...)
	}
}

// logged names a conn in the log: by the id that its client knows it by too, and that nobody can use for anything.
func (c *conn) logged() []slog.Attr {
	return []slog.Attr{slog.String("conn_id", c.socket.ID()), slog.String("user_id", string(c.user.ID))}
}

// logOpened notes who connected from where, and the request that they did it with.
func (l *Live) logOpened(ctx context.Context, c *conn) {
	l.log.LogAttrs(ctx, slog.LevelInfo, "connected", append(c.logged(),
		slog.String("request_id", openingOf(ctx).requestID), slog.String("session_id", string(c.session)),
		slog.String("address", c.socket.Handshake().RemoteAddr), slog.String("transport", c.socket.Transport()))...)
}

func (l *Live) logClosed(c *conn, reason socketio.Reason) {
	l.log.LogAttrs(context.Background(), slog.LevelInfo, "disconnected", append(c.logged(),
		slog.String("reason", string(reason)), slog.Float64("s", time.Since(c.socket.Handshake().Time).Round(time.Millisecond).Seconds()))...)
}

// logFailure notes what went wrong, never what it was about.
func (l *Live) logFailure(ctx context.Context, event string, c *conn, err error, took time.Duration) {
	e := present.Error(err)
	level := slog.LevelInfo
	attrs := append(c.logged(), slog.String("event", event), slog.String("code", string(e.Code)), slog.Int64("ms", took.Milliseconds()))
	switch e.Code {
	case chat.Internal:
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	case chat.Unavailable:
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	l.log.LogAttrs(ctx, level, "event refused", attrs...)
}
