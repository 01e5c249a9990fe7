//go:build !unix

package photo

import (
	"errors"
	"io"
	"os"
)

// Aside treats pictures here: this system cannot hand a file to another process.
type Aside struct{ *Lab }

// NewAside makes one that starts nothing.
func NewAside(lab *Lab, _ ...string) *Aside { return &Aside{lab} }

// Close does nothing.
func (*Aside) Close() error { return nil }

// Work has nothing to do.
func Work(*os.File, io.Writer) error { return errors.ErrUnsupported }
