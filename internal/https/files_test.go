package https_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/https"
)

func TestFilesThatCannotBe(t *testing.T) {
	p, other := newPair(t, "a.example", time.Hour), newPair(t, "b.example", time.Hour)
	garbage := filepath.Join(t.TempDir(), "garbage")
	must(t, os.WriteFile(garbage, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o600))
	encrypted := filepath.Join(t.TempDir(), "encrypted")
	must(t, os.WriteFile(encrypted, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), 0o600))
	for name, c := range map[string]struct {
		cert, key string
		says      []string
	}{
		"no certificate":      {p.cert + "x", p.key, []string{"--tls-cert " + p.cert + "x", "no such file"}},
		"no key":              {p.cert, p.key + "x", []string{"--tls-key " + p.key + "x", "no such file"}},
		"a folder":            {filepath.Dir(p.cert), p.key, []string{"--tls-cert", "is a directory"}},
		"another one's key":   {p.cert, other.key, []string{p.cert, other.key, "does not match"}},
		"the wrong way round": {p.key, p.cert, []string{p.cert, "failed to find certificate PEM data"}},
		"garbage":             {garbage, p.key, []string{garbage, "malformed"}},
		"an encrypted key":    {p.cert, encrypted, []string{encrypted, "passphrase"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := https.OpenFiles(c.cert, c.key, quiet)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestFilesWithAWarning(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		from, until time.Duration
		mode        os.FileMode
		says        string
	}{
		"nothing to say":             {-60 * day, 30 * day, 0o640, ""},
		"expired":                    {-60 * day, -time.Minute, 0o600, "has expired"},
		"thirteen days are left":     {-60 * day, 13 * day, 0o600, "ends soon"},
		"six days of seven are left": {-day, 6 * day, 0o600, ""},
		"one day of seven is left":   {-6 * day, day, 0o600, "ends soon"},
		"everybody reads it":         {-60 * day, 30 * day, 0o644, "read by everybody"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, "a.example", day)
			cert, key := issueFrom(t, "a.example", c.from, c.until)
			p.write(t, cert, key)
			must(t, os.Chmod(p.key, c.mode))
			log, said := newLog()
			f, err := https.OpenFiles(p.cert, p.key, log)
			must(t, err)
			if c.says == "" && said.String() != "" || !strings.Contains(said.String(), c.says) {
				t.Errorf("it says %q", said)
			}
			if left := time.Until(f.NotAfter()) - c.until; left < -time.Minute || left > time.Minute {
				t.Errorf("ends at %v", f.NotAfter())
			}
		})
	}
}

// run keeps files up to date until the test ends.
func run(t *testing.T, certificates https.Certificates) {
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { certificates.Run(ctx) })
	t.Cleanup(func() {
		end()
		running.Wait()
	})
}

// Each way in which programs replace files, and what is half there meanwhile.
func TestFilesAreReplaced(t *testing.T) {
	t.Parallel() // it waits
	log, said := newLog()
	folder := t.TempDir()
	release := func(name, host string, life time.Duration) {
		t.Helper()
		must(t, os.Mkdir(filepath.Join(folder, name), 0o700))
		cert, key := issue(t, host, life)
		pair{filepath.Join(folder, name, "cert.pem"), filepath.Join(folder, name, "key.pem")}.write(t, cert, key)
	}
	release("1", "one.example", 1500*time.Millisecond)
	live := filepath.Join(folder, "live")
	must(t, os.Symlink("1", live))
	p := pair{filepath.Join(live, "cert.pem"), filepath.Join(live, "key.pem")}
	f, err := https.OpenFiles(p.cert, p.key, log)
	must(t, err)
	_, address := serve(t, f)
	run(t, f)
	shows := func(host string) func() bool {
		return func() bool { return shown(t, address, host).VerifyHostname(host) == nil }
	}
	if !shows("one.example")() {
		t.Fatal("it shows another one")
	}
	eventually(t, "its end is told", func() bool { return said.count("has expired") == 1 })

	release("2", "two.example", time.Hour)
	must(t, os.Symlink("2", live+".new"))
	must(t, os.Rename(live+".new", live))
	eventually(t, "another link is followed", shows("two.example"))

	cert, key := issue(t, "three.example", time.Hour)
	must(t, os.WriteFile(p.cert, cert, 0o600))
	eventually(t, "half of a pair is told", func() bool { return said.count("does not match") == 1 })
	time.Sleep(1200 * time.Millisecond)
	if said.count("does not match") != 1 || !shows("two.example")() {
		t.Fatalf("half of a pair was taken, or told again: %s", said)
	}
	must(t, os.WriteFile(p.key, key, 0o600))
	eventually(t, "files are replaced in place", shows("three.example"))

	must(t, os.WriteFile(p.cert, []byte("garbage"), 0o600))
	must(t, os.Remove(p.key))
	eventually(t, "what is missing is told", func() bool { return said.count("no such file") == 1 })
	if !shows("three.example")() {
		t.Fatal("the old one is gone")
	}
	cert, key = issue(t, "four.example", time.Hour)
	for file, text := range map[string][]byte{p.cert: cert, p.key: key} {
		must(t, os.WriteFile(file+".new", text, 0o600))
		must(t, os.Rename(file+".new", file))
	}
	eventually(t, "files are replaced by renaming", shows("four.example"))
	if n := said.count("was replaced"); n != 3 {
		t.Errorf("%d replacements were told: %s", n, said)
	}
}
