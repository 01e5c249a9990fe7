package chat

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an error is; the transports map it to a status, the site to words.
type Code string

// The codes of the contract, part 6.
const (
	Invalid          Code = "invalid"
	Unauthorized     Code = "unauthorized"
	BadCredentials   Code = "bad_credentials"
	Forbidden        Code = "forbidden"
	NotFound         Code = "not_found"
	LoginIDTaken     Code = "login_id_taken"
	RoomNameTaken    Code = "room_name_taken"
	ClientIDReused   Code = "client_id_reused"
	ImageTooLarge    Code = "image_too_large"
	PayloadTooLarge  Code = "payload_too_large"
	UnsupportedImage Code = "unsupported_image"
	RateLimited      Code = "rate_limited"
	Unavailable      Code = "unavailable"
	Internal         Code = "internal"
)

// What can be wrong with a field.
const (
	FieldRequired  = "required"
	FieldTooLong   = "too_long"
	FieldTooShort  = "too_short"
	FieldMalformed = "malformed"
	FieldUnknown   = "unknown"
	FieldWrongType = "wrong_type"
)

// Error is a failure that the asker may be told about. Message is English, for developers, and never quotes content.
// Cause is for the log alone.
type Error struct {
	Code       Code
	Message    string
	Fields     map[string]string // by field of the request, one of the Field constants; only with Invalid
	RetryAfter time.Duration     // only with RateLimited and Unavailable
	Cause      error
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	for field, wrong := range e.Fields {
		s += fmt.Sprintf(" (%s: %s)", field, wrong)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of err: Internal for an error that is not an *Error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Errorf makes an *Error without fields.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidField makes an Invalid error for one field.
func InvalidField(field, wrong string) *Error {
	return &Error{Code: Invalid, Message: "the request has an invalid field", Fields: map[string]string{field: wrong}}
}

// errNotFound is what a room is to those who may not know of it, whether it exists or not.
func errNotFound(what string) *Error { return Errorf(NotFound, "no such %s", what) }
