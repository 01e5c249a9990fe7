package wire

import (
	"errors"
	"unicode/utf8"
)

// MaxDepth is how deep the JSON of a request may nest; the contract's own shapes need three.
const MaxDepth = 16

// ErrMalformed is what Check reports. It names no place and quotes nothing, so that it can be logged.
var ErrMalformed = errors.New("malformed JSON")

// Check reports ErrMalformed where data is not exactly one JSON value (RFC 8259) that every reader understands alike:
// valid UTF-8, no escaped lone surrogate, no NUL, no object with the same key twice, at most MaxDepth deep. It takes time
// and memory in proportion to data alone.
func Check(data []byte) error {
	_, err := scan(data, nil)
	return err
}

// member is one key of an outermost object with its value as it stands in the request.
type member struct {
	key string
	raw []byte
}

// scan is Check that also gathers the members of an outermost object into members; object tells whether there is one.
func scan(data []byte, members *[]member) (object bool, err error) {
	if !utf8.Valid(data) {
		return false, ErrMalformed
	}
	s := scanner{data: data, members: members}
	s.space()
	object = s.peek() == '{'
	if !s.value() {
		return false, ErrMalformed
	}
	s.space()
	if s.at != len(data) {
		return false, ErrMalformed
	}
	return object, nil
}

// scanner reads JSON by recursive descent; each method reports whether what it read is good, and stands behind it.
type scanner struct {
	data    []byte
	at      int
	depth   int
	members *[]member // of the outermost object, nil where nobody wants them
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.at == len(s.data) {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) value() bool {
	switch s.peek() {
	case '{':
		return s.nested(s.object)
	case '[':
		return s.nested(s.array)
	case '"':
		_, ok := s.text(false)
		return ok
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

func (s *scanner) nested(read func() bool) bool {
	s.depth++
	if s.depth > MaxDepth {
		return false
	}
	s.at++
	ok := read()
	s.depth--
	return ok
}

func (s *scanner) word(w string) bool {
	if len(s.data)-s.at < len(w) || string(s.data[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

func (s *scanner) object() bool {
	s.space()
	if s.take('}') {
		return true
	}
	var keys keySet
	for {
		s.space()
		key, ok := s.text(true)
		if !ok || !keys.add(key) {
			return false
		}
		s.space()
		if !s.take(':') {
			return false
		}
		s.space()
		from := s.at
		if !s.value() {
			return false
		}
		if s.depth == 1 && s.members != nil {
			*s.members = append(*s.members, member{key, s.data[from:s.at]})
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

func (s *scanner) array() bool {
	s.space()
	if s.take(']') {
		return true
	}
	for {
		s.space()
		if !s.value() {
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

func (s *scanner) digits() bool {
	from := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > from
}

func (s *scanner) number() bool {
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
		return s.digits()
	}
	return true
}

// text reads a string, and returns what it says where wanted.
func (s *scanner) text(wanted bool) (string, bool) {
	if !s.take('"') {
		return "", false
	}
	from := s.at
	var said []byte // nil while the string says just what stands there
	for s.at < len(s.data) {
		c := s.data[s.at]
		switch {
		case c == '"':
			s.at++
			if !wanted {
				return "", true
			}
			if said != nil {
				return string(said), true
			}
			return string(s.data[from : s.at-1]), true
		case c < ' ':
			return "", false
		case c == '\\':
			if wanted && said == nil {
				said = append([]byte{}, s.data[from:s.at]...)
			}
			r, ok := s.escape()
			if !ok {
				return "", false
			}
			if wanted {
				said = utf8.AppendRune(said, r)
			}
		default:
			if said != nil {
				said = append(said, c)
			}
			s.at++
		}
	}
	return "", false
}

func (s *scanner) escape() (rune, bool) {
	s.at++ // the backslash
	c := s.peek()
	s.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
	default:
		return 0, false
	}
	first, ok := s.hex()
	switch {
	case !ok || first == 0 || (first >= 0xdc00 && first <= 0xdfff):
		return 0, false
	case first < 0xd800 || first > 0xdbff:
		return first, true
	}
	if !s.take('\\') || !s.take('u') {
		return 0, false
	}
	second, ok := s.hex()
	if !ok || second < 0xdc00 || second > 0xdfff {
		return 0, false
	}
	return 0x10000 + (first-0xd800)<<10 + (second - 0xdc00), true
}

func (s *scanner) hex() (rune, bool) {
	var r rune
	for range 4 {
		c := s.peek()
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 + rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 + rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			r = r<<4 + rune(c-'A') + 10
		default:
			return 0, false
		}
		s.at++
	}
	return r, true
}

// keySet finds a key that is there twice. Objects have few keys: a map is made only for more.
type keySet struct {
	few  [8]string
	n    int
	many map[string]struct{}
}

// add reports whether key is new.
func (k *keySet) add(key string) bool {
	for _, have := range k.few[:k.n] {
		if have == key {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	if _, have := k.many[key]; have {
		return false
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[key] = struct{}{}
	return true
}
