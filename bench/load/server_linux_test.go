package load

import (
	"context"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func shell(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(context.Background(), "sh", "-c", script)
}

func childless(t *testing.T) {
	t.Helper()
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}

func TestServerEndsWithItsInput(t *testing.T) {
	s, err := Start(t.Context(), shell(t, `echo serving 127.0.0.1:7 127.0.0.1:8; read line; exit 0`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Address != "127.0.0.1:7" || s.Profiles != "127.0.0.1:8" {
		t.Errorf("%q %q", s.Address, s.Profiles)
	}
	if used, err := s.CPU(); err != nil || used <= 0 {
		t.Errorf("%v %v", used, err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	childless(t)
}

func TestServerThatFails(t *testing.T) {
	_, err := Start(t.Context(), shell(t, `echo no port is free >&2; exit 3`))
	if err == nil || !strings.Contains(err.Error(), "no port is free") || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("started with %v", err)
	}
	childless(t)
}
