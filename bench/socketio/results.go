package main

import (
	"context"
	"io"
)

type results struct {
	FanOut    fanOuts  `json:"fanOut"`
	Memory    memories `json:"memory"`
	Arguments []string
}

func (r *results) publish(ctx context.Context, root, output string, w io.Writer) error { return nil }
