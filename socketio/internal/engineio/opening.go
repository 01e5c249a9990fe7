package engineio

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it; nothing secret is hashed
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// acceptGUID is what RFC 6455, section 1.3, has hashed behind the key.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// errVersion is answered to another version of WebSocket than 13 (RFC 6455,
// section 4.4).
var errVersion = &Refusal{Status: http.StatusUpgradeRequired, Code: 3, Message: "Bad request"}

// checkOpening finds what is wrong with a client's half of the opening
// handshake (RFC 6455, section 4.2.1). The transport was asked for already.
func checkOpening(r *http.Request) error {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	switch {
	case !r.ProtoAtLeast(1, 1), r.ProtoMajor > 1,
		!hasToken(r.Header, "Connection", "upgrade"),
		!hasToken(r.Header, "Upgrade", "websocket"),
		len(r.Header["Sec-Websocket-Key"]) != 1, err != nil, len(key) != 16,
		len(r.Header["Sec-Websocket-Version"]) != 1:
		return errRequest
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return errVersion
	}
	return nil
}

// hasToken reports whether one of a header's comma-separated values is token.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for value := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(value), token) {
				return true
			}
		}
	}
	return false
}

// openingAnswer is the server's half (RFC 6455, section 4.2.2), without
// subprotocols or extensions but perhaps permessage-deflate.
func openingAnswer(r *http.Request, deflate bool) []byte {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + acceptGUID)) //nolint:gosec // see the import
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	if deflate {
		b = append(b, "\r\nSec-WebSocket-Extensions: "+deflateAnswer...)
	}
	return append(b, "\r\n\r\n"...)
}

var errHijack = errors.New("engineio: connection cannot be taken over from the HTTP server")

// takeOver takes the connection from the HTTP server, with what the client has
// sent ahead, and lifts the server's deadlines.
func takeOver(w http.ResponseWriter) (conn net.Conn, ahead []byte, err error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, errors.Join(errHijack, err)
	}
	if ahead, err = buffered.Peek(buffered.Reader.Buffered()); err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, ahead, nil
}
