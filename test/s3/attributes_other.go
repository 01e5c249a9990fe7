//go:build !linux

package s3

func takesAttributes(string) bool { return false }
