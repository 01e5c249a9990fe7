// Package mariadb runs a real MariaDB server for tests and benchmarks, on a folder and a port of its own, on this machine alone.
package mariadb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // its driver

	"github.com/maru-chat/maru/test/program"
)

// What the server's user is called, who may do everything.
const (
	User     = "maru"
	Password = "not-a-secret" // #nosec G101 -- of a server that nobody else reaches
)

// binary is the server's program, which scripts/mariadb installs where it is missing and may.
var binary = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	find := exec.Command(filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "scripts", "mariadb")) //nolint:gosec // our own script
	find.Stderr = os.Stderr
	path, err := find.Output()
	return strings.TrimSpace(string(path)), err
})

// Server is a server. Its methods are for one goroutine at a time.
type Server struct {
	folder  string // "" for one that somebody else runs
	addr    string
	account *url.Userinfo
	options []string
	cmd     *exec.Cmd // nil while it does not run
}

var (
	shared struct {
		sync.Mutex
		server *Server
		err    error
	}
	databases atomic.Int64
)

// Shared returns the server of this test process, and starts it where it does not run yet. MARU_TEST_MYSQL names another one to use,
// MySQL for example, as mysql://user:password@host:port/; its user may do everything. Where there is no MariaDB the test
// is skipped, or fails where nothing may be skipped. TestMain calls Stop.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		if named := os.Getenv("MARU_TEST_MYSQL"); named != "" {
			var u *url.URL
			if u, shared.err = url.Parse(named); shared.err == nil {
				shared.server = &Server{addr: u.Host, account: u.User}
			}
			need(t, shared.err)
			return shared.server
		}
		var folder string
		if folder, shared.err = temporary(); shared.err == nil {
			shared.server, shared.err = New(folder, program.FreeAddr(t))
		}
	}
	need(t, shared.err)
	return shared.server
}

// temporary makes a folder in memory where that can be had: a killed server loses nothing there, and syncing takes no time. What test
// processes left there that were killed is removed.
func temporary() (string, error) {
	const shm, prefix = "/dev/shm", "maru-mariadb-"
	if info, err := os.Stat(shm); err != nil || !info.IsDir() {
		return os.MkdirTemp("", prefix)
	}
	left, _ := filepath.Glob(filepath.Join(shm, prefix+"*")) // the pattern is good
	for _, folder := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), prefix), "-")
		if _, err := os.Stat("/proc/" + pid); errors.Is(err, fs.ErrNotExist) {
			_ = os.RemoveAll(folder)
		}
	}
	return os.MkdirTemp(shm, fmt.Sprint(prefix, os.Getpid(), "-"))
}

// Stop ends the server of this test process.
func Stop() {
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil && !shared.server.Foreign() {
		shared.server.Kill()
		_ = os.RemoveAll(filepath.Dir(shared.server.folder))
	}
}

// Start runs a server of the test's own until the test ends. options are the server's, as --character-set-server=latin1.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	folder, err := temporary()
	need(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	s, err := New(folder, program.FreeAddr(t), options...)
	need(t, err)
	t.Cleanup(s.Kill)
	return s
}

func need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errNone) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

var errNone = errors.New("there is no MariaDB")

// New makes a server on an empty folder, and runs it.
func New(folder, addr string, options ...string) (*Server, error) {
	if _, err := binary(); err != nil {
		return nil, fmt.Errorf("%w: %w", errNone, err)
	}
	who, err := user.Current()
	if err != nil {
		return nil, err
	}
	s := &Server{folder: filepath.Join(folder, "data"), addr: addr, account: url.UserPassword(User, Password), options: append([]string{"--user=" + who.Username}, options...)}
	install := exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+s.folder, "--user="+who.Username, //nolint:gosec,noctx // a folder of ours
		"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M")
	install.Env = append(os.Environ(), "TMPDIR="+folder)
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making a database: %w: %s", err, out)
	}
	accounts := fmt.Sprintf("CREATE USER IF NOT EXISTS '%[1]s'@'%%' IDENTIFIED BY '%[2]s';\nGRANT ALL ON *.* TO '%[1]s'@'%%' WITH GRANT OPTION;\n"+
		"DROP USER IF EXISTS ''@'localhost';\n", User, Password)
	if err := os.WriteFile(s.file("begin.sql"), []byte(accounts), 0o600); err != nil {
		return nil, err
	}
	return s, s.run()
}

func (s *Server) file(name string) string { return filepath.Join(filepath.Dir(s.folder), name) }

// Run starts the server again where it was killed, and waits until it answers.
func (s *Server) Run(t program.Owner) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) run() error {
	path, err := binary()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has it
	// Its own folder for temporary tables: a server that starts removes what it finds of others in /tmp.
	arguments := append([]string{
		"--no-defaults", "--datadir=" + s.folder, "--tmpdir=" + filepath.Dir(s.folder), "--bind-address=" + host, "--port=" + port, "--socket=" + s.Socket(),
		"--pid-file=" + s.file("pid"), "--init-file=" + s.file("begin.sql"), "--skip-name-resolve", "--max-connections=2000",
		"--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--performance-schema=OFF", "--lock-wait-timeout=30", "--innodb-flush-method=fsync",
		"--innodb-flush-log-at-trx-commit=1",
	}, s.options...)
	s.cmd = exec.Command(path, arguments...) //nolint:gosec,noctx // what the script found; Kill ends it
	s.cmd.Stdout, s.cmd.Stderr = log, log
	program.DiesWithUs(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	pool, err := sql.Open("mysql", s.dsn(""))
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if pool.PingContext(context.Background()) == nil {
			return nil
		}
	}
	s.Kill()
	said, _ := os.ReadFile(s.file("log"))
	return fmt.Errorf("MariaDB does not serve: %s", bytes.TrimSpace(said))
}

func (s *Server) dsn(database string) string {
	password, _ := s.account.Password()
	return fmt.Sprintf("%s:%s@tcp(%s)/%s?timeout=2s&multiStatements=true", s.account.Username(), password, s.addr, database)
}

// Foreign reports whether somebody else runs it.
func (s *Server) Foreign() bool { return s.folder == "" }

// Addr is where it listens, Socket where it does so for programs of this machine.
func (s *Server) Addr() string { return s.addr }

// Socket is the path of its socket.
func (s *Server) Socket() string { return s.file("socket") }

// PID is the process's number.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// URL names a database on it, for --database.
func (s *Server) URL(database string) string {
	return "mysql://" + s.account.String() + "@" + s.addr + "/" + database
}

// Database makes an empty database for a test, and returns its name. It is dropped when the test ends.
func (s *Server) Database(t program.Owner) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1))
	s.Do(t, "", "CREATE DATABASE "+name)
	t.Cleanup(func() {
		if s.cmd != nil || s.Foreign() {
			s.Do(t, "", "DROP DATABASE "+name)
		}
	})
	return name
}

// Do runs statements on a database, "" for none.
func (s *Server) Do(t program.Owner, database, statements string) {
	t.Helper()
	pool, err := sql.Open("mysql", s.dsn(database))
	if err == nil {
		_, err = pool.ExecContext(context.Background(), statements)
		err = errors.Join(err, pool.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Disconnect ends every connection to a database.
func (s *Server) Disconnect(t testing.TB, database string) {
	t.Helper()
	pool, err := sql.Open("mysql", s.dsn(""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	var kill string
	err = pool.QueryRowContext(context.Background(), "SELECT COALESCE(GROUP_CONCAT('KILL ', id SEPARATOR '; '), 'DO 0')"+
		" FROM information_schema.processlist WHERE db = ?", database).Scan(&kill)
	if err != nil {
		t.Fatal(err)
	}
	s.Do(t, "", kill)
}

// Kill ends the server with SIGKILL, and returns when it is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	s.cmd = nil
}

// Freeze stops the server as a machine that hangs does, until Thaw.
func (s *Server) Freeze() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }
