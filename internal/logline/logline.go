// Package logline makes the program's logger. What others had a part in, such as a header or an error of a database, may hold
// anything and be of any length: a line of the log is one line all the same, of bounded length, and does nothing to a terminal. What
// goes wrong again and again is said once and then counted.
package logline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a line may hold, in bytes before they are encoded; JSON takes at most two for each.
const (
	valueBytes = 1 << 10
	stackBytes = 12 << 10 // of a value named stack, which keeps its line breaks: both encodings escape them
	lineBytes  = 15 << 10 // of all values together
)

// LongestLine is more bytes than any line of JSON has.
const LongestLine = 32 << 10

// New makes a logger that writes lines of JSON, or lines for people on a terminal. about tells what every line belongs to
// that is written with a context, such as a request; it may be nil.
func New(w io.Writer, terminal bool, about func(context.Context) []slog.Attr) *slog.Logger {
	var next slog.Handler = slog.NewJSONHandler(w, nil)
	if terminal {
		next = slog.NewTextHandler(w, nil)
	}
	return slog.New(&handler{next: next, about: about, echoes: &echoes{said: map[string]*saying{}}})
}

type handler struct {
	next   slog.Handler
	about  func(context.Context) []slog.Attr
	used   int // bytes of what WithAttrs has added
	echoes *echoes
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	left := lineBytes - h.used
	fit := slog.NewRecord(r.Time.UTC(), r.Level, clean(r.Message, valueBytes, &left), r.PC)
	if h.about != nil && ctx != nil {
		for _, a := range h.about(ctx) {
			fit.AddAttrs(fitted(a, &left))
		}
	}
	r.Attrs(func(a slog.Attr) bool {
		fit.AddAttrs(fitted(a, &left))
		return true
	})
	if fit.Level >= slog.LevelWarn && !h.echoes.say(h.next, fit) {
		return nil
	}
	return h.next.Handle(ctx, fit)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	left := lineBytes - h.used
	fit := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		fit[i] = fitted(a, &left)
	}
	with := *h
	with.next, with.used = h.next.WithAttrs(fit), lineBytes-left
	return &with
}

func (h *handler) WithGroup(name string) slog.Handler {
	with := *h
	with.next = h.next.WithGroup(name)
	return &with
}

// fitted makes a field fit, and takes from left what its text has.
func fitted(a slog.Attr, left *int) slog.Attr {
	limit := valueBytes
	if a.Key == "stack" {
		limit = -stackBytes
	}
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(clean(v.String(), limit, left))
	case slog.KindAny: // an error, or what somebody panicked with
		a.Value = slog.StringValue(clean(fmt.Sprint(v.Any()), limit, left))
	case slog.KindGroup:
		var fit []slog.Attr
		for _, one := range v.Group() {
			fit = append(fit, fitted(one, left))
		}
		a.Value = slog.GroupValue(fit...)
	default: // numbers and times
		a.Value = v
	}
	return a
}

// clean cuts text to its limit, and to what is left of the line's; a negative limit is for text of several lines. What is no
// text, or would move a terminal's cursor or turn what stands around it, becomes a dot.
func clean(s string, limit int, left *int) string {
	lines := limit < 0
	limit = min(max(limit, -limit), max(*left, 0))
	cut := len(s) > limit
	if cut {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	*left -= len(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Bidi_Control, r):
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
	if cut {
		s += "…"
	}
	return s
}

// Libraries is what libraries write to that know only the standard logger, such as net/http: each piece is one line's error.
func Libraries(log *slog.Logger) io.Writer { return libraries{log} }

type libraries struct{ log *slog.Logger }

func (l libraries) Write(p []byte) (int, error) {
	l.log.Warn("a library reports", "error", strings.TrimSpace(string(p)))
	return len(p), nil
}
