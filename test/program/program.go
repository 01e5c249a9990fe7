// Package program runs the maru binary for tests: it is built once, started on a data folder, and ended in every way that a
// process can end. Whatever it starts ends with the test.
package program

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Binary is the maru under test, while Main runs, or that Build has built.
var Binary string

// Main builds the binary, runs the tests of a package and returns the exit code.
func Main(m *testing.M) int {
	folder, err := os.MkdirTemp("", "maru-test-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // a test may run the binary as somebody else
		panic(err)
	}
	if err := Build(folder); err != nil {
		panic(err)
	}
	return m.Run()
}

// Build builds the binary into a folder.
func Build(folder string) error {
	Binary = filepath.Join(folder, "maru")
	build := exec.Command("go", "build", "-o", Binary, "github.com/maru-chat/maru/cmd/maru") //nolint:gosec,noctx // our own path; go test has a timeout
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building maru: %w\n%s", err, out)
	}
	return nil
}

// Maru is a running program. Its methods are for its owner's own goroutine.
type Maru struct {
	t      Owner
	cmd    *exec.Cmd
	addr   string
	scheme string
	stderr *buffer
	exited chan struct{}
}

// buffer keeps the end of what is written to it: a program that runs for long logs every request.
type buffer struct {
	mu  sync.Mutex
	end []byte
}

const kept = 16 << 10

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end = append(b.end, p...); len(b.end) > 2*kept {
		b.end = append([]byte(nil), b.end[len(b.end)-kept:]...)
	}
	return len(p), nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.end)
}

// FreeAddr returns a local address that nobody listens on. It lies below the ports that systems choose for outgoing
// connections, so that none of those takes it while the program is away.
func FreeAddr(t Owner) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprint("127.0.0.1:", 15000+rand.IntN(15000)) //nolint:gosec // any will do
		l, err := net.Listen("tcp", addr)                        //nolint:noctx // opening a local address does not wait
		if err == nil {
			must(t, l.Close())
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// Command is maru with these flags on a data folder.
func Command(data, addr string, args ...string) *exec.Cmd {
	all := append([]string{"--data", data, "--addr", addr, "--admin-addr", "", "--rate-limits", "off"}, args...)
	cmd := exec.Command(Binary, all...) //nolint:gosec,noctx // our own binary; ended by its test
	DiesWithUs(cmd)
	return cmd
}

// Launch starts maru on a data folder and does not wait for it.
func Launch(t Owner, data, addr string, args ...string) *Maru {
	t.Helper()
	return launch(t, nil, data, addr, args...)
}

// launch has the program write to a file, where it is not nil.
func launch(t Owner, log *os.File, data, addr string, args ...string) *Maru {
	t.Helper()
	m := &Maru{t: t, addr: addr, scheme: "http", stderr: &buffer{}, exited: make(chan struct{})}
	if slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--tls-") }) {
		m.scheme = "https"
	}
	m.cmd = Command(data, addr, args...)
	m.cmd.Stderr = m.stderr
	if log != nil {
		m.cmd.Stderr = log
	}
	must(t, m.cmd.Start())
	go func() {
		_ = m.cmd.Wait()
		close(m.exited)
	}()
	t.Cleanup(m.Kill)
	return m
}

// Start launches maru and waits until it serves.
func Start(t Owner, data, addr string, args ...string) *Maru {
	t.Helper()
	return StartWritingTo(t, nil, data, addr, args...)
}

// StartWritingTo is Start with all that the program writes to standard error in a file; Said has nothing then.
func StartWritingTo(t Owner, log *os.File, data, addr string, args ...string) *Maru {
	t.Helper()
	m := launch(t, log, data, addr, args...)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-m.exited:
			t.Fatalf("maru ended: %s", m.stderr)
		default:
		}
		if m.Status("/healthz") == http.StatusOK {
			return m
		}
	}
	t.Fatalf("maru does not serve: %s", m.stderr)
	return nil
}

// URL is where it serves.
func (m *Maru) URL() string { return m.scheme + "://" + m.addr }

// PID is its process.
func (m *Maru) PID() int { return m.cmd.Process.Pid }

// Said is the end of what it wrote to standard error.
func (m *Maru) Said() string { return m.stderr.String() }

// anyone is a client that believes every certificate.
var anyone = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // whether it is the right one is another question

// Status is what a path answers, 0 for nothing.
func (m *Maru) Status(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL()+path, nil)
	must(m.t, err)
	response, err := anyone.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// Signal sends a signal.
func (m *Maru) Signal(s syscall.Signal) {
	m.t.Helper()
	must(m.t, m.cmd.Process.Signal(s))
}

// Kill ends the program with SIGKILL, and returns when it is gone.
func (m *Maru) Kill() {
	_ = m.cmd.Process.Kill()
	<-m.exited
}

// Terminate asks the program to end, and returns its exit code.
func (m *Maru) Terminate() int {
	m.t.Helper()
	m.Signal(syscall.SIGTERM)
	select {
	case <-m.exited:
	case <-time.After(20 * time.Second):
		m.t.Fatalf("maru does not end: %s", m.stderr)
	}
	return m.cmd.ProcessState.ExitCode()
}

func must(t Owner, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
