package engineio

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
)

// idBytes makes an identifier of 20 characters: 120 bits, as OWASP asks of
// what stands for a session (ASVS 5.0, 7.2.3).
const idBytes = 15

// maxNode bounds the name of a server: with it an identifier has at most 53
// characters.
const maxNode = 32

// NewID returns a random identifier.
func NewID() string {
	var b [idBytes]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ValidNode reports whether a server may be called so: 1 to 32 letters and
// digits of ASCII, "_" and "-".
func ValidNode(name string) bool {
	return name != "" && len(name) <= maxNode && plain(name)
}

// plain reports whether s has nothing but the letters of base64url.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// newID returns an identifier for a session. Where the server has a name, it
// follows a dot, so that any other one knows whom to ask.
func (s *Server) newID() string {
	if s.config.Node == "" {
		return NewID()
	}
	return NewID() + "." + s.config.Node
}

// elsewhere is the error of a request whose session another server has.
type elsewhere struct{ node string }

func (*elsewhere) Error() string { return "session of another server" }

// unknown is why a request for a session that is not here is refused, or whom
// it is for. Websockets are not passed on: declined, the client goes on polling.
func (s *Server) unknown(id, transport, method string) error {
	random, node, _ := strings.Cut(id, ".")
	switch {
	case s.config.Forward == nil, transport != "polling", node == s.config.Node,
		len(random) != base64.RawURLEncoding.EncodedLen(idBytes), !plain(random), !ValidNode(node):
		return errSession
	case method != http.MethodGet && method != http.MethodPost:
		return errMethod
	}
	return &elsewhere{node}
}

// forward has another server answer. Where it is gone its sessions are too, and
// their clients begin anew.
func (s *Server) forward(w http.ResponseWriter, r *http.Request, node string) {
	if s.config.Forward(node, w, r) {
		s.forwarded.Add(1)
		return
	}
	s.refused.Add(1)
	refuse(w, errSession)
}
