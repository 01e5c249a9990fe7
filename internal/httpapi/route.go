package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

// maxBodyBytes bounds the body of a call; what is larger is not read any further.
const maxBodyBytes = 64 << 10

// route is one row of the contract: what it takes, what it answers, and who may call it.
type route struct {
	method, path string
	id, tag      string
	summary      string
	detail       string
	open         bool // needs no session
	logIn        bool // begins a session in a browser, which no foreign page may make it do
	query        []parameter
	body         any  // a wire type, nil for none
	upload       bool // instead of a body: a form with one file
	status       int
	answer       any // a wire type, nil for none
	fails        []chat.Code
	serve        func(*call) (any, error)
}

// parameter is part of a route's query.
type parameter struct {
	name   string
	number bool
	doc    string
}

// call is one request to a route.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	by     auth.Identity // zero where the route is open
	tokens auth.Tokens
	query  map[string]string // the route's parameters that are there
	status int               // of a good answer; the route's own unless changed
}

// call serves a request to a route: who asks, then what, then the answer.
func (a *api) call(rt *route, w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, tokens: a.front.Tokens(r), status: rt.status}
	answer, err := a.answer(rt, c)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if answer == nil {
		w.WriteHeader(c.status)
		return
	}
	writeJSON(w, c.status, "application/json", answer)
}

func (a *api) answer(rt *route, c *call) (any, error) {
	if rt.method != http.MethodGet {
		if err := a.front.CheckUnsafe(c.r, rt.logIn); err != nil {
			return nil, err
		}
	}
	if !rt.open {
		by, err := a.auth.Authenticate(c.r.Context(), c.tokens.Access)
		if err != nil {
			return nil, err
		}
		c.by = by
		noteUser(c.r.Context(), by.User.ID)
	}
	if err := c.readQuery(rt.query); err != nil {
		return nil, err
	}
	return rt.serve(c)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // wire types always encode
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who went away needs no answer
}

// decode reads the call's body as a T.
func decode[T any](c *call) (T, error) {
	var v T
	kind, parameters, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || kind != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return v, chat.Errorf(chat.Invalid, "the body must be application/json")
	}
	tooLarge := chat.Errorf(chat.PayloadTooLarge, "the body may have %d bytes", maxBodyBytes)
	if c.r.ContentLength > maxBodyBytes {
		c.w.Header().Set("Connection", "close") // rather than reading what nobody wants
		return v, tooLarge
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBodyBytes))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return v, tooLarge
		}
		// It broke off on its way. Whoever hears this all the same, behind a connection that was cut in half, did nothing wrong.
		return v, &chat.Error{Code: chat.Unavailable, Message: "the body broke off; send it again", RetryAfter: time.Second, Cause: err}
	}
	err = wire.Decode(data, &v)
	return v, err
}

// readQuery reads the query strictly: unknown and repeated parameters are refused, rather than ignored to the surprise of
// who misspelt one.
func (c *call) readQuery(known []parameter) error {
	if len(c.r.URL.RawQuery) == 0 {
		return nil
	}
	wrong := map[string]string{}
	c.query = map[string]string{}
	for name, values := range c.r.URL.Query() {
		i := -1
		for j, p := range known {
			if p.name == name {
				i = j
			}
		}
		switch value := values[0]; {
		case i < 0:
			if len(wrong) < 16 {
				wrong[fieldName(name)] = chat.FieldUnknown
			}
		case len(values) > 1 || !isText(value):
			wrong[name] = chat.FieldMalformed
		case known[i].number:
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				wrong[name] = chat.FieldWrongType
			}
			c.query[name] = value
		default:
			c.query[name] = value
		}
	}
	if len(wrong) > 0 {
		return &chat.Error{Code: chat.Invalid, Message: "the query has invalid parameters", Fields: wrong}
	}
	return nil
}

// fieldName is what a client called a field, as far as it is worth telling them.
func fieldName(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "") }

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// number returns a numeric parameter, and whether it is there.
func (c *call) number(name string) (int64, bool) {
	s, ok := c.query[name]
	n, _ := strconv.ParseInt(s, 10, 64) // readQuery has checked it
	return n, ok
}

// limit returns the parameter limit, 0 where it is not there; chat clamps it.
func (c *call) limit() int {
	n, _ := c.number("limit")
	return int(max(min(n, 1<<30), -1))
}

// name returns a part of the path that names something. What cannot be a name is nobody's.
func (c *call) name(part string) (string, error) {
	s := c.r.PathValue(part)
	if !isText(s) || len(s) > 64 {
		return "", chat.Errorf(chat.NotFound, "nothing has that id")
	}
	return s, nil
}

func (c *call) roomID() (chat.RoomID, error) {
	s, err := c.name("id")
	return chat.RoomID(s), err
}

// seq returns the message's number in the path.
func (c *call) seq() (int64, error) {
	n, err := strconv.ParseInt(c.r.PathValue("seq"), 10, 64)
	if err != nil {
		return 0, chat.InvalidField("seq", chat.FieldWrongType)
	}
	return n, nil
}
