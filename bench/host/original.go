package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/maru-chat/maru/bench/load"
)

// originalNeeds fails where the packages of the reference, or MariaDB, are
// missing.
func (h *Hosts) originalNeeds(ctx context.Context) error {
	command := exec.CommandContext(ctx, "node", "--input-type=module", "-e", `import "socket.io"; import "mysql2"; process.exit()`)
	command.Dir = filepath.Join(h.root, "bench", "peers", "original")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("no socket.io or mysql2 for Node (npm ci installs them): %w %s", err, out)
	}
	_, err := h.mariadbd(ctx)
	return err
}

func (h *Hosts) mariadbd(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(h.root, "scripts", "mariadb")) //nolint:gosec // our own script
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("no MariaDB: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (h *Hosts) startOriginal(ctx context.Context, r *Running, town Town, each bool) (err error) {
	if h.database == nil {
		if h.database, err = h.startDatabase(ctx, filepath.Join(h.bin, "mysql")); err != nil {
			return err
		}
	}
	r.also = h.database
	arguments := []string{"server.mjs", "127.0.0.1:0", r.also.socket, strconv.Itoa(town.Rooms)}
	if each {
		arguments = append(arguments, "each")
	}
	command := exec.CommandContext(ctx, "node", arguments...) //nolint:gosec // our own program
	command.Dir = filepath.Join(h.root, "bench", "peers", "original")
	// ws looks for its native addons, which nobody has to have installed.
	command.Env = append(os.Environ(), "NODE_ENV=production", "WS_NO_BUFFER_UTIL=1", "WS_NO_UTF_8_VALIDATE=1")
	if r.process, err = load.Start(ctx, command); err != nil {
		return err
	}
	r.Address, r.Seats = r.process.Address, numbered(town)
	return nil
}

// database is a MariaDB with a folder of its own. It commits as the original's
// did: each transaction is on disk when it returns, which is the default.
type database struct {
	socket  string
	command *exec.Cmd
	ended   chan struct{}
}

const patience = 30 * time.Second

func (h *Hosts) startDatabase(ctx context.Context, folder string) (*database, error) {
	server, err := h.mariadbd(ctx)
	if err != nil {
		return nil, err
	}
	who, err := user.Current()
	if err != nil {
		return nil, err
	}
	begin := filepath.Join(filepath.Dir(folder), "begin.sql")
	accounts := "CREATE USER IF NOT EXISTS 'maru'@'localhost' IDENTIFIED BY 'maru';\nGRANT ALL ON *.* TO 'maru'@'localhost';\n"
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(begin, []byte(accounts), 0o600)); err != nil {
		return nil, err
	}
	install := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--datadir="+folder, "--user="+who.Username, //nolint:gosec // a folder of ours
		"--auth-root-authentication-method=normal", "--skip-test-db")
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make a database: %w: %s", err, out)
	}
	d := &database{socket: filepath.Join(folder, "socket"), ended: make(chan struct{})}
	d.command = exec.CommandContext(ctx, server, "--no-defaults", "--datadir="+folder, "--socket="+d.socket, "--user="+who.Username, //nolint:gosec // what the script found
		"--skip-networking", "--init-file="+begin, "--pid-file="+filepath.Join(folder, "pid"), "--max-connections=2000")
	said, err := os.Create(filepath.Join(folder, "log")) //nolint:gosec // a folder of ours
	if err != nil {
		return nil, err
	}
	defer said.Close() //nolint:errcheck // the database has it now
	d.command.Stderr = said
	load.DieWithUs(d.command)
	if err := d.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", server, err)
	}
	go func() {
		_ = d.command.Wait() // it was killed
		close(d.ended)
	}()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", d.socket)
		if err == nil {
			return d, conn.Close()
		}
	}
	d.stop()
	log, err := os.ReadFile(said.Name())
	return nil, errors.Join(fmt.Errorf("%s does not serve: %s", server, log), err)
}

func (d *database) cpu() (time.Duration, error) { return load.CPU(d.command.Process.Pid) }

func (d *database) stop() {
	_ = d.command.Process.Kill() // nothing of it is wanted any more
	<-d.ended
}
