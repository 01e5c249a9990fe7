package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/chat"
)

// The names of entries.
const (
	nameManifest = "maru-backup.json"
	nameDatabase = "maru.db"
	nameSecret   = "secret"
	nameImages   = "images/" // and the key
	nameSums     = "SHA256SUMS-"
	nameComplete = "complete.json"
)

// sumsAtOnce is after how many entries their sums are written: so many have to be remembered.
const sumsAtOnce = 5000

// writer writes an archive.
type writer struct {
	tar      *tar.Writer
	begun    time.Time
	sums     bytes.Buffer // of entries since the last SHA256SUMS
	summed   int
	parts    int
	complete Complete
}

func newWriter(w io.Writer) *writer { return &writer{tar: tar.NewWriter(w), begun: time.Now()} }

// entry writes an entry of exactly that size.
func (a *writer) entry(name string, size int64, fill func(io.Writer) error) error {
	if err := a.head(name, size); err != nil {
		return err
	}
	hash := sha256.New()
	if err := fill(io.MultiWriter(hash, a.tar)); err != nil {
		return err
	}
	if err := a.tar.Flush(); err != nil { // fails where something is missing
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(&a.sums, "%x  %s\n", hash.Sum(nil), name)
	if a.summed++; a.summed == sumsAtOnce {
		return a.writeSums()
	}
	return nil
}

func (a *writer) head(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.begun.Truncate(time.Second), Format: tar.FormatPAX,
	})
}

func (a *writer) bytes(name string, content []byte) error {
	return a.entry(name, int64(len(content)), func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func (a *writer) json(name string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return a.bytes(name, append(content, '\n'))
}

func (a *writer) writeSums() error {
	a.parts++
	if err := a.head(fmt.Sprintf("%s%06d", nameSums, a.parts), int64(a.sums.Len())); err != nil {
		return err
	}
	_, err := a.tar.Write(a.sums.Bytes())
	a.sums.Reset()
	a.summed = 0
	return err
}

// close writes what ends a complete backup.
func (a *writer) close() error {
	if err := a.json(nameComplete, a.complete); err != nil {
		return err
	}
	if a.summed > 0 {
		if err := a.writeSums(); err != nil {
			return err
		}
	}
	return a.tar.Close()
}

// Entry is a part of a backup: the database, the secret, or a blob.
type Entry struct {
	Database bool
	Secret   bool
	Key      string // of a blob
	Size     int64  // in bytes
}

// Archive is a backup that is whole: every entry was read once and has its sum.
type Archive struct {
	Manifest
	Holds Complete
	file  io.ReadSeeker
}

// The largest that entries beside the database and blobs may be, in bytes.
const (
	maxSmall = 64 << 10
	maxSums  = sumsAtOnce * (2*sha256.Size + chat.MaxBlobKey + 64)
)

// Open reads all of a backup and checks it.
func Open(ctx context.Context, file io.ReadSeeker) (*Archive, error) {
	a := &Archive{file: file}
	return a, a.read(ctx, func(_ Entry, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
}

// Each has fn read every entry, in the order of the archive. What fn leaves is skipped.
func (a *Archive) Each(ctx context.Context, fn func(Entry, io.Reader) error) error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.read(ctx, fn)
}

// reader is where reading an archive has come to.
type reader struct {
	*Archive
	sums     map[string]sum // of entries that were not compared yet
	database bool
	secret   bool
	complete bool
	summed   bool // nothing has come since the last sums
}

func (a *Archive) read(ctx context.Context, fn func(Entry, io.Reader) error) error {
	archive := tar.NewReader(&patient{ctx, a.file})
	r := reader{Archive: a, sums: map[string]sum{}}
	for first := true; ; first = false {
		head, err := archive.Next()
		switch {
		case err == io.EOF && first:
			return ErrNotBackup
		case err == io.EOF && (!r.complete || !r.summed):
			return ErrCut
		case err == io.EOF && (!r.database || !r.secret):
			return fmt.Errorf("%w: something is missing", ErrDamaged)
		case err == io.EOF:
			return nil
		case first && errors.Is(err, tar.ErrHeader), first && errors.Is(err, io.ErrUnexpectedEOF):
			return ErrNotBackup
		case first && err == nil && head.Name != nameManifest:
			return ErrNotBackup
		case err != nil:
			return broken(err)
		case head.Typeflag != tar.TypeReg:
			return fmt.Errorf("%w: %.100q is no file", ErrDamaged, head.Name)
		}
		if err := r.entry(head, archive, fn); err != nil {
			return err
		}
	}
}

// broken says what an error of reading means.
func broken(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	case errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("%w: not a tar archive from some place on", ErrDamaged)
	}
	return err
}

// source tells an error of the archive from one of who reads it.
type source struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = broken(err)
		err = s.err
	}
	return n, err
}

func (r *reader) entry(head *tar.Header, archive io.Reader, fn func(Entry, io.Reader) error) error {
	if part, ok := strings.CutPrefix(head.Name, nameSums); ok {
		return r.compare(part, head.Size, archive)
	}
	hash := sha256.New()
	in := &source{r: io.TeeReader(archive, hash)}
	e, err := r.place(head)
	if err != nil {
		return err
	}
	if e == (Entry{Size: head.Size}) {
		err = r.small(head, in)
	} else {
		err = fn(e, in)
	}
	if in.err != nil {
		return in.err
	}
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	if err != nil {
		return err
	}
	if _, twice := r.sums[head.Name]; twice {
		return fmt.Errorf("%w: %.100q is there twice", ErrDamaged, head.Name)
	}
	if len(r.sums) >= sumsAtOnce {
		return fmt.Errorf("%w: sums are missing", ErrDamaged)
	}
	r.sums[head.Name] = sum(hash.Sum(nil))
	r.summed = false
	return nil
}

// place finds out what an entry is; the manifest and complete.json are of no kind.
func (r *reader) place(head *tar.Header) (Entry, error) {
	e := Entry{Size: head.Size}
	limit := int64(maxSmall)
	switch key, image := strings.CutPrefix(head.Name, nameImages); {
	case image && chat.ValidBlobKey(key):
		e.Key, limit = key, chat.MaxBlobSize
	case head.Name == nameDatabase && !r.database:
		r.database, e.Database, limit = true, true, 1<<62
	case head.Name == nameSecret && !r.secret:
		r.secret, e.Secret = true, true
	case head.Name == nameManifest, head.Name == nameComplete:
	default:
		return e, fmt.Errorf("%w: %.100q does not belong there", ErrDamaged, head.Name)
	}
	if head.Size < 0 || head.Size > limit {
		return e, fmt.Errorf("%w: %.100q has %d bytes", ErrDamaged, head.Name, head.Size)
	}
	if r.complete {
		return e, fmt.Errorf("%w: it goes on beyond its end", ErrDamaged)
	}
	return e, nil
}

func (r *reader) small(head *tar.Header, in io.Reader) error {
	content, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if head.Name == nameComplete {
		r.complete = true
		err = json.Unmarshal(content, &r.Holds)
	} else if err = json.Unmarshal(content, &r.Manifest); err == nil {
		switch {
		case r.Format > Format:
			return fmt.Errorf("%w (its format is %d, this maru's %d)", ErrNewer, r.Format, Format)
		case r.Format < 1:
			return ErrNotBackup
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, head.Name, err)
	}
	return nil
}

// compare compares the sums of the entries before.
func (r *reader) compare(part string, size int64, archive io.Reader) error {
	if size > maxSums {
		return fmt.Errorf("%w: sums of %d bytes", ErrDamaged, size)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return broken(err)
	}
	for line := range strings.Lines(string(text)) {
		hash, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		got, there := r.sums[name]
		if !there {
			return fmt.Errorf("%w: %.100q is missing", ErrDamaged, name)
		}
		if hash != fmt.Sprintf("%x", got) {
			return fmt.Errorf("%w: %.100q is not what was backed up", ErrDamaged, name)
		}
		delete(r.sums, name)
	}
	if len(r.sums) > 0 {
		return fmt.Errorf("%w: part %.20q of the sums leaves something out", ErrDamaged, part)
	}
	r.summed = true
	return nil
}

// patient reads until its context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, p.ctx.Err()
	}
	return p.r.Read(b)
}
