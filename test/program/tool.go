package program

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Tool returns what builds one of tools/, a server of another project that has a go.mod of its own there, and says where it is.
// Building takes a minute or more the first time; then Go's build cache has it.
func Tool(folder, name string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		mod, err := exec.Command("go", "env", "GOMOD").Output() //nolint:noctx // it does not wait
		if err != nil {
			return "", err
		}
		build := exec.Command("go", "tool", "-modfile=tools/"+folder+"/go.mod", "-n", name) //nolint:gosec,noctx // our own tools
		build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
		build.Stderr = os.Stderr
		path, err := build.Output()
		if err != nil {
			return "", fmt.Errorf("building %s: %w", name, err)
		}
		return strings.TrimSpace(string(path)), nil
	})
}

// Server is another project's server, whose output goes to a file. Its methods are for its owner's own goroutine.
type Server struct {
	o      Owner
	name   string
	log    *os.File
	cmd    *exec.Cmd
	exited chan struct{}
}

// NewServer is one that does not run yet; it is killed when its owner ends.
func NewServer(o Owner, name string) *Server {
	o.Helper()
	s := &Server{o: o, name: name}
	var err error
	if s.log, err = os.Create(filepath.Join(o.TempDir(), "log")); err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() {
		s.Kill()
		_ = s.log.Close()
	})
	return s
}

// Run starts the server, again where it was killed, and waits until it answers.
func (s *Server) Run(path string, args []string, answers func() bool) {
	s.o.Helper()
	s.exited = make(chan struct{})
	s.cmd = exec.Command(path, args...) //nolint:gosec,noctx // what its package has found or built; ended by its owner
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	DiesWithUs(s.cmd)
	if err := s.cmd.Start(); err != nil {
		s.o.Fatal(err)
	}
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.exited:
			s.o.Fatalf("%s ended: %s", s.name, s.said())
		default:
		}
		if answers() {
			return
		}
	}
	s.o.Fatalf("%s does not answer: %s", s.name, s.said())
}

func (s *Server) said() string {
	said, _ := os.ReadFile(s.log.Name())
	return string(said)
}

// Signal sends a signal: SIGSTOP freezes it, SIGCONT has it go on.
func (s *Server) Signal(signal syscall.Signal) {
	s.o.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.o.Fatal(err)
	}
}

// Kill ends the server with SIGKILL, and returns when it is gone.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Answers reports whether something speaks HTTP at a URL.
func Answers(url string) bool {
	response, err := (&http.Client{Timeout: time.Second}).Get(url) //nolint:noctx // the client has a time-out
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}
