package test

import (
	"bytes"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"

	_ "modernc.org/sqlite" // to make a database newer than it should be
)

// TestWhatKeepsMaruFromStarting checks that each says what is wrong in one line and exits non-zero.
func TestWhatKeepsMaruFromStarting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, taken.Close()) }()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte("not a folder, and no database either, but long enough to be one: "+strings.Repeat("x", 4096)), 0o600))

	used := t.TempDir()
	m := program.Start(t, used, program.FreeAddr(t))
	other := t.TempDir()
	if code := program.Start(t, other, program.FreeAddr(t)).Terminate(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	otherSecret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(otherSecret, []byte(strings.Repeat("ab", 32)), 0o600))
	shortSecret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(shortSecret, []byte("abcd"), 0o600))
	newer := t.TempDir()
	if code := program.Start(t, newer, program.FreeAddr(t)).Terminate(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	makeNewer(t, filepath.Join(newer, "maru.db"))

	config := filepath.Join(t.TempDir(), "config.json")
	must(t, os.WriteFile(config, []byte(`{"public_url": "https://chat.example.com"}`), 0o600))

	cert, key, _ := writeCertificate(t, t.TempDir(), time.Hour)

	free := func() []string { return []string{"--data", t.TempDir(), "--addr", "127.0.0.1:0", "--admin-addr", ""} }
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"an unknown flag":               {[]string{"--no-such-flag"}, []string{"no-such-flag"}},
		"a value that cannot be":        {append(free(), "--signup", "maybe"), []string{"--signup", "maybe"}},
		"a drain that is no duration":   {append(free(), "--drain", "soon"), []string{"--drain", "soon"}},
		"a public URL that is none":     {append(free(), "--public-url", "chat.example.com"), []string{"--public-url", "chat.example.com"}},
		"a proxy that is none":          {append(free(), "--trusted-proxies", "nearby"), []string{"--trusted-proxies", "nearby"}},
		"a database of another kind":    {append(free(), "--database", "postgres://a@b/c"), []string{"--database", "sqlite:FILE", "mysql://"}},
		"a database that has no name":   {append(free(), "--database", "mysql://a@b"), []string{"--database", "name is missing"}},
		"a database that is not there":  {append(free(), "--database", "mysql://a@127.0.0.1:1/c"), []string{"--database", "127.0.0.1:1/c", "no MySQL server"}},
		"images in another kind":        {append(free(), "--blobs", "ftp://images"), []string{"--blobs", "file:FOLDER", "s3://"}},
		"images where other files are":  {append(free(), "--blobs", "file:"+filepath.Dir(file)), []string{"--blobs", filepath.Dir(file), "one of their own"}},
		"a bucket without a name":       {append(free(), "--blobs", "s3://?region=a"), []string{"--blobs", "no bucket"}},
		"a folder that cannot be":       {append(free(), "--data", filepath.Join(file, "data")), []string{"--data", file}},
		"a folder without write":        {append(free(), "--data", "/proc"), []string{"/proc", "cannot be written"}},
		"a folder in use":               {append(free(), "--data", used), []string{used, "in use"}},
		"a port in use":                 {append(free(), "--addr", taken.Addr().String()), []string{"--addr", taken.Addr().String(), "in use"}},
		"an admin port in use":          {append(free(), "--admin-addr", taken.Addr().String()), []string{"--admin-addr", taken.Addr().String(), "in use"}},
		"a port that is none":           {append(free(), "--addr", "127.0.0.1:99999"), []string{"--addr", "99999"}},
		"a newer database":              {append(free(), "--data", newer), []string{"maru.db", "newer"}},
		"something else than a db":      {append(free(), "--database", "sqlite:"+file), []string{file, "not a Maru database"}},
		"another secret":                {append(free(), "--data", other, "--secret-file", otherSecret), []string{otherSecret, "secret"}},
		"a config that is none":         {append(free(), "--config", file), []string{"--config"}},
		"a config that is not there":    {append(free(), "--config", file+"x"), []string{file + "x"}},
		"an unknown setting":            {append(free(), "--config", config), []string{"--config", "public_url"}},
		"a certificate without a key":   {append(free(), "--tls-cert", cert), []string{"--tls-cert", "--tls-key"}},
		"a certificate not there":       {append(free(), "--tls-cert", cert+"x", "--tls-key", key), []string{"--tls-cert", cert + "x", "no such file"}},
		"a certificate that is none":    {append(free(), "--tls-cert", file, "--tls-key", key), []string{"--tls-cert", file}},
		"a certificate and ACME":        {append(free(), "--tls-cert", cert, "--tls-key", key, "--tls-acme", chatHost), []string{"--tls-acme", "--tls-cert"}},
		"ACME for an address":           {append(free(), "--tls-acme", "192.0.2.1"), []string{"--tls-acme", "192.0.2.1"}},
		"ACME for every name":           {append(free(), "--tls-acme", "*.example.com"), []string{"--tls-acme", "*.example.com"}},
		"a CA without TLS":              {append(free(), "--tls-acme", chatHost, "--tls-acme-directory", "http://ca"), []string{"--tls-acme-directory", "http://ca"}},
		"TLS, and a public URL of none": {append(free(), "--tls-cert", cert, "--tls-key", key, "--public-url", "http://"+chatHost), []string{"--public-url", "https://"}},
		"a short secret":                {append(free(), "--secret-file", shortSecret), []string{shortSecret, "64"}},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program.Binary, c.args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
			err := cmd.Run()
			if !ended.Stop() {
				t.Fatal("it runs")
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() <= 0 {
				t.Fatalf("ended with %v", err)
			}
			said := strings.TrimSuffix(stderr.String(), "\n")
			if strings.Contains(said, "\n") || !strings.HasPrefix(said, "maru: ") {
				t.Errorf("not one line of maru's:\n%s", said)
			}
			for _, part := range c.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q does not say %q", said, part)
				}
			}
		})
	}
	if m.Status("/healthz") != http.StatusOK {
		t.Fatal("the one that runs was disturbed")
	}
}

// TestTerminate checks that the program drains and ends well.
func TestTerminate(t *testing.T) {
	m := program.Start(t, t.TempDir(), program.FreeAddr(t), "--drain", "100ms")
	if m.Status("/readyz") != http.StatusOK {
		t.Fatal("not ready")
	}
	if code := m.Terminate(); code != 0 {
		t.Fatalf("exit code %d: %s", code, m.Said())
	}
}

// TestFilesAreTheOwnersAlone checks what a first start leaves in the data folder.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	program.Start(t, data, program.FreeAddr(t)).Terminate()
	entries, err := os.ReadDir(data)
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", e.Name(), info.Mode())
		}
	}
	info, err := os.Stat(data)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v", info.Mode())
	}
}

// makeNewer gives a database the version of a later maru.
func makeNewer(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec("INSERT INTO schema_version (version, applied_at) VALUES (9999, 0)")
	must(t, errors.Join(err, db.Close()))
}
