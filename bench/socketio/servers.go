package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

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
	command.Env = load.WithoutGoSettings(os.Environ())
	return command
}
