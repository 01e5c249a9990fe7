package socketio

import (
	"encoding/json"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// scanner walks over JSON (RFC 8259) without building anything, and refuses
// what is too deep, too many or too long, so that whoever decodes a value
// later works on bounded input. Text frames are valid UTF-8 before they come
// here.
type scanner struct {
	data []byte
	at   int
	// objects, where it is not nil, collects where those objects stand that
	// are short enough to be placeholders, inner ones before outer ones.
	objects []span
}

type span struct{ start, end int }

var errJSON = engineio.Violated("payload is not JSON within the limits")

// splitArray takes the elements of one JSON array apart. They are slices of
// data.
func splitArray(data []byte) ([]json.RawMessage, error) {
	s := scanner{data: data}
	s.space()
	if !s.take('[') {
		return nil, errJSON
	}
	var args []json.RawMessage
	s.space()
	if s.take(']') {
		return args, s.end()
	}
	args = make([]json.RawMessage, 0, 2)
	for {
		s.space()
		start := s.at
		if len(args) == maxArgs || !s.value(1) {
			return nil, errJSON
		}
		args = append(args, json.RawMessage(data[start:s.at:s.at]))
		s.space()
		switch {
		case s.take(','):
		case s.take(']'):
			return args, s.end()
		default:
			return nil, errJSON
		}
	}
}

// validObject reports whether data is one JSON object.
func validObject(data []byte) bool {
	s := scanner{data: data}
	s.space()
	return s.at < len(data) && data[s.at] == '{' && s.value(0) && s.end() == nil
}

func (s *scanner) end() error {
	s.space()
	if s.at != len(s.data) {
		return errJSON
	}
	return nil
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// value walks over one value, which stands inside of depth others.
func (s *scanner) value(depth int) bool {
	if s.at == len(s.data) {
		return false
	}
	switch s.data[s.at] {
	case '"':
		return s.text()
	case '{':
		start := s.at
		ok := depth < maxDepth && s.object(depth+1)
		if s.objects != nil && s.at-start <= longestPlaceholder {
			s.objects = append(s.objects, span{start, s.at})
		}
		return ok
	case '[':
		return depth < maxDepth && s.array(depth+1)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) object(depth int) bool {
	s.at++
	s.space()
	if s.take('}') {
		return true
	}
	for {
		s.space()
		if s.at == len(s.data) || s.data[s.at] != '"' || !s.text() {
			return false
		}
		s.space()
		if !s.take(':') {
			return false
		}
		s.space()
		if !s.value(depth) {
			return false
		}
		s.space()
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) array(depth int) bool {
	s.at++
	s.space()
	if s.take(']') {
		return true
	}
	for {
		s.space()
		if !s.value(depth) {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) word(w string) bool {
	if len(s.data)-s.at < len(w) || string(s.data[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

func (s *scanner) text() bool {
	for s.at++; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if s.at++; !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape walks up to the last character of what follows a backslash.
func (s *scanner) escape() bool {
	if s.at == len(s.data) {
		return false
	}
	switch s.data[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.at++; s.at == len(s.data) || !isHex(s.data[s.at]) {
				return false
			}
		}
		return true
	}
	return false
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (s *scanner) number() bool {
	start := s.at
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			return false
		}
	}
	return s.at-start <= maxNumber
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.data) && isDigit(s.data[s.at]) {
		s.at++
	}
	return s.at > start
}
