package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 5 * time.Second
)

// A Server is a child process that serves. It ends when its standard input
// does, so that nothing is left over however this process ends.
type Server struct {
	// Address is where it serves, "host:port".
	Address string
	// Profiles is where a server in Go serves its profiles, if it does.
	Profiles string

	command *exec.Cmd
	end     func() error // asks it to end
	errors  *tail
	ended   chan error
}

// Start starts a server and returns when it serves, which it says by printing
// "serving ADDRESS", and, optionally, where its profiles are. The context ends
// it at once.
func Start(ctx context.Context, command *exec.Cmd) (*Server, error) {
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	s := &Server{command: command, end: stdin.Close, errors: new(tail), ended: make(chan error, 1)}
	command.Stderr = s.errors
	command.WaitDelay = stopTimeout
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	first := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		first <- line
		_, _ = io.Copy(io.Discard, stdout)
		s.ended <- command.Wait()
	}()
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case line := <-first:
		if words := strings.Fields(line); len(words) >= 2 && words[0] == "serving" {
			s.Address = words[1]
			s.Profiles = strings.Join(words[2:], " ")
			return s, nil
		}
		err = fmt.Errorf("said %q", line)
	case <-timeout.C:
		err = errors.New("does not serve")
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, fmt.Errorf("start %s: %w", command.Path, errors.Join(err, s.Stop()))
}

// StartProgram starts a server that knows nothing of benchmarks and serves at
// address, and returns when it accepts connections there. SIGTERM ends it.
func StartProgram(ctx context.Context, command *exec.Cmd, address string) (*Server, error) {
	s := &Server{Address: address, command: command, errors: new(tail), ended: make(chan error, 1)}
	s.end = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Stderr = s.errors
	DieWithUs(command)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	go func() { s.ended <- command.Wait() }()
	for end := time.Now().Add(startTimeout); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return s, conn.Close()
		}
	}
	return nil, fmt.Errorf("start %s: does not serve: %w", command.Path, errors.Join(ctx.Err(), s.Stop()))
}

// CPU is the user and system time of the server process so far, and of the
// processes that it started.
func (s *Server) CPU() (time.Duration, error) {
	own, err := CPU(s.command.Process.Pid)
	if err != nil {
		return 0, err
	}
	total, err := childrenCPU(s.command.Process.Pid)
	for _, child := range children(s.command.Process.Pid) {
		if also, gone := CPU(child); gone == nil { // it may have ended since
			total += also
		}
	}
	return own + total, err
}

// Resident is the resident set of the server process in bytes, and of those
// that it has started.
func (s *Server) Resident() (int64, error) {
	total, err := resident(s.command.Process.Pid)
	for _, child := range children(s.command.Process.Pid) {
		if also, gone := resident(child); gone == nil { // it may have ended since
			total += also
		}
	}
	return total, err
}

// Stop ends the server and waits for its end. It fails, with what the server
// last wrote to standard error, if it had to be killed or had failed.
func (s *Server) Stop() error {
	_ = s.end()
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	var err error
	select {
	case err = <-s.ended:
	case <-timeout.C:
		_ = s.command.Process.Kill()
		err = errors.Join(errors.New("had to be killed"), <-s.ended)
	}
	if err != nil {
		return fmt.Errorf("%s: %w %s", s.command.Path, err, s.errors)
	}
	return nil
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 2 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-keep):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

// WithoutGoSettings leaves out what would change how a server in Go runs.
func WithoutGoSettings(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG"}, name)
	})
}
