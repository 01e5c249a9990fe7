package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/maru-chat/maru/bench/load"
)

// A kind of server, by the name that its figures have.
type kind string

const (
	maru  kind = "maru"
	node  kind = "node"
	floor kind = "floor"
	lean  kind = "lean floor"
)

// acknowledges reports whether the kind acknowledges messages.
func (k kind) acknowledges() bool { return k == maru || k == node }

// servers knows how to start each kind.
type servers struct {
	root string // of the repository
	bin  string // where the servers in Go were built
	text int    // bytes of a message's text
	// profiles has the servers in Go serve their profiles.
	profiles bool
}

// build builds the servers in Go into the directory bin.
func build(ctx context.Context, root, bin string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", bin+string(filepath.Separator), //nolint:gosec // our own programs
		"./bench/peers/maru-socketio", "./bench/peers/floor")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the servers: %w: %s", err, out)
	}
	return nil
}

// installed fails where the packages of the server in Node are missing.
func installed(ctx context.Context, root string) error {
	command := exec.CommandContext(ctx, "node", "--input-type=module", "-e", `import "socket.io"`)
	command.Dir = filepath.Join(root, "bench", "peers", "node-socketio")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("no socket.io for Node (npm ci installs it): %w %s", err, out)
	}
	return nil
}

func (s servers) start(ctx context.Context, k kind) (*load.Server, error) {
	return load.Start(ctx, s.command(ctx, k))
}

func (s servers) command(ctx context.Context, k kind) *exec.Cmd {
	if k == node {
		command := exec.CommandContext(ctx, "node", "server.mjs", "127.0.0.1:0")
		command.Dir = filepath.Join(s.root, "bench", "peers", "node-socketio")
		// ws looks for its native addons, which nobody has to have installed.
		command.Env = append(os.Environ(), "NODE_ENV=production", "WS_NO_BUFFER_UTIL=1", "WS_NO_UTF_8_VALIDATE=1")
		return command
	}
	name, arguments := "maru-socketio", []string(nil)
	if k == floor || k == lean {
		name, arguments = "floor", []string{"-text=" + strconv.Itoa(s.text), "-lean=" + strconv.FormatBool(k == lean)}
	}
	if s.profiles {
		arguments = append(arguments, "-pprof")
	}
	command := exec.CommandContext(ctx, filepath.Join(s.bin, name), arguments...) //nolint:gosec // our own programs
	command.Env = withoutGoSettings(os.Environ())
	return command
}

// withoutGoSettings leaves out what would change how a server in Go runs.
func withoutGoSettings(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG"}, name)
	})
}

// repository is the root of the repository that the working directory is in.
func repository() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, nil
		}
		above := filepath.Dir(directory)
		if above == directory {
			return "", errors.New("not inside the repository")
		}
		directory = above
	}
}
