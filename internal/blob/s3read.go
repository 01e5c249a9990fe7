package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/maru-chat/maru/internal/chat"
)

// s3Blob is an object that is read. minio-go has a reader of its own, which asks for the object's head first and reads on a
// goroutine; this one makes one request for an object that is read from its start to its end.
type s3Blob struct {
	store  *S3
	ctx    context.Context // of Open
	key    string
	etag   string // of the version that Open found
	size   int64
	at     int64 // where the next Read reads
	answer *answer
	closed bool
}

// answer is the body of a response that is read from the object's byte at on.
type answer struct {
	body   io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	at     int64
	left   time.Duration // how long reading it may still wait for the store
}

// Open implements chat.Blobs.
func (s *S3) Open(ctx context.Context, key string) (chat.Blob, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, unavailable(ctx, "open", nil)
	}
	b := &s3Blob{store: s, ctx: ctx, key: key}
	info, err := b.ask(minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	b.size, b.etag = info.Size, info.ETag
	b.answer.left = s.patience(info.Size)
	return b, nil
}

// ask opens an answer.
func (b *s3Blob) ask(options minio.GetObjectOptions) (minio.ObjectInfo, error) {
	a := &answer{left: b.store.timeout}
	a.ctx, a.cancel = context.WithCancelCause(b.ctx)
	var info minio.ObjectInfo
	err := a.wait(func() (err error) {
		a.body, info, _, err = b.store.client.GetObject(a.ctx, b.store.bucket, b.store.name(b.key), options)
		return err
	})
	if err == nil && info.Size < 0 {
		err = errors.Join(errors.New("the store does not say the blob's size"), a.body.Close())
	}
	if err != nil {
		if missingKey(err) && b.ctx.Err() == nil {
			err = notFound()
		} else {
			err = failed(b.ctx, a.ctx, "open", err)
		}
		a.cancel(nil)
		return info, err
	}
	b.answer = a
	return info, nil
}

// wait runs fn and takes its time from what is left; fn's context ends when nothing is.
func (a *answer) wait(fn func() error) error {
	started := time.Now()
	timer := time.AfterFunc(a.left, func() { a.cancel(errSlow) })
	err := fn()
	timer.Stop()
	a.left -= time.Since(started)
	return err
}

func (a *answer) close() {
	_ = a.body.Close() // its error says that not all was read
	a.cancel(nil)
}

// Size implements chat.Blob.
func (b *s3Blob) Size() int64 { return b.size }

// Read implements io.Reader. After an error the next Read asks the store anew.
func (b *s3Blob) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, fs.ErrClosed
	case b.ctx.Err() != nil:
		return 0, unavailable(b.ctx, "read", nil)
	case b.at >= b.size:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if err := b.meet(); err != nil {
		return 0, err
	}
	a, n := b.answer, 0
	err := a.wait(func() (err error) {
		n, err = a.body.Read(p[:min(int64(len(p)), b.size-b.at)])
		return err
	})
	a.at += int64(n)
	b.at += int64(n)
	switch {
	case err == nil, err == io.EOF && b.at == b.size: //nolint:errorlint // the end is io.EOF itself
		return n, nil
	case err == io.EOF: //nolint:errorlint // the end is io.EOF itself
		err = io.ErrUnexpectedEOF
	}
	err = failed(b.ctx, a.ctx, "read", err)
	b.drop()
	return n, err
}

// meet has the answer stand where the next Read reads.
func (b *s3Blob) meet() error {
	if a := b.answer; a != nil && a.at < b.at && b.at-a.at <= skippedAtMost {
		err := a.wait(func() error {
			n, err := io.CopyN(io.Discard, a.body, b.at-a.at)
			a.at += n
			return err
		})
		if err != nil {
			b.drop()
		}
	}
	if b.answer != nil && b.answer.at == b.at {
		return nil
	}
	b.drop()
	var options minio.GetObjectOptions
	if b.etag != "" {
		if err := options.SetMatchETag(b.etag); err != nil {
			return failed(b.ctx, b.ctx, "read", err)
		}
	}
	if b.at > 0 {
		if err := options.SetRange(b.at, 0); err != nil {
			return failed(b.ctx, b.ctx, "read", err)
		}
	}
	info, err := b.ask(options)
	switch {
	case replaced(err), chat.CodeOf(err) == chat.NotFound:
		return unavailable(b.ctx, "read", fmt.Errorf("the blob was replaced or deleted while it was read: %w", err))
	case err != nil:
		return err
	case info.Size != b.size-b.at || info.ETag != b.etag:
		b.drop()
		return unavailable(b.ctx, "read", errors.New("the store does not give the part that was asked for"))
	}
	b.answer.at = b.at
	b.answer.left = b.store.patience(b.size - b.at)
	return nil
}

func replaced(err error) bool {
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	return answered && answer.StatusCode == http.StatusPreconditionFailed
}

func (b *s3Blob) drop() {
	if b.answer != nil {
		b.answer.close()
		b.answer = nil
	}
}

// Seek implements io.Seeker.
func (b *s3Blob) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += b.at
	case io.SeekEnd:
		offset += b.size
	default:
		return 0, fmt.Errorf("seek: %w", fs.ErrInvalid)
	}
	switch {
	case b.closed:
		return 0, fs.ErrClosed
	case offset < 0:
		return 0, fmt.Errorf("seek: %w", fs.ErrInvalid)
	}
	b.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (b *s3Blob) Close() error {
	b.drop()
	b.closed = true
	return nil
}
