package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheck(t *testing.T) {
	nest := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	many := make([]string, 0, 20)
	for c := 'a'; c < 'a'+20; c++ {
		many = append(many, `"`+string(c)+`":1`)
	}
	for name, test := range map[string]struct {
		json string
		good bool
	}{
		"object":                      {`{"a":1,"b":[true,false,null,-1.5e+3,"x"],"c":{}}`, true},
		"space around":                {" \t\r\n{ \"a\" : [ ] } \n", true},
		"scalar":                      {`"x"`, true},
		"zero":                        {`0`, true},
		"many keys":                   {`{` + strings.Join(many, ",") + `}`, true},
		"surrogate pair":              {`"\ud83d\ude00"`, true},
		"escapes":                     {`"\"\\\/\b\f\n\r\t\u00e9"`, true},
		"same key in two objects":     {`[{"a":1},{"a":1}]`, true},
		"huge number is a number":     {`1e999`, true},
		"deepest":                     {nest(MaxDepth), true},
		"empty":                       {``, false},
		"space alone":                 {`  `, false},
		"too deep":                    {nest(MaxDepth + 1), false},
		"depth bomb":                  {strings.Repeat("[", 60_000), false},
		"depth bomb of objects":       {strings.Repeat(`{"a":`, 10_000), false},
		"two values":                  {`{} {}`, false},
		"trailing comma":              {`[1,]`, false},
		"leading zero":                {`01`, false},
		"plus":                        {`+1`, false},
		"bare word":                   {`nul`, false},
		"NaN":                         {`NaN`, false},
		"single quotes":               {`{'a':1}`, false},
		"comment":                     {`{}//`, false},
		"open string":                 {`"abc`, false},
		"open escape":                 {`"\`, false},
		"open unicode":                {`"\u00`, false},
		"unknown escape":              {`"\x41"`, false},
		"raw newline in string":       {"\"a\nb\"", false},
		"byte order mark":             {"\xef\xbb\xbf{}", false},
		"NUL escape":                  {`{"a":"x\u0000y"}`, false},
		"NUL escape in key":           {`{"\u0000":1}`, false},
		"raw NUL":                     {"\"a\x00b\"", false},
		"high surrogate alone":        {`"\ud83d"`, false},
		"high surrogate and letter":   {`"\ud83dx"`, false},
		"high surrogate and escape":   {`"\ud83d\u0041"`, false},
		"low surrogate alone":         {`"\ude00"`, false},
		"surrogates turned":           {`"\ude00\ud83d"`, false},
		"invalid UTF-8":               {"\"\xff\"", false},
		"UTF-8 surrogate":             {"\"\xed\xa0\x80\"", false},
		"overlong UTF-8":              {"\"\xc0\x80\"", false},
		"duplicate key":               {`{"a":1,"a":2}`, false},
		"duplicate key, escaped":      {`{"a":1,"\u0061":2}`, false},
		"duplicate key inside":        {`{"x":[{"a":1,"a":1}]}`, false},
		"duplicate among many":        {`{` + strings.Join(many, ",") + `,"s":2}`, false},
		"duplicate empty key":         {`{"":1,"":2}`, false},
		"a NUL byte after the object": {"{}\x00", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Check([]byte(test.json)); (err == nil) != test.good {
				t.Errorf("Check = %v", err)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e-3,"x\n\ud83d\ude00"],"b":null}`, `{"a":1,"a":2}`, `"\ud800"`, `[[[[`, `-0.0`, "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := Check(data)
		if err == nil {
			if !json.Valid(data) || !utf8.Valid(data) {
				t.Fatalf("accepted what is not JSON: %q", data)
			}
			var v any
			if json.Unmarshal(data, &v) == nil {
				if again, err := json.Marshal(v); err == nil && strings.Contains(string(again), `\u0000`) {
					t.Fatalf("a NUL came through: %q", data)
				}
			}
			return
		}
		// What a JSON encoder writes, without the few things that we refuse, is accepted.
		var v any
		if json.Unmarshal(data, &v) != nil || depth(v) > MaxDepth {
			return
		}
		again, err := json.Marshal(v)
		if err == nil && !strings.Contains(string(again), `\u0000`) && Check(again) != nil {
			t.Fatalf("refused %q", again)
		}
	})
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
		return deepest + 1
	case map[string]any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
		return deepest + 1
	}
	return 0
}

func TestDecode(t *testing.T) {
	var good SendEvent
	err := Decode([]byte(`{"roomId":"r","clientId":"c","text":"a\u00e9\n","imageIds":["x","y\"z"],"replyTo":9007199254740993}`), &good)
	if err != nil || good.RoomID != "r" || good.ClientID != "c" || good.Text != "aé\n" ||
		len(good.ImageIDs) != 2 || good.ImageIDs[1] != `y"z` || good.ReplyTo != 9007199254740993 {
		t.Fatalf("Decode = %+v, %v", good, err)
	}
	var update UpdateRoom
	if err := Decode([]byte(`{"topic":""}`), &update); err != nil || update.Topic == nil || *update.Topic != "" || update.Name != nil {
		t.Fatalf("Decode = %+v, %v", update, err)
	}

	for name, test := range map[string]struct {
		json      string
		malformed bool
		fields    map[string]string
	}{
		"not JSON":           {`{"roomId":`, true, nil},
		"no object":          {`["roomId"]`, true, nil},
		"null":               {`null`, true, nil},
		"empty":              {``, true, nil},
		"duplicate":          {`{"roomId":"a","roomId":"b","seq":1,"text":""}`, true, nil},
		"missing":            {`{}`, false, map[string]string{"roomId": "required", "seq": "required", "text": "required"}},
		"null field":         {`{"roomId":null,"seq":1,"text":""}`, false, map[string]string{"roomId": "wrong_type"}},
		"number for string":  {`{"roomId":7,"seq":1,"text":""}`, false, map[string]string{"roomId": "wrong_type"}},
		"object for string":  {`{"roomId":{"$gt":""},"seq":1,"text":""}`, false, map[string]string{"roomId": "wrong_type"}},
		"array for string":   {`{"roomId":["r"],"seq":1,"text":""}`, false, map[string]string{"roomId": "wrong_type"}},
		"string for number":  {`{"roomId":"r","seq":"1","text":""}`, false, map[string]string{"seq": "wrong_type"}},
		"fraction":           {`{"roomId":"r","seq":1.5,"text":""}`, false, map[string]string{"seq": "wrong_type"}},
		"beyond 64 bits":     {`{"roomId":"r","seq":9223372036854775808,"text":""}`, false, map[string]string{"seq": "wrong_type"}},
		"infinite":           {`{"roomId":"r","seq":1e999,"text":""}`, false, map[string]string{"seq": "wrong_type"}},
		"bool for string":    {`{"roomId":true,"seq":1,"text":""}`, false, map[string]string{"roomId": "wrong_type"}},
		"unknown":            {`{"roomId":"r","seq":1,"text":"","senderId":"x"}`, false, map[string]string{"senderId": "unknown"}},
		"unknown by case":    {`{"roomId":"r","seq":1,"text":"","Text":"x"}`, false, map[string]string{"Text": "unknown"}},
		"unknown proto":      {`{"roomId":"r","seq":1,"text":"","__proto__":{}}`, false, map[string]string{"__proto__": "unknown"}},
		"required by case":   {`{"ROOMID":"r","seq":1,"text":""}`, false, map[string]string{"ROOMID": "unknown", "roomId": "required"}},
		"unknown, very long": {`{"roomId":"r","seq":1,"text":"","` + strings.Repeat("é", 500) + `":1}`, false, map[string]string{strings.Repeat("é", 32): "unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			var v EditEvent
			err := Decode([]byte(test.json), &v)
			e, ok := errors.AsType[*DecodeError](err)
			if !ok || e.Malformed != test.malformed || len(e.Fields) != len(test.fields) {
				t.Fatalf("Decode = %#v", err)
			}
			for field, wrong := range test.fields {
				if e.Fields[field] != wrong {
					t.Errorf("%s: %q, want %q", field, e.Fields[field], wrong)
				}
			}
			if strings.Contains(e.Error(), "senderId") {
				t.Error("the error quotes the request")
			}
		})
	}

	var flood strings.Builder
	for range 5_000 {
		flood.WriteString(`,"` + strings.Repeat("k", flood.Len()%50+1) + "\\u0041" + string(rune('a'+flood.Len()%26)) + strings.Repeat("z", flood.Len()/1000) + `":1`)
	}
	var v RoomRef
	if e, ok := errors.AsType[*DecodeError](Decode([]byte(`{"roomId":"r"`+flood.String()+`}`), &v)); !ok || len(e.Fields) > 20 {
		t.Errorf("an error repeats %d made-up names", len(e.Fields))
	}
	var list SendMessage
	if err := Decode([]byte(`{"clientId":"c","imageIds":["a",null]}`), &list); err == nil {
		t.Error("null in a list was taken for a string")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"roomId":"r","clientId":"c","text":"a","imageIds":["x"],"replyTo":1}`))
	f.Add([]byte(`{"roomId":"r","clientId":"\u00e9\\","text":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var ours, theirs SendEvent
		if Decode(data, &ours) != nil {
			return
		}
		if err := json.Unmarshal(data, &theirs); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", data, err)
		}
		a, _ := json.Marshal(ours)
		b, _ := json.Marshal(theirs)
		if string(a) != string(b) {
			t.Fatalf("%s differs from %s", a, b)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(`{"roomId":"mfrggzdfmztwq2lk","clientId":"0d9c6f2e-1b5a-4b7f-9a41-a0c86c2f1b7e","text":"hello there, how are you today?"}`)
	b.ReportAllocs()
	for b.Loop() {
		var v SendEvent
		if err := Decode(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}
