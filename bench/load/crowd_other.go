//go:build !linux

package load

import (
	"context"
	"time"
)

// A Crowd exists on Linux only.
type Crowd struct{}

// NewCrowd fails.
func NewCrowd(int) (*Crowd, error) { return nil, ErrSystem }

// Join fails.
func (*Crowd) Join(context.Context, string, int) error { return ErrSystem }

// Stay fails.
func (*Crowd) Stay(context.Context, time.Duration) (int, error) { return 0, ErrSystem }

// Run fails.
func (*Crowd) Run(context.Context, FanOut) (Window, error) { return Window{}, ErrSystem }

// Close does nothing.
func (*Crowd) Close() {}
