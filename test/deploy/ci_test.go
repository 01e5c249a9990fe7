package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAsCIDeploys runs what the workflow runs: a published release, fetched and sent with a key that is in a variable, to a machine
// that is known by its key, and gets what is made for its kind.
func TestAsCIDeploys(t *testing.T) {
	m := newMachine(t)
	published := t.TempDir()
	var sums strings.Builder
	for _, kind := range []string{"amd64", "arm64"} {
		content := read(t, m.release("v1.0.0", works+" # "+kind))
		name := "maru_v1.0.0_linux_" + kind + ".tar.gz"
		must(t, os.WriteFile(filepath.Join(published, name), []byte(content), 0o600))
		fmt.Fprintf(&sums, "%s  %s\n", sumOf([]byte(content)), name)
	}
	must(t, os.WriteFile(filepath.Join(published, "SHA256SUMS"), []byte(sums.String()), 0o600))
	gh := filepath.Join(t.TempDir(), "gh")
	must(t, os.WriteFile(gh, []byte("#!/bin/sh\n[ \"$1 $2 $3 $4\" = 'release download v1.0.0 --dir' ] && cp -R "+published+" \"$5\"\n"), 0o700))

	deploy := func(knownHosts string) (string, error) {
		cmd := exec.Command("../../scripts/deploy", m.sshd.url(), "v1.0.0")
		cmd.Env = append(os.Environ(), m.env...)
		cmd.Env = append(cmd.Env, "GH="+gh, "SSH_KEY="+read(t, filepath.Join(m.sshd.folder, "user")), "SSH_KNOWN_HOSTS="+knownHosts)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if said, err := deploy(""); err == nil || !strings.Contains(said, "SSH_KNOWN_HOSTS is empty") {
		t.Errorf("a machine that nobody knows: %v: %s", err, said)
	}
	// The key of somebody else, at that address.
	if said, err := deploy(m.sshd.knownBy("user.pub")); err == nil || !strings.Contains(said, "no connection") {
		t.Errorf("another machine at its address: %v: %s", err, said)
	}
	said, err := deploy(m.sshd.knownBy("host.pub"))
	must(t, err)
	says(t, said, "sending v1.0.0", "v1.0.0 is healthy")
	m.serves("v1.0.0")
}
