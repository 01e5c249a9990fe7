package logline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"
)

// lines parses what was written: each line is JSON, and short enough.
func lines(t *testing.T, written []byte) (all []map[string]any) {
	t.Helper()
	for line := range bytes.Lines(written) {
		if len(line) > LongestLine {
			t.Errorf("a line of %d bytes", len(line))
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%v: %.300q", err, line)
		}
		all = append(all, fields)
	}
	return all
}

// hostile is what fields are tried with.
func hostile() map[string]string {
	return map[string]string{
		"line breaks":  "a\nb\r\nc\u2028d\u2029e\v\f\u0085",
		"a new line":   `"}` + "\n" + `{"level":"ERROR","msg":"forged"}`,
		"escapes":      "\x1b[2J\x1b]0;title\x07\u009b31m\x7f\x00",
		"no UTF-8":     "\xff\xfe\xc3\x28\xed\xa0\x80 ok",
		"turned round": "photo\u202egpj.exe \u2066a\u2069 \u200f",
		"a megabyte":   strings.Repeat("x", 1<<20),
		"quotes":       strings.Repeat(`"\`, 1<<15),
		"wide":         strings.Repeat("한", 1<<15),
		"all controls": strings.Repeat("\x00\n", 1<<15),
		"broken":       strings.Repeat("\xed\xa0", 1<<15),
	}
}

func TestOneBoundedLine(t *testing.T) {
	for name, text := range hostile() {
		for _, terminal := range []bool{false, true} {
			var out bytes.Buffer
			log := New(&out, terminal, func(context.Context) []slog.Attr { return []slog.Attr{slog.String("request_id", text)} })
			log.With("with", text).WithGroup("group").Error(text,
				"text", text, "error", errors.New(text), "any", []string{text}, "bytes", []byte(text), "nothing", nil,
				slog.Group("more", "inner", text, "number", 7), "stack", text, "took", time.Second)
			if bytes.Count(out.Bytes(), []byte("\n")) != 1 || !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
				t.Fatalf("%s: not one line: %.300q", name, out.String())
			}
			line := strings.TrimSuffix(out.String(), "\n")
			if !utf8.ValidString(line) {
				t.Errorf("%s: not UTF-8", name)
			}
			if i := strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
				t.Errorf("%s, terminal %v: %q", name, terminal, line[i:min(len(line), i+20)])
			}
			if terminal {
				continue
			}
			one := lines(t, out.Bytes())[0]
			group := one["group"].(map[string]any)
			if one["level"] != "ERROR" || group["took"] == nil || group["more"].(map[string]any)["number"] != 7.0 {
				t.Errorf("%s: a field is missing: %.300q", name, line)
			}
		}
	}
}

func TestWhatIsShortStaysAsItIs(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, false, nil)
	stack := "goroutine 1 [running]:\n\tmain.go:7"
	log.Info("안녕 👩‍👩‍👧", "path", "/a?b=<c>&d", "stack", stack, "error", fmt.Errorf("one: %w", errors.New("two")), "n", 3)
	one := lines(t, out.Bytes())[0]
	for key, want := range map[string]any{"msg": "안녕 👩‍👩‍👧", "path": "/a?b=<c>&d", "stack": stack, "error": "one: two", "n": 3.0} {
		if one[key] != want {
			t.Errorf("%s: %q", key, one[key])
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, one["time"].(string)); err != nil || !strings.HasSuffix(one["time"].(string), "Z") || time.Since(at) > time.Minute {
		t.Errorf("time %v: %v", one["time"], err)
	}
}

func TestCutsWhole(t *testing.T) {
	for length := valueBytes - 4; length < valueBytes+5; length++ {
		left := lineBytes
		text := strings.Repeat("한", length/3+1)[:length]
		got := clean(text, valueBytes, &left)
		if !utf8.ValidString(got) || strings.HasSuffix(got, "…") != (length > valueBytes) || len(got) > valueBytes+4 {
			t.Errorf("%d bytes: %d, …%q", length, len(got), got[len(got)-9:])
		}
	}
}

// TestTheSameIsCounted: what is wrong many times a second is said once, and then its number every ten seconds.
func TestTheSameIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := New(&out, false, nil)
		for i := range 3500 { // for 24.5 s
			log.Error("reading", "error", "the database is away", "room_id", i)
			log.Info("reading", "error", "the database is away") // what is not wrong is not counted
			time.Sleep(7 * time.Millisecond)
		}
		log.Error("reading", "error", "the disk is full")
		log.Error("writing", "error", "the database is away")
		time.Sleep(time.Minute)
		log.Error("reading", "error", "the database is away")
		synctest.Wait()
		var said []string
		for _, one := range lines(t, out.Bytes()) {
			if one["level"] == "INFO" {
				continue
			}
			said = append(said, fmt.Sprint(one["msg"], ": ", one["error"], " ", one["repeated"]))
		}
		want := []string{
			"reading: the database is away <nil>", "reading: the database is away 1428", "reading: the database is away 1429",
			"reading: the disk is full <nil>", "writing: the database is away <nil>", "reading: the database is away 642", "reading: the database is away <nil>",
		}
		if !slices.Equal(said, want) {
			t.Errorf("said %q", said)
		}
	})
}

// TestErrorsThatDifferAreBounded: each may be told of, but not without end.
func TestErrorsThatDifferAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := New(&out, false, nil)
		for i := range 1000 {
			log.Warn("a client", "error", fmt.Sprint("from port ", i))
		}
		time.Sleep(echoFor + time.Second)
		synctest.Wait()
		all := lines(t, out.Bytes())
		if len(all) != maxSaid+1 || all[maxSaid]["repeated"] != 990.0 {
			t.Errorf("%d lines, the last %v", len(all), all[len(all)-1])
		}
	})
}

func TestLibrariesSpeakInLinesToo(t *testing.T) {
	var out bytes.Buffer
	library := log.New(Libraries(New(&out, false, nil)), "", 0)
	library.Printf("http: TLS handshake error from %s: %s", "10.0.0.1:7", "EOF\nx")
	if one := lines(t, out.Bytes())[0]; one["error"] != "http: TLS handshake error from 10.0.0.1:7: EOF·x" || one["level"] != "WARN" {
		t.Errorf("%v", one)
	}
}
