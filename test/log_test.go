package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/maru-chat/maru/internal/wire"
	"github.com/maru-chat/maru/test/program"
)

// startLogged starts the program with its log in a file, where all of it is kept.
func startLogged(t *testing.T, args ...string) (m *program.Maru, log func() []byte) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	t.Cleanup(func() { _ = file.Close() })
	m = program.StartWritingTo(t, file, t.TempDir(), program.FreeAddr(t), args...)
	return m, func() []byte {
		said, err := os.ReadFile(file.Name())
		must(t, err)
		return said
	}
}

// raw sends bytes that no client of HTTP would; the program may close the connection at any time.
func raw(m *program.Maru, request string) error {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(m.URL(), "http://"), 5*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, _ = io.WriteString(conn, request)
	_, _ = io.Copy(io.Discard, conn)
	return nil
}

// secrets are what was sent and may not be in the log, nor may anything that begins like it.
const (
	secretWord  = "TOPSECRET" // in passwords, tokens, cookies, queries
	privateWord = "ONLYFORUS" // in what people write and what they are called
)

// TestTheLogIsSafe sends whatever may be logged in every field that a client has, and then reads the log: each line is one of JSON,
// bounded, without control characters, secrets and content.
func TestTheLogIsSafe(t *testing.T) {
	m, log := startLogged(t, "--trusted-proxies", "127.0.0.1", "--drain", "0s", "--admin-addr", program.FreeAddr(t))
	jisu := logInAs(t, m, "jisu")
	hostile := map[string]string{
		"line breaks":  "a\nb\x85c\u2028d",
		"a forged one": "a\n" + `{"level":"ERROR","msg":"forged"}`,
		"folded":       "a\r\n b",
		"escapes":      "\x1b[2J\x1b]0;title\x07\u009b31m",
		"nothing":      "a\x00b",
		"no UTF-8":     "\xff\xfe\xc3\x28\xed\xa0\x80",
		"turned round": "gpj\u202egpj.exe",
		"quotes":       strings.Repeat(`"\`, 3000),
		"long":         strings.Repeat("L", 14<<10),
		"a megabyte":   strings.Repeat("M", 1<<20),
	}
	var sending sync.WaitGroup // most are refused, and refusing takes its time
	for _, text := range hostile {
		escaped := "/%" + strings.ReplaceAll(fmt.Sprintf("% x", text[:min(len(text), 4000)]), " ", "%")
		for _, request := range []string{
			"GET /api/v1/" + strings.ReplaceAll(text, " ", "") + " HTTP/1.1\r\nHost: x\r\n",
			"GET /api/v1/rooms" + escaped + "?token=" + secretWord + "&" + text + " HTTP/1.1\r\nHost: x\r\n",
			"GET " + escaped + " HTTP/1.1\r\nHost: x\r\n",
			strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) {
					return r
				}
				return 'X'
			}, text) + " /api/v1/me HTTP/1.1\r\nHost: x\r\n",
			"GET /api/v1/me HTTP/1.1\r\nHost: " + text + "\r\n",
			"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nUser-Agent: " + text + "\r\n",
			"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + text + "\r\nX-Forwarded-Proto: " + text + "\r\n",
			"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + text + "\r\nReferer: /?" + secretWord + text + "\r\n",
			"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secretWord + text + "\r\n",
			"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nCookie: maru_access=" + secretWord + text + "; maru_refresh=" + secretWord + "\r\n",
			"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nOrigin: http://" + text + "\r\nCookie: a=b\r\nContent-Type: " + text + "\r\nContent-Length: 0\r\n",
			"GET /socket.io/?EIO=4&transport=" + text + " HTTP/1.1\r\nHost: x\r\n",
			"GET /socket.io/?EIO=4&transport=polling&sid=" + secretWord + " HTTP/1.1\r\nHost: x\r\nOrigin: http://" + text + "\r\n",
			"GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: x\r\nUser-Agent: " + text + "\r\nX-Forwarded-For: " + text + "\r\nCookie: maru_access=" + secretWord + "\r\n",
		} {
			sending.Go(func() {
				if err := raw(m, request+"Connection: close\r\n\r\n"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	sending.Wait()
	for _, kind := range []string{`{"loginId":"jisu","password":"` + secretWord + `"}`, `{"loginId":"` + privateWord + `","password":"` + secretWord + `","name":"` + privateWord + `","` + secretWord + `":1}`, `{"` + secretWord} {
		for _, path := range []string{"/session", "/users", "/tokens", "/rooms"} {
			_, _ = jisu.call("POST", path, kind)
		}
	}
	answer, err := jisu.call("POST", "/rooms", `{"category":"방","name":"`+privateWord+`"}`)
	must(t, err)
	var made wire.JoinAnswer
	must(t, json.Unmarshal([]byte(answer), &made))
	access := token(t, jisu, "jisu")
	asJisu := fmt.Sprintf(`{"token":%q}`, access)
	one := openSocket(t, m, http.Header{"X-Forwarded-For": {"203.0.113.7"}}, asJisu)
	one.await(`42["ready"`)
	one.call(1, "message:send", fmt.Sprintf(`{"roomId":%q,"clientId":"m1","text":%q}`, made.Room.ID, privateWord))
	one.call(2, "message:send", fmt.Sprintf(`{"roomId":%q,"clientId":"m1","text":%q}`, made.Room.ID, privateWord+" again"))
	one.call(3, "message:send", fmt.Sprintf(`{"roomId":%q,"clientId":"m2","text":%q,%q:1}`, made.Room.ID, privateWord, secretWord))
	for name, text := range hostile {
		quoted, err := json.Marshal(text[:min(len(text), 30_000)])
		must(t, err)
		if !bytes.Contains(quoted, []byte(`\ufffd`)) {
			one.call(4, "room:changes", fmt.Sprintf(`{"roomId":%s,"since":0,"epoch":%s}`, quoted, quoted))
			one.call(5, "message:send", fmt.Sprintf(`{"roomId":%q,"clientId":%s,"text":%q}`, made.Room.ID, quoted, privateWord))
		}
		another := openSocket(t, m, nil, asJisu)
		another.await(`42["ready"`)
		another.write(`421[` + string(quoted) + `,{"text":"` + privateWord + `"}]`)
		another.write("40/" + strings.ReplaceAll(text[:min(len(text), 30_000)], ",", "") + `,{"token":"` + secretWord + `"}`)
		another.write(`42["` + text[:min(len(text), 30_000)] + `","` + privateWord + `"]`)
		nobody := openSocket(t, m, nil, fmt.Sprintf(`{"token":"%s%s","name":%s}`, secretWord, name, quoted))
		nobody.await("44")
		_, _ = nobody.conn.Close(), another.conn.Close() // what came before the end is still handled
	}
	_ = one.conn.Close()

	// Every answer's id is in the log, and a problem's is its answer's.
	response, err := jisu.Get(m.URL() + "/api/v1/rooms/none?" + "id=" + secretWord)
	must(t, err)
	var problem struct{ RequestID string }
	must(t, json.NewDecoder(response.Body).Decode(&problem))
	must(t, response.Body.Close())
	id := response.Header.Get("X-Request-Id")
	if id == "" || id != problem.RequestID {
		t.Errorf("the answer has %q and the problem %q", id, problem.RequestID)
	}
	if code := m.Terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	said := map[string]int{}
	for line := range bytes.Lines(log()) {
		if len(line) > 32<<10 {
			t.Errorf("a line of %d bytes: %.300s", len(line), line)
		}
		text := strings.TrimSuffix(string(line), "\n")
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsControl(r) || r == '\u2028' || unicode.Is(unicode.Bidi_Control, r)
		}) {
			t.Errorf("not plain text: %.300q", text)
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%v: %.300q", err, line)
		}
		message := fmt.Sprint(fields["msg"])
		said[message]++
		for _, never := range []string{secretWord, privateWord, access, "correct horse"} {
			if strings.Contains(text, never) {
				t.Errorf("it tells %q: %.300s", never, text)
			}
		}
		switch message {
		case "request":
			if fields["request_id"] == nil || fields["path"] == nil || fields["status"] == nil {
				t.Errorf("incomplete: %.300s", text)
			}
			if fields["request_id"] == id {
				said["the one asked for"]++
			}
		case "connected":
			if fields["request_id"] == "" || fields["conn_id"] == "" || fields["user_id"] == "" || fields["address"] == "" {
				t.Errorf("incomplete: %.300s", text)
			}
			if fields["address"] == "203.0.113.7" {
				said["the address that a trusted proxy told"]++
			}
		case "disconnected", "event refused":
			if fields["conn_id"] == nil || fields["user_id"] == nil {
				t.Errorf("incomplete: %.300s", text)
			}
		case "forged":
			t.Errorf("it was forged: %.300s", text)
		}
	}
	for message, least := range map[string]int{
		"request": 50, "connected": len(hostile), "disconnected": len(hostile), "event refused": 10, "the one asked for": 1,
		"the address that a trusted proxy told": 1, "serving": 1, "draining": 1,
	} {
		if said[message] < least {
			t.Errorf("%q is there %d times; all: %v", message, said[message], said)
		}
	}
}
