// Package blob keeps the bytes of images: in a folder, or in a bucket of any store that speaks S3.
//
// Nothing kept here is public. Who may see an image is decided by chat, and its bytes always go through Maru: the folder is its
// owner's alone, objects are as private as their bucket, and no URL of a bucket is ever handed out.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/maru-chat/maru/internal/chat"
)

var errLonger = errors.New("goes on beyond its size")

// check refuses what is not a key.
func check(keys ...string) error {
	for _, key := range keys {
		if !chat.ValidBlobKey(key) {
			return chat.Errorf(chat.Internal, "not a key of a blob: %.50q", key)
		}
	}
	return nil
}

func notFound() error { return chat.Errorf(chat.NotFound, "no such blob") }

// unavailable is what a caller gets when the store, or waiting for it, ended in err.
func unavailable(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return &chat.Error{Code: chat.Unavailable, Message: "gave up waiting for the images' store", Cause: context.Cause(ctx)}
	}
	return &chat.Error{
		Code: chat.Unavailable, Message: "the images' store does not work at the moment",
		Cause: fmt.Errorf("%s: %w", doing, err),
	}
}

// whole reads exactly size bytes of a source. It gives the last of them only once the source has ended there: who sends bytes
// while they are read has then not sent all of something that is longer.
type whole struct {
	ctx  context.Context
	src  io.Reader
	left int64
	err  error // why it ended before its time: the source's error, or that of ctx
}

func newWhole(ctx context.Context, src io.Reader, size int64) (*whole, error) {
	w := &whole{ctx: ctx, src: src, left: size}
	switch {
	case size < 0 || size > chat.MaxBlobSize:
		return nil, chat.Errorf(chat.Internal, "a blob of %d bytes", size)
	case size == 0:
		return w, w.end()
	}
	return w, nil
}

// Read implements io.Reader.
func (w *whole) Read(p []byte) (int, error) {
	switch {
	case w.err != nil:
		return 0, w.err
	case w.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	case w.ctx.Err() != nil:
		return 0, w.fail(unavailable(w.ctx, "", nil))
	}
	n, err := w.src.Read(p[:min(int64(len(p)), w.left)])
	w.left -= int64(n)
	switch {
	case err == io.EOF && w.left > 0:
		return 0, w.fail(fmt.Errorf("reading the blob: %w", io.ErrUnexpectedEOF))
	case err != nil && err != io.EOF:
		return 0, w.fail(fmt.Errorf("reading the blob: %w", err))
	case err == nil && w.left == 0:
		if err := w.end(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// end asks the source for one byte more.
func (w *whole) end() error {
	var more [1]byte
	for range 100 { // as bufio.Reader does with a source that gives neither bytes nor an error
		n, err := w.src.Read(more[:])
		switch {
		case n > 0:
			return w.fail(fmt.Errorf("reading the blob: %w", errLonger))
		case err == io.EOF:
			return nil
		case err != nil:
			return w.fail(fmt.Errorf("reading the blob: %w", err))
		}
	}
	return w.fail(fmt.Errorf("reading the blob: %w", io.ErrNoProgress))
}

func (w *whole) fail(err error) error {
	w.err = err
	return err
}
