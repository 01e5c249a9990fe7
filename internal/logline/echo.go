package logline

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// echoFor is how long what was said is only counted.
	echoFor = 10 * time.Second
	// maxSaid is how many errors of one kind are said meanwhile that differ.
	maxSaid = 10
)

// echoes keeps warnings and errors that say the same as one of the last seconds from being written: while a database is away,
// hundreds a second fail for one reason. Their number comes after those seconds, with the last of them. So a line that is
// missing has a twin, but for its ids.
type echoes struct {
	mu   sync.Mutex
	said map[string]*saying // by level and message, which are ours and therefore few
}

type saying struct {
	texts map[string]bool // what went wrong, in each that was said
	left  int             // that were not
	last  slog.Record
	to    slog.Handler
}

// say reports whether a line is to be written now.
func (e *echoes) say(to slog.Handler, r slog.Record) bool {
	key, text := r.Level.String()+" "+r.Message, wrong(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.said[key]
	if s == nil {
		s = &saying{texts: map[string]bool{}}
		e.said[key] = s
		time.AfterFunc(echoFor, func() { e.count(key) })
	}
	if !s.texts[text] && len(s.texts) < maxSaid {
		s.texts[text] = true
		return true
	}
	s.left++
	s.last, s.to = r, to
	return false
}

// count says how many lines were left out, and begins anew where there were any.
func (e *echoes) count(key string) {
	e.mu.Lock()
	s := e.said[key]
	if s.left == 0 {
		delete(e.said, key)
		e.mu.Unlock()
		return
	}
	e.said[key] = &saying{texts: map[string]bool{wrong(s.last): true}}
	time.AfterFunc(echoFor, func() { e.count(key) })
	e.mu.Unlock()
	s.last.AddAttrs(slog.Int("repeated", s.left))
	_ = s.to.Handle(context.Background(), s.last) // the standard error, which is all there is
}

// wrong is what tells one failure from another of the same kind. A stack is never the same twice, so that of panics only the number
// bounds how many are said.
func wrong(r slog.Record) string {
	var text strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "error", "code", "panic", "stack":
			text.WriteString(a.Value.String() + "\x00")
		}
		return true
	})
	return text.String()
}
