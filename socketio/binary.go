package socketio

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/maru-chat/maru/socketio/internal/engineio"
)

// Binary is bytes that travel as an attachment beside the JSON of an event or
// an acknowledgement, as a Buffer, ArrayBuffer or Uint8Array does that a
// JavaScript client emits. It may stand anywhere: as an argument, in a struct,
// in a slice. A nil Binary is null.
//
// In the raw JSON of arguments an attachment stands as
// {"_placeholder":true,"base64":"…"}, so that whatever is passed on as it came
// travels as an attachment again.
type Binary []byte

const (
	markOpen  = `{"_placeholder":true,"base64":"`
	markClose = `"}`
)

// MarshalJSON implements [json.Marshaler].
func (b Binary) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return appendMark(nil, b), nil
}

func appendMark(dst, attachment []byte) []byte {
	dst = append(dst, markOpen...)
	dst = base64.StdEncoding.AppendEncode(dst, attachment)
	return append(dst, markClose...)
}

var errNotBinary = errors.New("socketio: not an attachment")

// UnmarshalJSON implements [json.Unmarshaler]. It fails for anything but an
// attachment or null.
func (b *Binary) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*b = nil
		return nil
	}
	attachment, rest, ok := cutMark(data)
	if !ok || len(rest) > 0 {
		return errNotBinary
	}
	*b = attachment
	return nil
}

// cutMark decodes the attachment that data begins with.
func cutMark(data []byte) (attachment, rest []byte, ok bool) {
	text, ok := bytes.CutPrefix(data, []byte(markOpen))
	if !ok {
		return nil, nil, false
	}
	// Base64 ends with its string: what is behind it is not looked at, so that
	// many that only look like attachments cost no more than their length.
	end := max(bytes.IndexByte(text, '"'), 0)
	text, rest = text[:end], text[end:]
	if rest, ok = bytes.CutPrefix(rest, []byte(markClose)); !ok {
		return nil, nil, false
	}
	attachment, err := base64.StdEncoding.Strict().AppendDecode([]byte{}, text)
	return attachment, rest, err == nil
}

// detach takes the attachments out of JSON and leaves the protocol's
// placeholders. They are numbered on from those there are.
func detach(payload []byte, attachments [][]byte) ([]byte, [][]byte) {
	at := bytes.Index(payload, []byte(markOpen))
	if at < 0 {
		return payload, attachments
	}
	var out []byte
	for ; at >= 0; at = bytes.Index(payload, []byte(markOpen)) {
		attachment, rest, ok := cutMark(payload[at:])
		if !ok { // it only looks like one, and stays as it is
			out, payload = append(out, payload[:at+1]...), payload[at+1:]
			continue
		}
		out = appendPlaceholder(append(out, payload[:at]...), len(attachments))
		attachments = append(attachments, attachment)
		payload = rest
	}
	return append(out, payload...), attachments
}

func appendPlaceholder(dst []byte, number int) []byte {
	dst = append(dst, `{"_placeholder":true,"num":`...)
	return append(strconv.AppendInt(dst, int64(number), 10), '}')
}

// longestPlaceholder bounds what is looked at: {"_placeholder":true,"num":9}
// and a few spaces.
const longestPlaceholder = 64

var placeholderKey = []byte(`"_placeholder"`)

// attach puts the attachments in the place of the arguments' placeholders.
// Each has to be named once.
func attach(args []json.RawMessage, attachments [][]byte) error {
	var named uint
	for i, arg := range args {
		s := scanner{data: arg, objects: []span{}}
		if !s.value(1) {
			return errJSON // it was scanned before
		}
		var out []byte
		done := 0
		for _, o := range s.objects {
			n, ok := placeholder(arg[o.start:o.end])
			if !ok {
				continue
			}
			if n < 0 || n >= len(attachments) || named&(1<<n) != 0 {
				return engineio.Violated("placeholder of no attachment")
			}
			named |= 1 << n
			out = appendMark(append(out, arg[done:o.start]...), attachments[n])
			done = o.end
		}
		if done > 0 {
			args[i] = append(out, arg[done:]...)
		}
	}
	if named != 1<<len(attachments)-1 {
		return engineio.Violated("attachment without a placeholder")
	}
	return nil
}

// placeholder reads an object that may be a placeholder. Its number is -1
// where it is none that could be meant.
func placeholder(object []byte) (number int, ok bool) {
	if len(object) > longestPlaceholder || !bytes.Contains(object, placeholderKey) {
		return 0, false
	}
	var p struct {
		Placeholder bool             `json:"_placeholder"`
		Number      *json.RawMessage `json:"num"`
	}
	d := json.NewDecoder(bytes.NewReader(object))
	d.DisallowUnknownFields()
	if d.Decode(&p) != nil || !p.Placeholder || p.Number == nil {
		return 0, false
	}
	n, err := strconv.Atoi(string(*p.Number))
	if err != nil {
		return -1, true
	}
	return n, true
}
