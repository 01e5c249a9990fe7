// Package mariadb runs a real MariaDB server for tests: Debian's, which scripts/mariadb finds or installs, on a data folder of its
// own and this machine alone.
package mariadb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "github.com/go-sql-driver/mysql" // how databases are made

	"github.com/maru-chat/maru/test/program"
)

// Who may do everything there.
const (
	User     = "maru"
	Password = "not-a-secret" // #nosec G101 -- of a server that nobody else reaches
)

// Find returns where the server's program is; scripts/mariadb installs it where that is allowed.
var Find = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	script := exec.Command(filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "scripts", "mariadb")) //nolint:gosec // our own script
	script.Stderr = os.Stderr
	path, err := script.Output()
	return strings.TrimSpace(string(path)), err
})

// Server is a running server. Its methods are for its owner's own goroutine.
type Server struct {
	o      program.Owner
	folder string
	addr   string
	args   []string
	log    *os.File
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start runs a server on a fresh data folder until its owner ends. args are more of its flags.
func Start(o program.Owner, args ...string) *Server {
	o.Helper()
	s := &Server{o: o, folder: o.TempDir(), addr: program.FreeAddr(o), args: args}
	who, err := user.Current()
	s.must(err)
	_, err = Find()
	s.must(err)
	install := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+s.data(), "--user="+who.Username, //nolint:gosec,noctx // a folder of ours
		"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=16M")
	if out, err := install.CombinedOutput(); err != nil {
		o.Fatalf("making a database: %v: %s", err, out)
	}
	s.must(os.WriteFile(s.begin(), []byte("CREATE USER IF NOT EXISTS '"+User+"'@'%' IDENTIFIED BY '"+Password+"';\n"+
		"GRANT ALL ON *.* TO '"+User+"'@'%' WITH GRANT OPTION;\n"), 0o600))
	s.log, err = os.Create(filepath.Join(s.folder, "log"))
	s.must(err)
	o.Cleanup(func() {
		s.Kill()
		_ = s.log.Close()
	})
	s.Run()
	return s
}

func (s *Server) data() string  { return filepath.Join(s.folder, "data") }
func (s *Server) begin() string { return filepath.Join(s.folder, "begin.sql") }

// Run starts the server, again where it was killed, and waits until it answers.
func (s *Server) Run() {
	s.o.Helper()
	path, err := Find()
	s.must(err)
	who, err := user.Current()
	s.must(err)
	host, port, err := net.SplitHostPort(s.addr)
	s.must(err)
	s.exited = make(chan struct{})
	s.cmd = exec.Command(path, append([]string{ //nolint:gosec,noctx // found by our own script; ended by its owner
		"--no-defaults", "--datadir=" + s.data(), "--user=" + who.Username, "--socket=" + filepath.Join(s.folder, "socket"),
		"--bind-address=" + host, "--port=" + port, "--pid-file=" + filepath.Join(s.folder, "pid"), "--init-file=" + s.begin(),
		"--skip-name-resolve", "--max-connections=500", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=48M",
	}, s.args...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	program.DiesWithUs(s.cmd)
	s.must(s.cmd.Start())
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	db := s.admin()
	defer func() { _ = db.Close() }()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.exited:
			s.o.Fatalf("MariaDB ended: %s", s.said())
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := db.PingContext(ctx)
		cancel()
		if err == nil {
			return
		}
	}
	s.o.Fatalf("MariaDB does not answer: %s", s.said())
}

func (s *Server) admin() *sql.DB {
	db, err := sql.Open("mysql", User+":"+Password+"@tcp("+s.addr+")/")
	s.must(err)
	return db
}

// Exec runs statements as somebody who may do everything.
func (s *Server) Exec(statements ...string) {
	s.o.Helper()
	db := s.admin()
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			s.o.Fatalf("%s: %v", statement, err)
		}
	}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(o program.Owner) string {
	o.Helper()
	name := "maru_" + strings.ToLower(rand.Text()[:10])
	s.Exec("CREATE DATABASE " + name)
	return s.URL(name)
}

// URL is that of a database.
func (s *Server) URL(name string) string {
	return fmt.Sprintf("mysql://%s:%s@%s/%s", User, Password, s.addr, name)
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.addr }

// PID is its process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Signal sends a signal: SIGSTOP freezes it, SIGCONT has it go on.
func (s *Server) Signal(signal syscall.Signal) {
	s.o.Helper()
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

func (s *Server) said() string {
	said, _ := os.ReadFile(s.log.Name())
	return string(said)
}

func (s *Server) must(err error) {
	s.o.Helper()
	if err != nil {
		s.o.Fatal(err)
	}
}
