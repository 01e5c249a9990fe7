package test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// TestReady checks what maru ready makes of who answers, by its exit code and its one line.
func TestReady(t *testing.T) {
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				t.Errorf("asked for %s", r.URL)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	const well = `{"status":"degraded","parts":{"database":"ok","bus":"is away"}}`
	secure := httptest.NewTLSServer(answer(200, well))
	t.Cleanup(secure.Close)
	byName := httptest.NewUnstartedServer(answer(200, well))
	byName.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName != "chat.example.com" {
			return nil, errors.New("no certificate for that name") // as with ACME
		}
		return nil, nil
	}}
	byName.StartTLS()
	t.Cleanup(byName.Close)
	late := time.Now().Add(500 * time.Millisecond)
	real := program.FreeAddr(t)
	_, port, err := net.SplitHostPort(real)
	must(t, err)
	program.Start(t, t.TempDir(), real)

	for name, c := range map[string]struct {
		settings []string
		args     []string
		code     int
		says     string
	}{
		"maru itself":         {settings: []string{"MARU_ADDR=:" + port}, says: "ok: blobs ok, bus ok, clock ok, database ok, node ok"},
		"every address":       {settings: []string{"MARU_ADDR=0.0.0.0:" + port}, says: "ok: "},
		"degraded":            {args: []string{"--addr", serve(answer(200, well))}, says: "degraded: bus is away, database ok"},
		"unavailable":         {args: []string{"--addr", serve(answer(503, `{"status":"unavailable","parts":{"node":"draining"}}`))}, code: 1, says: "maru: unavailable: node draining"},
		"somebody else":       {args: []string{"--addr", serve(answer(200, "<html>"))}, code: 1, says: "as no maru does"},
		"a page that is away": {args: []string{"--addr", serve(http.RedirectHandler("/elsewhere", http.StatusFound))}, code: 1, says: "302"},
		"nobody":              {args: []string{"--addr", program.FreeAddr(t)}, code: 1, says: "does not answer: connection refused"},
		"no address":          {args: []string{"--addr", "8080"}, code: 1, says: `--addr "8080"`},
		"by certificate":      {settings: []string{"MARU_TLS_CERT=cert.pem"}, args: []string{"--addr", secure.Listener.Addr().String()}, says: "degraded: "},
		"by ACME":             {settings: []string{"MARU_TLS_ACME=chat.example.com, chat.example.org"}, args: []string{"--addr", byName.Listener.Addr().String()}, says: "degraded: "},
		"https as http":       {args: []string{"--addr", secure.Listener.Addr().String()}, code: 1, says: "400"},
		"soon": {args: []string{"--wait", "10s", "--addr", serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if time.Now().Before(late) {
				answer(503, `{"status":"unavailable"}`).ServeHTTP(w, r)
				return
			}
			answer(200, `{"status":"ok"}`).ServeHTTP(w, r)
		}))}, says: "ok: no parts"},
		"never": {args: []string{"--wait", "300ms", "--addr", program.FreeAddr(t)}, code: 1, says: "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(program.Binary, append([]string{"ready"}, c.args...)...)
			cmd.Env = append(os.Environ(), c.settings...)
			out, _ := cmd.CombinedOutput()
			said := strings.TrimSuffix(string(out), "\n")
			if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(said, c.says) || strings.Contains(said, "\n") {
				t.Errorf("exit code %d: %s", code, said)
			}
		})
	}
}
