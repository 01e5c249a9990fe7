//go:build !linux

package load

import (
	"context"
	"time"
)

// People exist on Linux only.
type People struct{}

// NewPeople fails.
func NewPeople(context.Context, string, []Seat, Way, int) (*People, error) { return nil, ErrSystem }

// Send fails.
func (*People) Send(context.Context, Pace) (Outcome, error) { return Outcome{}, ErrSystem }

// Rest fails.
func (*People) Rest(context.Context, time.Duration) error { return ErrSystem }

// Close does nothing.
func (*People) Close() {}

// Get fails.
func Get(context.Context, string, string, func(int) string, time.Duration) (int, error) {
	return 0, ErrSystem
}
