//go:build !linux

package load

import "time"

func cpu(int) (time.Duration, error) { return 0, ErrSystem }

func resident(int) (int64, error) { return 0, ErrSystem }

// RaiseFileLimit fails.
func RaiseFileLimit(int) error { return ErrSystem }
