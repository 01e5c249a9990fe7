package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/maru-chat/maru/internal/chat"
)

// Copy copies a blob, reads it back and compares it byte for byte; one that is there already and is the same stays as it is.
// The error's code is NotFound where the source has no such blob.
func Copy(ctx context.Context, from, to chat.Blobs, key, contentType string) (copied bool, err error) {
	source, err := from.Open(ctx, key)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	want, err := sum(source)
	if err != nil {
		return false, unavailable(ctx, "read", err)
	}
	if got, err := storedSum(ctx, to, key, source.Size()); err == nil && bytes.Equal(got, want) {
		return false, nil
	} else if err != nil && chat.CodeOf(err) != chat.NotFound {
		return false, err
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return false, unavailable(ctx, "read", err)
	}
	if err := to.Put(ctx, key, contentType, source, source.Size()); err != nil {
		return false, err
	}
	got, err := storedSum(ctx, to, key, source.Size())
	if chat.CodeOf(err) == chat.NotFound || err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s is not the same after it was copied", key)
	}
	return true, err
}

func sum(r io.Reader) ([]byte, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, r)
	return hash.Sum(nil), err
}

// storedSum returns nothing where the blob is of another size.
func storedSum(ctx context.Context, store chat.Blobs, key string, size int64) ([]byte, error) {
	b, err := store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = b.Close() }() // it was read, or not needed
	if b.Size() != size {
		return nil, nil
	}
	got, err := sum(b)
	if err != nil {
		return nil, unavailable(ctx, "read", err)
	}
	return got, nil
}
