package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// What can be wrong with a field before the rules have looked at it.
const (
	FieldRequired  = "required"
	FieldUnknown   = "unknown"
	FieldWrongType = "wrong_type"
)

// DecodeError is why a request could not be decoded. It quotes no values; Fields may name what the client made up.
type DecodeError struct {
	Malformed bool              // not JSON as Check accepts it, or no object: HTTP answers 400
	Fields    map[string]string // else, by field: one of the Field constants
}

func (e *DecodeError) Error() string {
	if e.Malformed {
		return ErrMalformed.Error()
	}
	return fmt.Sprintf("%d invalid fields", len(e.Fields))
}

// Decode reads the JSON object data into the struct that v points to: Check, and then strictly. Names match exactly;
// unknown ones, wrong types and null are refused; fields without omitempty must be there. A *string tagged nullable takes
// null too, as a pointer to "", which as such is refused. Its error is a *DecodeError.
func Decode(data []byte, v any) error {
	var members []member
	object, err := scan(data, &members)
	if err != nil || !object {
		return &DecodeError{Malformed: true}
	}
	target := reflect.ValueOf(v).Elem()
	shape := shapeOf(target.Type())
	wrong := map[string]string{}
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		field, known := shape[m.key]
		if !known {
			if len(wrong) < maxNamedFields {
				wrong[shorten(m.key)] = FieldUnknown
			}
			continue
		}
		seen[m.key] = true
		if field.nullable {
			switch string(m.raw) {
			case "null":
				m.raw = []byte(`""`)
			case `""`:
				m.raw = []byte("null")
			}
		}
		if !decodeValue(m.raw, target.FieldByIndex(field.index)) {
			wrong[m.key] = FieldWrongType
		}
	}
	for name, field := range shape {
		if field.required && !seen[name] {
			wrong[name] = FieldRequired
		}
	}
	if len(wrong) > 0 {
		return &DecodeError{Fields: wrong}
	}
	return nil
}

// Bounds of what an error repeats of a request's made-up names.
const (
	maxNamedFields = 16
	maxFieldBytes  = 64
)

func shorten(name string) string {
	if len(name) > maxFieldBytes {
		name = strings.ToValidUTF8(name[:maxFieldBytes], "")
	}
	return name
}

type shapeField struct {
	index    []int
	required bool
	nullable bool
}

var shapes sync.Map // of reflect.Type to map[string]shapeField

// shapeOf returns a struct's fields by their names in JSON, those of embedded structs included.
func shapeOf(t reflect.Type) map[string]shapeField {
	if known, ok := shapes.Load(t); ok {
		return known.(map[string]shapeField)
	}
	shape := map[string]shapeField{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		shape[name] = shapeField{
			index:    f.Index,
			required: !slices.Contains(strings.Split(options, ","), "omitempty"),
			nullable: f.Tag.Get("nullable") == "true",
		}
	}
	shapes.Store(t, shape)
	return shape
}

// decodeValue stores checked JSON in v and reports whether it is of v's type.
func decodeValue(raw []byte, v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		elem := reflect.New(v.Type().Elem())
		if !decodeValue(raw, elem.Elem()) {
			return false
		}
		v.Set(elem)
		return true
	case reflect.String:
		if raw[0] != '"' {
			return false
		}
		if plain := raw[1 : len(raw)-1]; !slices.Contains(plain, '\\') {
			v.SetString(string(plain))
			return true
		}
		return json.Unmarshal(raw, v.Addr().Interface()) == nil
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return false
		}
		v.SetInt(n)
		return true
	case reflect.Bool:
		v.SetBool(raw[0] == 't')
		return raw[0] == 't' || raw[0] == 'f'
	case reflect.Slice:
		var elems []json.RawMessage
		if raw[0] != '[' || json.Unmarshal(raw, &elems) != nil {
			return false
		}
		slice := reflect.MakeSlice(v.Type(), len(elems), len(elems))
		for i, elem := range elems {
			if !decodeValue(elem, slice.Index(i)) {
				return false
			}
		}
		v.Set(slice)
		return true
	case reflect.Struct:
		return Decode(raw, v.Addr().Interface()) == nil
	default:
		panic("wire: no request has a " + v.Type().String())
	}
}
