package deploy

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/maru-chat/maru/test/program"
)

// sshd is a real SSH server on this machine alone, which lets in who runs the test.
type sshd struct {
	t    *testing.T
	host string
	ssh  string // the command that gets there
	pid  int

	folder string // of the keys
	port   string
	user   string
}

// url leads there without the command.
func (s *sshd) url() string { return "ssh://" + s.user + "@" + s.host + ":" + s.port }

// knownBy is a line of known_hosts that says it has this key.
func (s *sshd) knownBy(key string) string {
	return fmt.Sprintf("[%s]:%s %s", s.host, s.port, read(s.t, filepath.Join(s.folder, key)))
}

var sshdPath = sync.OnceValues(func() (string, error) {
	find := exec.Command("../../scripts/sshd")
	find.Stderr = os.Stderr
	path, err := find.Output()
	return strings.TrimSpace(string(path)), err
})

func startSSHD(t *testing.T) *sshd {
	t.Helper()
	path, err := sshdPath()
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("there is no sshd")
	}
	must(t, err)
	who, err := user.Current()
	must(t, err)
	if who.Uid == "0" {
		must(t, os.MkdirAll("/run/sshd", 0o755)) // where root's connections are handled by somebody who may do nothing
	}
	folder := t.TempDir()
	for _, key := range []string{"host", "user"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(folder, key)).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	addr := program.FreeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	// bash that sshd starts reads ~/.bashrc, unless it takes itself for an inner one: what is there is none of the test's business.
	config := fmt.Sprintf(`ListenAddress %s
Port %s
HostKey %s/host
AuthorizedKeysFile %s/user.pub
PidFile %s/pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
SetEnv SHLVL=2
`, host, port, folder, folder, folder)
	must(t, os.WriteFile(filepath.Join(folder, "config"), []byte(config), 0o600))
	s := &sshd{t: t, host: host, port: port, user: who.Username, folder: folder}
	server := program.NewServer(t, "sshd")
	server.Run(path, []string{"-D", "-e", "-f", filepath.Join(folder, "config")}, func() bool {
		pid, _ := os.ReadFile(filepath.Join(folder, "pid")) // written once it listens
		s.pid, err = strconv.Atoi(strings.TrimSpace(string(pid)))
		return err == nil
	})
	s.ssh = fmt.Sprintf("ssh -F none -o BatchMode=yes -o LogLevel=ERROR -o KexAlgorithms=curve25519-sha256 -o UserKnownHostsFile=%s/known -o StrictHostKeyChecking=accept-new -i %s/user -p %s -l %s",
		folder, folder, port, who.Username)
	return s
}

// cut kills what serves each connection, as the loss of the network would end it.
func (s *sshd) cut() {
	s.t.Helper()
	cut := 0
	for _, pid := range children(s.t, s.pid) {
		// As root there is one more process, without rights, that holds the connection.
		for _, inner := range append(named(s.t, children(s.t, pid), "sshd"), pid) {
			if process, err := os.FindProcess(inner); err == nil && process.Kill() == nil {
				cut++
			}
		}
	}
	if cut == 0 {
		s.t.Fatal("there was no connection to cut")
	}
}

func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output() // fails where there are none
	for _, field := range strings.Fields(string(out)) {
		child, err := strconv.Atoi(field)
		must(t, err)
		pids = append(pids, child)
	}
	return pids
}

func named(t *testing.T, pids []int, name string) (those []int) {
	t.Helper()
	for _, pid := range pids {
		called, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)) // it may be gone
		if strings.HasPrefix(string(called), name) {
			those = append(those, pid)
		}
	}
	return those
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
