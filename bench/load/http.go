package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// post is the request that sends a message.
func post(to Seat, clientID, text string) []byte {
	body := fmt.Sprintf(`{"clientId":%q,"text":%q}`, clientID, text)
	return fmt.Appendf(nil, "POST /api/v1/rooms/%s/messages HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", to.Room, to.Token, len(body), body)
}

// poll is the request for what came in a room after a message, or for its
// newest message where after is -1.
func poll(in Seat, after int64) []byte {
	if after < 0 {
		return get(in.Token, fmt.Sprintf("/api/v1/rooms/%s/messages?limit=1", in.Room))
	}
	return get(in.Token, fmt.Sprintf("/api/v1/rooms/%s/messages?after=%d&limit=200", in.Room, after))
}

// get is a request for a page.
func get(token, path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", path, token)
}

// response returns the body of the response at the start of p and how many
// bytes all of it has: 0 where it is not all there. An answer that is not 2xx
// is an error.
func response(p []byte) (body []byte, size int, err error) {
	head, rest, whole := bytes.Cut(p, []byte("\r\n\r\n"))
	if !whole {
		return nil, 0, nil
	}
	status, ok := bytes.CutPrefix(head, []byte("HTTP/1.1 "))
	if !ok || len(status) < 3 {
		return nil, 0, fmt.Errorf("not a response: %.80q", p)
	}
	if status[0] != '2' {
		return nil, 0, fmt.Errorf("answered %.300q", p)
	}
	before := len(head) + len("\r\n\r\n")
	if value, ok := header(head, "content-length"); ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return nil, 0, fmt.Errorf("content length %q", value)
		}
		if len(rest) < n {
			return nil, 0, nil
		}
		return rest[:n], before + n, nil
	}
	body, n, err := chunked(rest)
	if n == 0 || err != nil {
		return nil, 0, err
	}
	return body, before + n, nil
}

func header(head []byte, name string) (string, bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(key, []byte(name)) {
			return string(bytes.TrimSpace(value)), true
		}
	}
	return "", false
}

// chunked decodes a body as RFC 9112, 7.1 frames it.
func chunked(p []byte) (body []byte, size int, err error) {
	rest := p
	for {
		line, after, whole := bytes.Cut(rest, []byte("\r\n"))
		if !whole {
			return nil, 0, nil
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil || n < 0 {
			return nil, 0, errors.New("neither a content length nor chunks")
		}
		if int64(len(after)) < n+2 {
			return nil, 0, nil
		}
		body, rest = append(body, after[:n]...), after[n+2:]
		if n == 0 {
			return body, len(p) - len(rest), nil
		}
	}
}

// number reads the digits that follow the first key in p.
func number(p []byte, key string) (n int64, rest []byte, ok bool) {
	at := bytes.Index(p, []byte(key))
	if at < 0 {
		return 0, nil, false
	}
	rest = p[at+len(key):]
	for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
		n, rest, ok = n*10+int64(rest[0]-'0'), rest[1:], true
	}
	return n, rest, ok
}
