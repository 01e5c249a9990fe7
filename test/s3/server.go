// Package s3 runs a real S3 server for tests: versitygw on a folder, on this machine alone. tools/s3/go.mod says which version.
package s3

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/maru-chat/maru/test/program"
)

// What the server's only user is called.
const (
	AccessKey = "maru-test"
	SecretKey = "not-a-secret" // #nosec G101 -- of a server that nobody else reaches
	Region    = "us-east-1"
)

// binary is the server. Building it takes a minute the first time; then Go's build cache has it.
var binary = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "tool", "-modfile=tools/s3/go.mod", "-n", "versitygw")
	build.Dir = filepath.Dir(strings.TrimSpace(string(mod)))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	build.Stderr = os.Stderr
	path, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("building versitygw: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
})

// Server is a running server. Its methods are for its owner's own goroutine.
type Server struct {
	t      program.Owner
	folder string
	addr   string
	log    *os.File
	cmd    *exec.Cmd
	exited chan struct{}
}

// Credentials are the variables by which programs know the server's only user.
var Credentials = map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": ""}

// Start runs a server on an empty folder until the test ends. It sets Credentials for the test; one that runs in parallel with
// others cannot do so, and needs them set before, by TestMain.
func Start(t program.Owner) *Server {
	t.Helper()
	s := &Server{t: t, folder: t.TempDir(), addr: program.FreeAddr(t)}
	for _, name := range []string{"objects", "meta"} {
		s.must(os.Mkdir(filepath.Join(s.folder, name), 0o700))
	}
	var err error
	s.log, err = os.Create(filepath.Join(s.folder, "log"))
	s.must(err)
	for name, value := range Credentials {
		if os.Getenv(name) != value {
			t.Setenv(name, value)
		}
	}
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
	path, err := binary()
	s.must(err)
	s.exited = make(chan struct{})
	objects := filepath.Join(s.folder, "objects")
	args := []string{
		"--port", s.addr, "--access", AccessKey, "--secret", SecretKey, "--region", Region, "--quiet", "--keep-alive", "posix",
	}
	if !takesAttributes(objects) {
		args = append(args, "--sidecar", filepath.Join(s.folder, "meta")) // works everywhere, and is slower
	}
	s.cmd = exec.Command(path, append(args, objects)...) //nolint:gosec,noctx // built above; ended by its test
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
			s.t.Fatalf("the S3 server ended: %s", s.said())
		default:
		}
		if s.answers() {
			return
		}
	}
	s.t.Fatalf("the S3 server does not answer: %s", s.said())
}

func (s *Server) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint(), nil)
	s.must(err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}

func (s *Server) said() string {
	said, _ := os.ReadFile(s.log.Name())
	return string(said)
}

// Endpoint is its URL.
func (s *Server) Endpoint() string { return "http://" + s.addr }

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// Bucket makes a bucket.
func (s *Server) Bucket(name string) {
	s.t.Helper()
	s.must(os.MkdirAll(filepath.Join(s.folder, "objects", name), 0o700))
}

// DropBucket removes a bucket with everything in it.
func (s *Server) DropBucket(name string) {
	s.t.Helper()
	s.must(os.RemoveAll(filepath.Join(s.folder, "objects", name)))
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
