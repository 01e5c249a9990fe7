// Package test uses the whole program from outside: the binary, its flags and signals, and real clients.
package test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the maru under test, built once.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "maru-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "maru")
	build := exec.Command("go", "build", "-o", binary, "../cmd/maru")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building maru: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// maru is a running program.
type maru struct {
	t      *testing.T
	cmd    *exec.Cmd
	addr   string
	stderr *buffer
	exited chan struct{}
}

type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// freeAddr returns an address that nobody listens on at the moment.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, l.Close()) }()
	return l.Addr().String()
}

// start runs maru on a data folder and waits until it serves.
func start(t *testing.T, data, addr string, args ...string) *maru {
	t.Helper()
	m := &maru{t: t, addr: addr, stderr: &buffer{}, exited: make(chan struct{})}
	m.cmd = exec.Command(binary, append([]string{"--data", data, "--addr", addr, "--admin-addr", "", "--rate-limits", "off"}, args...)...)
	m.cmd.Stderr = m.stderr
	must(t, m.cmd.Start())
	go func() {
		_ = m.cmd.Wait()
		close(m.exited)
	}()
	t.Cleanup(m.kill)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-m.exited:
			t.Fatalf("maru ended: %s", m.stderr)
		default:
		}
		if m.status("/healthz") == http.StatusOK {
			return m
		}
	}
	t.Fatalf("maru does not serve: %s", m.stderr)
	return nil
}

func (m *maru) url() string { return "http://" + m.addr }

// status is what a path answers, 0 for nothing.
func (m *maru) status(path string) int {
	response, err := http.Get(m.url() + path)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// kill ends the program as a power cut would.
func (m *maru) kill() {
	_ = m.cmd.Process.Kill()
	<-m.exited
}

// terminate asks the program to end, and returns its exit code.
func (m *maru) terminate() int {
	m.t.Helper()
	must(m.t, m.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-m.exited:
	case <-time.After(20 * time.Second):
		m.t.Fatalf("maru does not end: %s", m.stderr)
	}
	return m.cmd.ProcessState.ExitCode()
}

// node runs a script of this folder and hands each line that it prints to line.
func node(t *testing.T, ctx context.Context, line func([]byte), args ...string) {
	t.Helper()
	needNode(t)
	cmd := exec.CommandContext(ctx, "node", args...)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line(lines.Bytes())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("node %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
}

// needNode skips where the real client is not installed, and fails where nothing may be skipped.
func needNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("../node_modules/socket.io-client/package.json")
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("needs node and `npm ci`: %v", err)
	}
	t.Skipf("needs node and `npm ci`: %v", err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
