// Package deploy runs deploy/ec2/deploy.sh against a real sshd on this machine, with the real maru as the service, and holds the
// other files of deploy/ to what the program knows.
package deploy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// TestMain also plays a release that answers, and is not healthy.
func TestMain(m *testing.M) {
	if addr := os.Getenv("UNHEALTHY"); addr != "" {
		panic(http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"status":"unavailable","parts":{"database":"does not answer"}}`))
		})))
	}
	os.Exit(program.Main(m))
}

// machine is what a release is installed on: a folder, a service, and an sshd that leads there.
type machine struct {
	t    *testing.T
	sshd *sshd
	root string
	addr string
	env  []string
	said *buffer // by the deploy.sh that was begun last
}

// buffer is read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// service plays systemctl and journalctl: restart, stop, logs. As with systemd, one job comes after the other.
const service = `#!/bin/bash
set -eu
cd "$(dirname "$0")"
exec 8>lock
flock 8
case $1 in
restart | stop)
	# What nobody has waited for yet has ended, and has no program any more.
	if [ -e pid ] && kill "$(cat pid)" 2>/dev/null; then
		while [ -e "/proc/$(cat pid)/exe" ]; do sleep 0.02; done
	fi
	rm -f pid
	;;&
restart)
	set -a
	. ./maru.env
	set +a
	setsid root/current/maru </dev/null >>journal 2>&1 8>&- &
	echo $! >pid
	;;
logs) tail -n 20 journal ;;
esac
`

func newMachine(t *testing.T) *machine {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("far.sh is for Linux")
	}
	t.Parallel()
	folder := t.TempDir()
	m := &machine{t: t, sshd: startSSHD(t), root: filepath.Join(folder, "root"), addr: program.FreeAddr(t)}
	settings := fmt.Sprintf("# of the service\nMARU_DATA=%s/data\nMARU_ADDR=\"%s\"\nMARU_ADMIN_ADDR=''\nMARU_RATE_LIMITS=off\nMARU_DRAIN=0s\n", folder, m.addr)
	must(t, os.WriteFile(filepath.Join(folder, "maru.env"), []byte(settings), 0o600))
	control := filepath.Join(folder, "service")
	must(t, os.WriteFile(control, []byte(service), 0o700))
	t.Cleanup(func() {
		if out, err := exec.Command(control, "stop").CombinedOutput(); err != nil {
			t.Errorf("stopping: %v: %s", err, out)
		}
	})
	m.env = []string{
		"DEPLOY_SSH=" + m.sshd.ssh, "DEPLOY_SUDO=", "DEPLOY_ROOT=" + m.root, "DEPLOY_SETTINGS=" + filepath.Join(folder, "maru.env"),
		"DEPLOY_OWNER=", "DEPLOY_WAIT=10s", "DEPLOY_STEADY=1", "DEPLOY_BACKUPS=" + filepath.Join(folder, "backups"),
		"DEPLOY_UNIT=" + filepath.Join(folder, "maru.service"),
		"DEPLOY_RESTART=" + control + " restart", "DEPLOY_STOP=" + control + " stop", "DEPLOY_LOGS=" + control + " logs",
	}
	return m
}

// set changes a variable of the deployments to come.
func (m *machine) set(name, value string) { m.env = append(m.env, name+"="+value) }

// command is deploy.sh at this machine.
func (m *machine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "../../deploy/ec2/deploy.sh", append([]string{m.sshd.host}, args...)...)
	cmd.Env = append(os.Environ(), m.env...)
	cmd.WaitDelay = time.Second
	m.said = &buffer{}
	cmd.Stdout, cmd.Stderr = m.said, m.said
	return cmd
}

// run runs deploy.sh, which must end with that code, and returns what it said.
func (m *machine) run(code int, args ...string) string {
	m.t.Helper()
	return m.begin(args...)(code)
}

// begin runs deploy.sh beside the test.
func (m *machine) begin(args ...string) (end func(code int) string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := m.command(ctx, args...)
	out := m.said
	must(m.t, cmd.Start())
	return func(code int) string {
		m.t.Helper()
		defer cancel()
		_ = cmd.Wait() // judged by its code
		if got := cmd.ProcessState.ExitCode(); got != code {
			m.t.Fatalf("deploy.sh %s ended with %d:\n%s", strings.Join(args, " "), got, out)
		}
		return out.String()
	}
}

// release makes one that does what a script says when it is served, and what maru does else. It calls itself by its version.
func (m *machine) release(version, served string) string {
	m.t.Helper()
	script := fmt.Sprintf("#!/bin/sh\nif [ $# = 0 ]; then\n%s\nfi\nexec %s \"$@\"\n", served, program.Binary)
	return m.tarball(version, map[string]string{"maru": script, "maru.service": "# the unit of " + version + "\n"})
}

// works is a release as it should be.
const works = "true"

func (m *machine) tarball(version string, files map[string]string) string {
	m.t.Helper()
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	w := tar.NewWriter(packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(m.t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(files[name]))}))
		_, err := w.Write([]byte(files[name]))
		must(m.t, err)
	}
	must(m.t, w.Close())
	must(m.t, packed.Close())
	path := filepath.Join(m.t.TempDir(), "maru_"+version+"_linux_amd64.tar.gz")
	must(m.t, os.WriteFile(path, archive.Bytes(), 0o600))
	return path
}

// serves checks that this release is the one that runs, and that it serves.
func (m *machine) serves(version string) {
	m.t.Helper()
	current, err := os.Readlink(filepath.Join(m.root, "current"))
	must(m.t, err)
	if filepath.Base(current) != version {
		m.t.Errorf("current is %s, not %s", current, version)
	}
	if unit, _ := os.ReadFile(filepath.Join(m.root, "..", "maru.service")); string(unit) != "# the unit of "+version+"\n" {
		m.t.Errorf("the unit is %q, not that of %s", unit, version)
	}
	if !program.Answers("http://" + m.addr + "/readyz") {
		m.t.Errorf("%s does not serve", version)
	}
}

func sumOf(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

func says(t *testing.T, said string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("it does not say %q:\n%s", part, said)
		}
	}
}

// until waits for what another process does.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long for " + what)
		}
	}
}
