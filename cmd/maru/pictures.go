package main

import (
	"io"
	"os"

	"github.com/maru-chat/maru/internal/photo"
)

// picturesCommand is what serving starts of itself to treat pictures.
type picturesCommand struct{}

// Run treats the pictures that come on standard input.
func (picturesCommand) Run(out io.Writer) error { return photo.Work(os.Stdin, out) }
