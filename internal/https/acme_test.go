package https_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/https"
)

// nobody is a CA that is not there.
const nobody = "https://127.0.0.1:1/dir"

// What a real CA does is tested from outside, in test: these are the names and the files.
func TestStoredCertificates(t *testing.T) {
	t.Parallel() // it waits
	all := t.TempDir()
	folder := filepath.Join(all, "127.0.0.1-1-dir")
	must(t, os.Mkdir(folder, 0o700))
	store := func(file, host string, life time.Duration) {
		t.Helper()
		cert, key := issue(t, host, life)
		must(t, os.WriteFile(filepath.Join(folder, file), append(key, cert...), 0o600))
	}
	store("one.example.pem", "one.example", time.Hour)
	store("old.example.pem", "old.example", -10*time.Second)
	store("wrong.example.pem", "evil.example", time.Hour)
	must(t, os.WriteFile(filepath.Join(folder, "torn.example.pem"), []byte("-----BEGIN PRIV"), 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "account.pem"), []byte("no key"), 0o600))
	log, said := newLog()
	ca, err := https.NewACME(https.ACMEOptions{
		Hosts:     []string{"One.Example.", "old.example", "wrong.example", "torn.example", "one.example", "마루.example"},
		Directory: nobody, Folder: all, Logger: log,
	})
	must(t, err)
	if names := strings.Join(ca.Names(), " "); names != "one.example old.example wrong.example torn.example xn--2s2b1p.example" {
		t.Errorf("names %s", names)
	}
	for _, name := range []string{"wrong.example", "torn.example"} {
		if said.count("name="+name) != 1 {
			t.Errorf("nothing is said of %s: %s", name, said)
		}
	}
	if !ca.NotAfter().IsZero() {
		t.Errorf("ends at %v, though some are missing", ca.NotAfter())
	}
	_, address := serve(t, ca)
	for name, want := range map[string]string{
		"one.example": "one.example", "ONE.example": "one.example", "": "one.example", "evil.example": "one.example",
		"old.example": "old.example",
	} {
		if leaf := shown(t, address, name); leaf.VerifyHostname(want) != nil {
			t.Errorf("%q gets to see %v", name, leaf.DNSNames)
		}
	}
	for _, name := range []string{"wrong.example", "torn.example"} {
		if leaf := shown(t, address, name); leaf.Subject.CommonName != "Maru waits for its certificate" {
			t.Errorf("%q gets to see %v", name, leaf.Subject)
		}
	}
	if conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: "one.example", InsecureSkipVerify: true, NextProtos: []string{"acme-tls/1"}}); err == nil {
		_ = conn.Close()
		t.Error("a stranger looks as a CA does, and gets an answer")
	}

	run(t, ca)
	eventually(t, "a torn account is told", func() bool { return said.count("account.pem: holds no key") > 0 })
	must(t, os.Remove(filepath.Join(folder, "account.pem")))
	eventually(t, "a new account is made, and the CA is away", func() bool { return said.count("connection refused") > 0 })
	eventually(t, "what has expired is told", func() bool { return said.count("has expired") == 1 })
	if shown(t, address, "old.example").VerifyHostname("old.example") != nil {
		t.Error("what has expired is not shown any more")
	}
}

func TestACMEThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for name, c := range map[string]struct {
		host, directory, folder string
		says                    string
	}{
		"an address":            {"192.0.2.1", nobody, t.TempDir(), "--tls-acme"},
		"another address":       {"[2001:db8::1]", nobody, t.TempDir(), "--tls-acme"},
		"a name of this net":    {"maru", nobody, t.TempDir(), "--tls-acme"},
		"every name":            {"*.example.com", nobody, t.TempDir(), "--tls-acme"},
		"a URL":                 {"https://chat.example.com", nobody, t.TempDir(), "--tls-acme"},
		"a port":                {"chat.example.com:443", nobody, t.TempDir(), "--tls-acme"},
		"a path":                {"../../etc/x.y", nobody, t.TempDir(), "--tls-acme"},
		"nothing":               {"", nobody, t.TempDir(), "--tls-acme"},
		"a CA without TLS":      {"a.example", "http://ca.example/dir", t.TempDir(), "--tls-acme-directory"},
		"a CA that is no URL":   {"a.example", "letsencrypt", t.TempDir(), "--tls-acme-directory"},
		"a folder that is none": {"a.example", nobody, file, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := https.NewACME(https.ACMEOptions{Hosts: []string{c.host}, Directory: c.directory, Folder: c.folder, Logger: quiet})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
}

// Ending does not wait for a CA that does not answer.
func TestEndWhileTheCAHangs(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = silent.Close() }()
	ca, err := https.NewACME(https.ACMEOptions{
		Hosts: []string{"a.example", "b.example"}, Directory: "https://" + silent.Addr().String(), Folder: t.TempDir(), Logger: quiet,
	})
	must(t, err)
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { ca.Run(ctx) })
	for range 2 {
		conn, err := silent.Accept()
		must(t, err)
		defer func() { _ = conn.Close() }()
	}
	began := time.Now()
	end()
	running.Wait()
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
