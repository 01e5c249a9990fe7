package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/maru-chat/maru/internal/chat"
)

// S3 keeps blobs in a bucket. Open makes one.
//
// Every call ends: after Options.Timeout at the latest, and a second more for every 256 KiB that Put sends. A blob that is read
// may keep its reader waiting as long, in sum: a reader that is slow itself costs it nothing. Ready ends after 5 s. Within that
// time a call is tried up to three times.
type S3 struct {
	client         *minio.Core
	transport      *http.Transport
	bucket, prefix string // prefix is empty or ends with "/"
	timeout        time.Duration
}

var _ chat.Blobs = (*S3)(nil)

const (
	defaultTimeout = 20 * time.Second
	readyTimeout   = 5 * time.Second
	dialTimeout    = 5 * time.Second
	slowest        = 256 << 10 // bytes a second; what is slower is not there
	tries          = 3
	deletedAtOnce  = 1000 // the most that S3 takes
	skippedAtMost  = 64 << 10
)

var errSlow = errors.New("the store takes too long")

// newTransport is Go's own with bounds on every step: minio-go leaves them to its users.
func newTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: min(dialTimeout, timeout), KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   min(dialTimeout, timeout),
		ResponseHeaderTimeout: timeout / 2, // a connection that died silently leaves time for another one
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   16,
		DisableCompression:    true, // bytes as they are, and their number
		ForceAttemptHTTP2:     true,
	}
}

// Close closes connections that are idle.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

func (s *S3) name(key string) string { return s.prefix + key }

// patience is how long moving so many bytes may take.
func (s *S3) patience(size int64) time.Duration {
	return s.timeout + time.Duration(size/slowest)*time.Second
}

// within is a context for one call.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, errSlow)
}

// missingKey reports whether the store said that there is no such object.
func missingKey(err error) bool {
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	return answered && answer.Code == minio.NoSuchKey
}

// failed is the error for what the client's call ended with. outer is the caller's context, inner the one that the call had.
func failed(outer, inner context.Context, doing string, err error) error {
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	switch {
	case outer.Err() == nil && inner.Err() != nil:
		err = fmt.Errorf("%w: %w", context.Cause(inner), err)
	case answered:
		err = fmt.Errorf("%d %s: %w", answer.StatusCode, answer.Code, err)
	}
	return unavailable(outer, doing, err)
}

// Put implements chat.Blobs. Each is one request, which a store does whole or not at all; in parts it would leave parts behind
// that are paid for and not seen. The content's hash goes ahead of it, and the store refuses what does not arrive as it left:
// without one, versitygw keeps what came until a connection broke.
func (s *S3) Put(ctx context.Context, key, contentType string, r io.Reader, size int64) error {
	if err := check(key); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return unavailable(ctx, "put", nil)
	}
	source, start, err := rewindable(ctx, r, size)
	if err != nil {
		return err
	}
	content, err := newWhole(ctx, source, size)
	if err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		return err
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	inner, cancel := within(ctx, s.patience(size))
	defer cancel()
	for try := 1; ; try++ {
		if _, err := source.Seek(start, io.SeekStart); err != nil {
			return fmt.Errorf("rewinding the blob: %w", err)
		}
		if content, err = newWhole(ctx, source, size); err != nil {
			return err
		}
		err = s.putOnce(inner, key, contentType, content, size, sum)
		switch {
		case content.err != nil:
			return content.err
		case err == nil:
			return nil
		case try == tries || !passing(err) || !pause(inner, try):
			return failed(ctx, inner, "put", err)
		}
	}
}

// rewindable makes a reader one that can be read again from start: by itself, or from memory.
func rewindable(ctx context.Context, r io.Reader, size int64) (source io.ReadSeeker, start int64, err error) {
	if source, ok := r.(io.ReadSeeker); ok {
		if start, err = source.Seek(0, io.SeekCurrent); err == nil {
			return source, start, nil
		}
	}
	content, err := newWhole(ctx, r, size)
	if err != nil {
		return nil, 0, err
	}
	held := make([]byte, size)
	if _, err := io.ReadFull(content, held); err != nil {
		return nil, 0, err
	}
	return bytes.NewReader(held), 0, nil
}

// putOnce sends a blob. sum is the SHA-256 of content in hexadecimal.
func (s *S3) putOnce(ctx context.Context, key, contentType string, content io.Reader, size int64, sum string) error {
	// The client rewinds what it can rewind by itself, but its transport may still be reading for the try before: what it is
	// given can be read once, and not any more once the call is over.
	body := &lent{src: content}
	defer body.takeBack()
	_, err := s.client.PutObject(ctx, s.bucket, s.name(key), body, size, "", sum,
		minio.PutObjectOptions{ContentType: contentType, DisableContentSha256: true})
	return err
}

// lent is a reader that can be taken back from who reads it.
type lent struct {
	mu    sync.Mutex // held while src is read, so that nobody reads it once it is taken back
	src   io.Reader
	taken bool
}

var errTakenBack = errors.New("read after the call")

func (l *lent) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken {
		return 0, errTakenBack
	}
	return l.src.Read(p)
}

func (l *lent) takeBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = true
}

// passing reports whether an error may be gone at the next try.
func passing(err error) bool {
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	return !answered || answer.StatusCode >= http.StatusInternalServerError ||
		answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout
}

// pause waits before the next try; false where there is no time for it.
func pause(ctx context.Context, try int) bool {
	select {
	case <-time.After(time.Duration(try)*100*time.Millisecond + rand.N(100*time.Millisecond)): // #nosec G404 -- spreads load
		return true
	case <-ctx.Done():
		return false
	}
}

// Delete implements chat.Blobs.
func (s *S3) Delete(ctx context.Context, keys ...string) error {
	if err := check(keys...); err != nil {
		return err
	}
	for some := range slices.Chunk(keys, deletedAtOnce) {
		if ctx.Err() != nil {
			return unavailable(ctx, "delete", nil)
		}
		if err := s.delete(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (s *S3) delete(ctx context.Context, keys []string) error {
	inner, cancel := within(ctx, s.timeout)
	defer cancel()
	// The request for many is what stores differ in most: an image and its smaller form do without.
	if len(keys) <= 2 {
		return s.deleteEach(ctx, inner, keys)
	}
	results, err := s.client.RemoveObjectsWithIter(inner, s.bucket, func(yield func(minio.ObjectInfo) bool) {
		for _, key := range keys {
			if !yield(minio.ObjectInfo{Key: s.name(key)}) {
				return
			}
		}
	}, minio.RemoveObjectsOptions{})
	if err != nil {
		return failed(ctx, inner, "delete", err)
	}
	for result := range results {
		switch {
		case result.Err == nil, missingKey(result.Err):
		case unknown(result.Err):
			return s.deleteEach(ctx, inner, keys)
		default:
			return failed(ctx, inner, "delete", result.Err)
		}
	}
	if inner.Err() != nil { // then the iterator ends without a word
		return failed(ctx, inner, "delete", inner.Err())
	}
	return nil
}

// deleteEach makes a request for each key.
func (s *S3) deleteEach(ctx, inner context.Context, keys []string) error {
	for _, key := range keys {
		err := s.client.RemoveObject(inner, s.bucket, s.name(key), minio.RemoveObjectOptions{})
		if err != nil && !missingKey(err) {
			return failed(ctx, inner, "delete", err)
		}
	}
	return nil
}

// unknown reports whether the store does not know the request.
func unknown(err error) bool {
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	return answered && (answer.StatusCode == http.StatusNotImplemented || answer.StatusCode == http.StatusMethodNotAllowed)
}

// List implements chat.Blobs. Objects whose names are no keys are somebody else's and left out.
func (s *S3) List(ctx context.Context, fn func(chat.BlobEntry) error) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Only waiting for the store counts, not what fn does.
	timer := time.AfterFunc(s.timeout, func() { cancel(errSlow) })
	defer timer.Stop()
	nobody := false
	options := minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true, FetchOwner: &nobody}
	for object := range s.client.ListObjectsIter(inner, s.bucket, options) {
		timer.Stop()
		if object.Err != nil {
			return failed(ctx, inner, "list", object.Err)
		}
		key := strings.TrimPrefix(object.Key, s.prefix)
		if chat.ValidBlobKey(key) {
			if err := fn(chat.BlobEntry{Key: key, Size: object.Size, Modified: object.LastModified}); err != nil {
				return err
			}
		}
		timer.Reset(s.timeout)
	}
	if inner.Err() != nil { // then the iterator ends without a word
		return failed(ctx, inner, "list", inner.Err())
	}
	return nil
}

// Ready implements chat.Blobs.
func (s *S3) Ready(ctx context.Context) error {
	inner, cancel := within(ctx, min(readyTimeout, s.timeout))
	defer cancel()
	there, err := s.client.BucketExists(inner, s.bucket)
	if err == nil && !there {
		err = fmt.Errorf("bucket %s does not exist", s.bucket)
	}
	if err != nil {
		return failed(ctx, inner, "look for the bucket", err)
	}
	return nil
}
