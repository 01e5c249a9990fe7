//go:build !linux

package photo

func stepBack() {}
