package s3

import "golang.org/x/sys/unix"

// takesAttributes reports whether files of a folder can have attributes, where the server likes to keep its metadata.
func takesAttributes(folder string) bool {
	return unix.Setxattr(folder, "user.maru-test", []byte("x"), 0) == nil
}
