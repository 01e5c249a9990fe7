//go:build !linux

package load

import (
	"os/exec"
	"time"
)

// CPU fails.
func CPU(int) (time.Duration, error) { return 0, ErrSystem }

func resident(int) (int64, error) { return 0, ErrSystem }

// RaiseFileLimit fails.
func RaiseFileLimit(int) error { return ErrSystem }

// DieWithUs does nothing.
func DieWithUs(*exec.Cmd) {}

func childrenCPU(int) (time.Duration, error) { return 0, ErrSystem }

func children(int) []int { return nil }
