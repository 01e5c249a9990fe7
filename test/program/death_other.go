//go:build !linux

package program

import "os/exec"

// DiesWithUs is for Linux: elsewhere a test that is killed may leave its programs behind.
func DiesWithUs(*exec.Cmd) {}
