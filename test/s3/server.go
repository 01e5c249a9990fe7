// Package s3 runs a real S3 server for tests: versitygw on a folder, on this machine alone. tools/s3/go.mod says which version.
package s3

import (
	"os"
	"path/filepath"

	"github.com/maru-chat/maru/test/program"
)

// What the server's only user is called.
const (
	AccessKey = "maru-test"
	SecretKey = "not-a-secret" // #nosec G101 -- of a server that nobody else reaches
	Region    = "us-east-1"
)

var binary = program.Tool("s3", "versitygw")

// Server is a running server. Its methods are for its owner's own goroutine.
type Server struct {
	*program.Server
	o      program.Owner
	folder string
	addr   string
}

// Credentials are the variables by which programs know the server's only user.
var Credentials = map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": ""}

// Start runs a server on an empty folder until its owner ends. It sets Credentials for it; a test that runs in parallel with
// others cannot do so, and needs them set before, by TestMain.
func Start(o program.Owner) *Server {
	o.Helper()
	s := &Server{Server: program.NewServer(o, "the S3 server"), o: o, folder: o.TempDir(), addr: program.FreeAddr(o)}
	for _, name := range []string{"objects", "meta"} {
		s.must(os.Mkdir(filepath.Join(s.folder, name), 0o700))
	}
	for name, value := range Credentials {
		if os.Getenv(name) != value {
			o.Setenv(name, value)
		}
	}
	s.Run()
	return s
}

// Run starts the server, again where it was killed, and waits until it answers.
func (s *Server) Run() {
	s.o.Helper()
	path, err := binary()
	s.must(err)
	objects := filepath.Join(s.folder, "objects")
	args := []string{
		"--port", s.addr, "--access", AccessKey, "--secret", SecretKey, "--region", Region, "--quiet", "--keep-alive", "posix",
	}
	if !takesAttributes(objects) {
		args = append(args, "--sidecar", filepath.Join(s.folder, "meta")) // works everywhere, and is slower
	}
	s.Server.Run(path, append(args, objects), func() bool { return program.Answers(s.Endpoint()) })
}

// Endpoint is its URL.
func (s *Server) Endpoint() string { return "http://" + s.addr }

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// Bucket makes a bucket.
func (s *Server) Bucket(name string) {
	s.o.Helper()
	s.must(os.MkdirAll(filepath.Join(s.folder, "objects", name), 0o700))
}

// DropBucket removes a bucket with everything in it.
func (s *Server) DropBucket(name string) {
	s.o.Helper()
	s.must(os.RemoveAll(filepath.Join(s.folder, "objects", name)))
}

func (s *Server) must(err error) {
	s.o.Helper()
	if err != nil {
		s.o.Fatal(err)
	}
}
