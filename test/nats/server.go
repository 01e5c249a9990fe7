// Package nats runs a real NATS server for tests: nats-server, on this machine alone. tools/nats/go.mod says which version.
package nats

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// Binary builds the server and returns where it is. It takes half a minute the first time; then Go's build cache has it.
var Binary = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "tool", "-modfile=tools/nats/go.mod", "-n", "nats-server")
	build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	build.Stderr = os.Stderr
	path, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("building nats-server: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
})

// Server is a running server. Its methods are for its owner's own goroutine.
type Server struct {
	t      program.Owner
	addr   string
	args   []string
	log    *os.File
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start runs a server until the test ends. args are more of its flags.
func Start(t program.Owner, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, addr: program.FreeAddr(t), args: args}
	var err error
	s.log, err = os.Create(filepath.Join(t.TempDir(), "nats.log"))
	s.must(err)
	t.Cleanup(func() {
		s.Kill()
		_ = s.log.Close()
	})
	s.Run()
	return s
}

// Run starts the server, again where it was killed, and waits until it answers.
func (s *Server) Run() {
	s.t.Helper()
	path, err := Binary()
	s.must(err)
	host, port, err := net.SplitHostPort(s.addr)
	s.must(err)
	s.exited = make(chan struct{})
	s.cmd = exec.Command(path, append([]string{"--addr", host, "--port", port}, s.args...)...) //nolint:gosec,noctx // built above; ended by its test
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	program.DiesWithUs(s.cmd)
	s.must(s.cmd.Start())
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.exited:
			s.t.Fatalf("the NATS server ended: %s", s.said())
		default:
		}
		conn, err := net.Dial("tcp", s.addr) //nolint:noctx // on this machine it does not wait
		if err == nil {
			_ = conn.Close()
			return
		}
	}
	s.t.Fatalf("the NATS server does not answer: %s", s.said())
}

func (s *Server) said() string {
	said, _ := os.ReadFile(s.log.Name())
	return string(said)
}

// URL is what nodes are given.
func (s *Server) URL() string { return "nats://" + s.addr }

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// Signal sends a signal: SIGSTOP freezes it, SIGCONT has it go on.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	s.must(s.cmd.Process.Signal(signal))
}

// Kill ends the server with SIGKILL, and returns when it is gone.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
