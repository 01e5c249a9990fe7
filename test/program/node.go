package program

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Node is a running script of Node.js.
type Node struct {
	In    io.WriteCloser
	cmd   *exec.Cmd
	lines *bufio.Scanner
	err   bytes.Buffer
}

// StartNode runs a script of the test's folder. It skips the test where the real client is not installed, and fails it where
// nothing may be skipped.
func StartNode(t testing.TB, args ...string) *Node {
	t.Helper()
	needNode(t)
	n := &Node{cmd: exec.Command("node", args...)} //nolint:gosec,noctx // a script of ours; ended below
	DiesWithUs(n.cmd)
	var err error
	n.In, err = n.cmd.StdinPipe()
	must(t, err)
	out, err := n.cmd.StdoutPipe()
	must(t, err)
	n.cmd.Stderr = &n.err
	must(t, n.cmd.Start())
	t.Cleanup(func() {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
	})
	n.lines = bufio.NewScanner(out)
	n.lines.Buffer(nil, 256<<20)
	return n
}

// Lines hands each line that the script prints to fn, and returns how the script ended.
func (n *Node) Lines(fn func([]byte)) error {
	for n.lines.Scan() {
		fn(n.lines.Bytes())
	}
	return n.cmd.Wait()
}

// Said is what the script wrote to standard error; for after Lines.
func (n *Node) Said() string { return n.err.String() }

func needNode(t testing.TB) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(root(t), "node_modules", "socket.io-client", "package.json"))
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("needs node and `npm ci`: %v", err)
	}
	t.Skipf("needs node and `npm ci`: %v", err)
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	must(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			t.Fatal("outside of the module")
		}
		folder = parent
	}
}
