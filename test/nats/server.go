// Package nats runs a real NATS server for tests: nats-server, on this machine alone. tools/nats/go.mod says which version.
package nats

import (
	"net"

	"github.com/maru-chat/maru/test/program"
)

var binary = program.Tool("nats", "nats-server")

// Server is a running server. Its methods are for its owner's own goroutine.
type Server struct {
	*program.Server
	o    program.Owner
	addr string
	args []string
}

// Start runs a server until its owner ends. args are more of its flags.
func Start(o program.Owner, args ...string) *Server {
	o.Helper()
	s := &Server{Server: program.NewServer(o, "NATS"), o: o, addr: program.FreeAddr(o), args: args}
	s.Run()
	return s
}

// Run starts the server, again where it was killed, and waits until it answers.
func (s *Server) Run() {
	s.o.Helper()
	path, err := binary()
	if err != nil {
		s.o.Fatal(err)
	}
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		s.o.Fatal(err)
	}
	s.Server.Run(path, append([]string{"--addr", host, "--port", port}, s.args...), func() bool {
		conn, err := net.Dial("tcp", s.addr) //nolint:noctx // on this machine it does not wait
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// URL is what nodes are given.
func (s *Server) URL() string { return "nats://" + s.addr }

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }
