package blob_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/blob/blobtest"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/test/s3"
)

// bucket names the server's bucket, as it is reached at endpoint.
func bucket(server *s3.Server, endpoint string) string { return bucketFor(server, endpoint, "") }

// bucketFor names what is one test's own in it.
func bucketFor(server *s3.Server, endpoint, test string) string {
	server.Bucket("images")
	return fmt.Sprintf("s3://images/%x?endpoint=%s&region=%s", test, endpoint, s3.Region)
}

func open(t *testing.T, setting string, timeout time.Duration) blob.Store {
	t.Helper()
	b, err := blob.Open(t.Context(), setting, blob.Options{Data: t.TempDir(), Timeout: timeout, Logger: quiet})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

func TestS3(t *testing.T) {
	t.Parallel()
	server := s3.Start(t)
	server.Bucket("images")
	n := 0
	blobtest.Run(t, func(t *testing.T) chat.Blobs {
		n++
		return open(t, fmt.Sprintf("s3://images/test-%d?endpoint=%s&region=%s", n, server.Endpoint(), s3.Region), 0)
	})
}
