//go:build !linux && !darwin && !freebsd

package main

// freeBytes does not know it here.
func freeBytes(string) (free int64, known bool) { return 0, false }
