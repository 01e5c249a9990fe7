package report

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A Run is when, where and on what something was measured.
type Run struct {
	Date   string `json:"date"` // UTC, RFC 3339
	Commit string `json:"commit"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	OS     string `json:"os"`
	Go     string `json:"go"`
	Node   string `json:"node"`
}

// ThisRun describes this machine, and the commit of the repository in root.
// What cannot be found out is "unknown".
func ThisRun(ctx context.Context, root string) Run {
	return Run{
		Date:   time.Now().UTC().Format(time.RFC3339),
		Commit: said(ctx, root, "git", "describe", "--always", "--dirty", "--exclude", "*"),
		CPU:    field("/proc/cpuinfo", "model name", ":"),
		Cores:  runtime.NumCPU(),
		OS:     strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`) + ", " + said(ctx, root, "uname", "-sr"),
		Go:     runtime.Version(),
		Node:   said(ctx, root, "node", "--version"),
	}
}

// String is one line of Markdown.
func (r Run) String() string {
	return strings.Join([]string{
		r.Date, "commit " + r.Commit, r.CPU + " × " + strconv.Itoa(r.Cores), r.OS, r.Go, "Node " + r.Node,
	}, " · ")
}

func said(ctx context.Context, directory, name string, arguments ...string) string {
	command := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // commands named above
	command.Dir = directory
	out, err := command.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// field returns the first value of that name in a file of names and values.
func field(file, name, separator string) string {
	text, err := os.ReadFile(file) //nolint:gosec // one of two
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, separator); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
