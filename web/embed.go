// Package web holds the built site.
package web

import (
	"embed"
	"io/fs"
)

// The placeholder in dist keeps this compiling where the site was not built.
//
//go:embed all:dist
var dist embed.FS

// Dist returns the built site: index.html and assets/, or nothing but a placeholder.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}
