package chat

import (
	"io"
	"strings"
	"time"
)

// MaxBlobSize is the largest blob, in bytes: several times the largest image, and as much as a store may hold in memory.
const MaxBlobSize = 64 << 20

// MaxBlobKey is the longest key of a blob, in bytes. A key is a file's name on disk, and those end at 255.
const MaxBlobKey = 200

// Blob is a stored blob, open for reading: one version of it, whole, also when it is replaced or deleted meanwhile. Seeking
// costs nothing; reading from another place than where the last Read ended may cost a request, and may fail where the blob
// was replaced or deleted. For one goroutine at a time.
type Blob interface {
	io.ReadSeekCloser
	Size() int64 // in bytes
}

// BlobEntry is a blob in a list.
type BlobEntry struct {
	Key      string
	Size     int64 // in bytes
	Modified time.Time
}

// ValidBlobKey reports whether key can name a blob: parts of a–z, 0–9 and "-", none of them empty, with "/" between them, at
// most MaxBlobKey bytes. So a key needs no escaping anywhere, is the same where case does not count, and leads nowhere else.
func ValidBlobKey(key string) bool {
	if len(key) > MaxBlobKey {
		return false
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
