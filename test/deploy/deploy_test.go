package deploy

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-chat/maru/test/program"
)

// TestDeploy goes through a machine's life: installed, upgraded, gone back, and tidy.
func TestDeploy(t *testing.T) {
	m := newMachine(t)
	says(t, m.run(1, "--status"), "Nothing was deployed here yet")
	says(t, m.run(1, "--rollback"), "no release on this machine to go back to")

	says(t, m.run(0, m.release("v1.0.0", works)), "sending v1.0.0", "v1.0.0 is healthy")
	m.serves("v1.0.0")
	if left, _ := filepath.Glob(filepath.Join(m.root, "..", "backups", "*")); len(left) != 0 {
		t.Error("a backup of nothing: ", left)
	}
	somebody := signUp(t, m.addr)

	says(t, m.run(0, m.release("v1.1.0", works)), "Backed up in", "v1.1.0 is healthy")
	m.serves("v1.1.0")
	says(t, m.run(0, "--status"), "v1.1.0, healthy", "Runs: v1.1.0. Before: v1.0.0.", "database ok")

	says(t, m.run(0, "--rollback"), "v1.0.0 is healthy")
	m.serves("v1.0.0")
	somebody.isThere()
	m.run(0, "--rollback")
	m.serves("v1.1.0")

	again := m.release("v1.1.0", works)
	says(t, m.run(0, again), "v1.1.0 is healthy")
	m.run(0, m.release("v1.2.0", works))
	m.run(0, m.release("v1.3.0", works))
	m.serves("v1.3.0")
	somebody.isThere()
	left, err := filepath.Glob(filepath.Join(m.root, "releases", "*"))
	must(t, err)
	for i, path := range left {
		left[i] = filepath.Base(path)
	}
	if fmt.Sprint(left) != "[v1.1.0 v1.2.0 v1.3.0]" {
		t.Errorf("%v are kept", left)
	}
	m.leavesNothing()

	says(t, m.run(1, m.release("v1.3.0", "exit 3")), "Something else is installed under the name v1.3.0", "Nothing was changed")
	m.serves("v1.3.0")
}

// TestRolledBack has releases fail in every way that is found out once they run. The one before serves again, with its data.
func TestRolledBack(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	m := newMachine(t)
	m.run(0, m.release("v1.0.0", works))
	somebody := signUp(t, m.addr)
	m.set("DEPLOY_WAIT", "1s")
	m.set("DEPLOY_BACKUP", "no")
	for i, c := range []struct {
		wrong  string
		served string
		steady string
		says   string
	}{
		{"it does not start", "echo it cannot read its settings >&2; exit 3", "1", "| it cannot read its settings"},
		{"it is not ready", "UNHEALTHY=" + m.addr + " exec " + self, "1", "unavailable: database does not answer"},
		{"it answers nothing", "exec sleep 60", "1", "does not answer"},
		{"it falls soon after", "(sleep 0.5; kill $$) & exec " + program.Binary, "20", "does not answer"},
		{"it has no database", "MARU_DATABASE=sqlite:/proc/maru.db exec " + program.Binary, "1", "| maru: "},
	} {
		version := fmt.Sprint("v2.0.", i)
		m.set("DEPLOY_STEADY", c.steady)
		said := m.run(1, m.release(version, c.served))
		says(t, said, c.says, version+" was not healthy", "Rolled back: v1.0.0 serves", "not deployed")
		m.serves("v1.0.0")
		if t.Failed() {
			t.Fatalf("where %s:\n%s", c.wrong, said)
		}
	}
	somebody.isThere()
	says(t, m.run(0, "--status"), "v2.0.4, rolled back", "v1.0.0 serves again", "Runs: v1.0.0")
}

// TestNothingIsChanged has deployments fail before anything was switched.
func TestNothingIsChanged(t *testing.T) {
	m := newMachine(t)
	m.run(0, m.release("v1.0.0", works))
	good := m.release("v2.0.0", works)

	sums := filepath.Join(filepath.Dir(good), "SHA256SUMS")
	must(t, os.WriteFile(sums, []byte(sumOf([]byte("another"))+"  "+filepath.Base(good)+"\n"), 0o600))
	says(t, m.run(1, good), "is not what", "SHA256SUMS")
	must(t, os.Remove(sums))

	says(t, m.run(1, filepath.Join(t.TempDir(), "maru_v2.0.0_linux_amd64.tar.gz")), "there is no such release")
	says(t, m.run(1, t.TempDir()), "holds no release")
	says(t, m.run(1, m.tarball("v2.0.0", map[string]string{"maru": "#!/bin/sh\nexit 1\n"})), "does not run on this machine", "Nothing was changed")
	says(t, m.run(1, m.tarball("v2.0.0", map[string]string{"README": "no program"})), "Nothing was changed")

	broken := filepath.Join(t.TempDir(), filepath.Base(good))
	must(t, os.WriteFile(broken, []byte("no archive"), 0o600))
	says(t, m.run(1, broken), "cannot be unpacked")

	changes := filepath.Join(t.TempDir(), "ssh")
	must(t, os.WriteFile(changes, []byte("#!/bin/sh\ntr '\\000' '\\001' | exec "+m.sshd.ssh+" \"$@\"\n"), 0o700))
	m.set("DEPLOY_SSH", changes)
	says(t, m.run(1, good), "nothing was changed")
	m.set("DEPLOY_SSH", m.sshd.ssh)

	// A far side whose sha256sum finds another sum: what came is not what was sent.
	bin := t.TempDir()
	must(t, os.WriteFile(filepath.Join(bin, "sha256sum"), []byte("#!/bin/sh\necho 0000\n"), 0o700))
	m.set("DEPLOY_SUDO", "env PATH="+bin+":"+os.Getenv("PATH"))
	says(t, m.run(1, good), "not what was sent", "Nothing was changed")
	m.set("DEPLOY_SUDO", "")

	must(t, os.Remove(filepath.Join(m.root, "..", "data", "secret")))
	says(t, m.run(1, good), "The backup failed", "Nothing was changed")
	says(t, m.run(0, "--status"), "v2.0.0, not changed", "Runs: v1.0.0")
	m.serves("v1.0.0")
	m.leavesNothing()
}

// TestFirstReleaseFails leaves nothing that runs.
func TestFirstReleaseFails(t *testing.T) {
	m := newMachine(t)
	m.set("DEPLOY_BACKUP", "no")
	m.set("DEPLOY_WAIT", "300ms")
	says(t, m.run(1, m.release("v1.0.0", "exec sleep 60")), "There is no release to go back to; Maru is stopped")
	says(t, m.run(1, "--status"), "v1.0.0, stopped", "Runs: nothing")
	m.run(0, m.release("v1.0.1", works))
	m.serves("v1.0.1")
}

// TestConnectionLostWhileCopying cuts the connection half-way through the release.
func TestConnectionLostWhileCopying(t *testing.T) {
	m := newMachine(t)
	m.set("DEPLOY_BACKUP", "no")
	m.run(0, m.release("v1.0.0", works))
	// Something that needs a while to get there.
	folder := t.TempDir()
	slow, mark := filepath.Join(folder, "ssh"), filepath.Join(folder, "mark")
	must(t, os.WriteFile(slow, []byte("#!/bin/sh\n{ head -c 1000; touch "+mark+"; sleep 2; cat; } | exec "+m.sshd.ssh+" \"$@\"\n"), 0o700))
	m.set("DEPLOY_SSH", slow)
	end := m.begin(m.release("v2.0.0", works))
	until(t, "the copy", func() bool { _, err := os.Stat(mark); return err == nil && len(m.incoming()) == 1 })
	m.sshd.cut()
	says(t, end(1), "did not get there; nothing was changed")
	m.set("DEPLOY_SSH", m.sshd.ssh)
	says(t, m.run(0, "--status"), "v1.0.0, healthy", "Runs: v1.0.0")
	m.serves("v1.0.0")
	m.run(0, m.release("v2.0.0", works))
	m.serves("v2.0.0")
}

// TestConnectionLostAfterTheSwitch cuts the connection when the new release runs and nobody knows yet whether it is healthy. The
// deployment goes on by itself: to health, and back.
func TestConnectionLostAfterTheSwitch(t *testing.T) {
	m := newMachine(t)
	m.set("DEPLOY_BACKUP", "no")
	m.run(0, m.release("v1.0.0", works))
	somebody := signUp(t, m.addr)
	lose := func(release, version string) {
		end := m.begin(release)
		until(t, "the switch", func() bool {
			current, _ := os.Readlink(filepath.Join(m.root, "current"))
			return filepath.Base(current) == version
		})
		m.sshd.cut()
		says(t, end(1), "the connection was lost", "--status says which")
	}
	start := filepath.Join(t.TempDir(), "start")
	lose(m.release("v2.0.0", "until [ -e "+start+" ]; do sleep 0.02; done"), "v2.0.0")
	says(t, m.run(1, m.release("v2.1.0", works)), "Another deployment is under way")
	end := m.begin("--status")
	until(t, "the status to wait", func() bool { return strings.Contains(m.said.String(), "waiting for its end") })
	must(t, os.WriteFile(start, nil, 0o600))
	says(t, end(0), "v2.0.0, healthy", "Runs: v2.0.0. Before: v1.0.0")
	m.serves("v2.0.0")

	m.set("DEPLOY_WAIT", "1s")
	lose(m.release("v3.0.0", "exec sleep 60"), "v3.0.0")
	says(t, m.run(0, "--status"), "v3.0.0, rolled back", "Runs: v2.0.0. Before: v1.0.0")
	m.serves("v2.0.0")
	somebody.isThere()
	m.leavesNothing()
}

// TestCutOffWithTheMachine kills the far side itself after the switch, as a power failure does.
func TestCutOffWithTheMachine(t *testing.T) {
	m := newMachine(t)
	m.set("DEPLOY_BACKUP", "no")
	m.run(0, m.release("v1.0.0", works))
	started := filepath.Join(t.TempDir(), "started")
	end := m.begin(m.release("v2.0.0", "touch "+started+"; exec sleep 60"))
	until(t, "the new release", func() bool { _, err := os.Stat(started); return err == nil })
	kill := exec.Command("pkill", "-KILL", "-f", "bash "+m.root+"/incoming/[^ ]*/far.sh deploy")
	must(t, kill.Run())
	end(1)
	says(t, m.run(1, "--status"), "v2.0.0, cut off", "Runs: v2.0.0")
	says(t, m.run(0, "--rollback"), "was cut off", "v1.0.0 is healthy")
	m.serves("v1.0.0")
}

// TestSeveralMachines checks that the first one that fails is the last one tried.
func TestSeveralMachines(t *testing.T) {
	m := newMachine(t)
	m.run(0, m.release("v1.0.0", works))
	host := m.sshd.host
	m.sshd.host = host + "," + host
	said := m.run(0, m.release("v1.1.0", works))
	if strings.Count(said, "v1.1.0 is healthy") != 2 || strings.Count(said, "Backed up") != 1 {
		t.Errorf("not twice, or not one backup:\n%s", said)
	}
	m.set("DEPLOY_WAIT", "300ms")
	m.sshd.host = host + ",nowhere.invalid"
	if said := m.run(1, m.release("v1.2.0", "exit 1")); strings.Contains(said, "nowhere") {
		t.Errorf("it went on:\n%s", said)
	}
}

func (m *machine) incoming() []string {
	m.t.Helper()
	left, err := filepath.Glob(filepath.Join(m.root, "incoming", "*"))
	must(m.t, err)
	return left
}

// leavesNothing checks that nothing of a deployment that ended is left.
func (m *machine) leavesNothing() {
	m.t.Helper()
	drafts, err := filepath.Glob(filepath.Join(m.root, "releases", ".*"))
	must(m.t, err)
	if left := append(m.incoming(), drafts...); len(left) > 0 {
		m.t.Error("it left ", left)
	}
}

// account is somebody who signed up.
type account struct {
	t    *testing.T
	addr string
	http http.Client
}

func signUp(t *testing.T, addr string) *account {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	a := &account{t, addr, http.Client{Jar: jar}}
	r, err := http.NewRequest(http.MethodPost, "http://"+addr+"/api/v1/users", strings.NewReader(`{"loginId":"mina","password":"not-a-secret","name":"Mina"}`))
	must(t, err)
	r.Header.Set("Origin", "http://"+addr)
	r.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(r)
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != http.StatusCreated {
		t.Fatal("signing up: ", response.Status)
	}
	return a
}

// isThere checks that the account, and its session, are.
func (a *account) isThere() {
	a.t.Helper()
	response, err := a.http.Get("http://" + a.addr + "/api/v1/me")
	must(a.t, err)
	must(a.t, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		a.t.Error("who had signed up is gone: ", response.Status)
	}
}
