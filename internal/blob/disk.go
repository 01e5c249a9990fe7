package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/maru-chat/maru/internal/chat"
)

// What can be wrong with the folder when the program starts.
var (
	ErrFolder  = errors.New("folder of images cannot be written to")
	ErrForeign = errors.New("folder holds something else: images need one of their own")
)

// Disk keeps blobs in a folder:
//
//	3fa/image.01jd…     a blob, in one of 4,096 folders by the hash of its key; "/" in keys is "." in names
//	unfinished/put-…    what is being written
//
// A folder inside gets some thousand entries once there are ten million blobs. The whole is opened anew for every call, so
// one that went away (a disk that is not mounted) is Unavailable until it is back: it is told by its "unfinished", which
// OpenDisk alone makes, so that nothing is written where the disk should be. Several programs may use one folder.
type Disk struct {
	folder string
	lock   *os.File
}

var _ chat.Blobs = (*Disk)(nil)

const (
	unfinished       = "unfinished"
	unfinishedPrefix = "put-"
	ownerFolder      = 0o700
	ownerFile        = 0o600
)

var shelf = regexp.MustCompile(`^[0-9a-f]{3}$`)

// OpenDisk opens a folder, makes it where there is none, and removes what a crash left unfinished.
func OpenDisk(folder string) (_ *Disk, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open %s: %w", folder, err)
		}
	}()
	// Later changes of the working directory must not move it.
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, ownerFolder); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	defer func() { _ = root.Close() }()
	if err := prepare(root); err != nil {
		return nil, err
	}
	d := &Disk{folder: folder}
	if d.lock, err = sweepAlone(root); err != nil {
		return nil, err
	}
	if err := d.Ready(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrFolder, errors.Unwrap(err)), d.Close())
	}
	return d, nil
}

// openSource opens a folder of images that is there, to read from it alone.
func openSource(folder string) (*Disk, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(filepath.Join(folder, unfinished)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("open %s: %w", folder, errNoImages)
	}
	return &Disk{folder: folder}, nil
}

var errNoImages = errors.New("not a folder of a maru's images")

// prepare makes a folder ours that is empty, and refuses one that is somebody else's.
func prepare(root *os.Root) error {
	if info, err := root.Lstat(unfinished); err == nil && info.IsDir() {
		return nil
	}
	if names, err := readNames(root); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	} else if len(names) > 0 {
		return ErrForeign
	}
	if err := root.Mkdir(unfinished, ownerFolder); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := syncFolder(root, "."); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return nil
}

// readNames reads what is in a folder, beside what systems put there by themselves.
func readNames(root *os.Root) ([]string, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	all, err := f.Readdirnames(-1)
	var names []string
	for _, name := range all {
		if name != "lost+found" && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, err
}

// sweep removes what was being written when a program ended. Nobody else may be writing.
func sweep(root *os.Root) error {
	f, err := root.Open(unfinished)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	names, err := f.Readdirnames(-1)
	for _, name := range names {
		if strings.HasPrefix(name, unfinishedPrefix) {
			err = errors.Join(err, root.Remove(path.Join(unfinished, name)))
		}
	}
	return err
}

// Close gives the folder back. Blobs that are open stay so.
func (d *Disk) Close() error {
	if d.lock == nil {
		return nil
	}
	if err := d.lock.Close(); !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}

// place is where a key's blob is.
func place(key string) (folder, file string) {
	sum := sha256.Sum256([]byte(key))
	folder = hex.EncodeToString(sum[:2])[:3]
	return folder, path.Join(folder, strings.ReplaceAll(key, "/", "."))
}

// within runs fn in the folder.
func (d *Disk) within(ctx context.Context, doing string, fn func(*os.Root) error) error {
	if ctx.Err() != nil {
		return unavailable(ctx, doing, nil)
	}
	root, err := os.OpenRoot(d.folder)
	if err == nil {
		err = fn(root)
		_ = root.Close()
	}
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[*chat.Error](err); ours {
		return err
	}
	return unavailable(ctx, doing, err)
}

// Put implements chat.Blobs. The type of the content is not kept.
func (d *Disk) Put(ctx context.Context, key, _ string, r io.Reader, size int64) error {
	if err := check(key); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return unavailable(ctx, "put", nil)
	}
	content, err := newWhole(ctx, r, size)
	if err != nil {
		return err
	}
	err = d.within(ctx, "put", func(root *os.Root) error {
		draft := path.Join(unfinished, unfinishedPrefix+rand.Text())
		folder, file := place(key)
		err := write(root, draft, content)
		if err == nil {
			if err = root.Mkdir(folder, ownerFolder); errors.Is(err, fs.ErrExist) {
				err = nil
			}
		}
		if err == nil {
			err = root.Rename(draft, file)
		}
		if err != nil {
			// Where this fails too, the next start removes it.
			_ = root.Remove(draft)
			return err
		}
		// Also the folder above: somebody else may have made this one a moment ago, and not be done with it.
		return errors.Join(syncFolder(root, folder), syncFolder(root, "."))
	})
	if content.err != nil {
		return content.err
	}
	return err
}

// write makes a file, and returns once its content is on stable storage.
func write(root *os.Root, name string, content io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, ownerFile)
	if err != nil {
		return err
	}
	if _, err = io.Copy(f, content); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Open implements chat.Blobs.
func (d *Disk) Open(ctx context.Context, key string) (chat.Blob, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	b := &diskBlob{ctx: ctx}
	err := d.within(ctx, "open", func(root *os.Root) (err error) {
		_, file := place(key)
		if b.file, err = root.Open(file); err != nil {
			return missing(root, err, notFound())
		}
		info, err := b.file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is not a file", file)
		}
		if err != nil {
			return errors.Join(err, b.file.Close())
		}
		b.size = info.Size()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// missing is what to return where nothing was found: instead, if the folder is ours, and err if it went away.
func missing(root *os.Root, err, instead error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, gone := root.Lstat(unfinished); gone != nil {
		return gone
	}
	return instead
}

// Delete implements chat.Blobs.
func (d *Disk) Delete(ctx context.Context, keys ...string) error {
	if err := check(keys...); err != nil {
		return err
	}
	return d.within(ctx, "delete", func(root *os.Root) error {
		touched := map[string]bool{}
		for _, key := range keys {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			folder, file := place(key)
			err := root.Remove(file)
			if err == nil {
				touched[folder] = true
			} else if err := missing(root, err, nil); err != nil {
				return err
			}
		}
		// Who forgets that there was a blob must not find it again after a crash.
		for folder := range touched {
			if err := syncFolder(root, folder); err != nil {
				return err
			}
		}
		return nil
	})
}

// piece is how many names List reads at once.
const piece = 256

// List implements chat.Blobs.
func (d *Disk) List(ctx context.Context, fn func(chat.BlobEntry) error) error {
	var theirs error // fn's
	err := d.within(ctx, "list", func(root *os.Root) error {
		if _, err := root.Lstat(unfinished); err != nil {
			return err
		}
		names, err := readNames(root)
		if err != nil {
			return err
		}
		for _, name := range names {
			if !shelf.MatchString(name) {
				continue
			}
			if err := listFolder(ctx, root, name, func(e chat.BlobEntry) error { theirs = fn(e); return theirs }); err != nil {
				return err
			}
		}
		return nil
	})
	if theirs != nil {
		return theirs
	}
	return err
}

func listFolder(ctx context.Context, root *os.Root, name string, fn func(chat.BlobEntry) error) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for {
		entries, end := f.ReadDir(piece)
		for _, entry := range entries {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			key := strings.ReplaceAll(entry.Name(), ".", "/")
			if shelf, _ := place(key); !entry.Type().IsRegular() || !chat.ValidBlobKey(key) || shelf != name {
				continue // no blob: none would be found there
			}
			info, err := root.Lstat(path.Join(name, entry.Name()))
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				return err
			}
			if err := fn(chat.BlobEntry{Key: key, Size: info.Size(), Modified: info.ModTime()}); err != nil {
				return err
			}
		}
		if end == io.EOF {
			return nil
		}
		if end != nil {
			return end
		}
	}
}

// Ready implements chat.Blobs: it writes a block, so that a full or read-only disk is noticed.
func (d *Disk) Ready(ctx context.Context) error {
	return d.within(ctx, "try to write", func(root *os.Root) error {
		name := path.Join(unfinished, unfinishedPrefix+rand.Text())
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, ownerFile)
		if err != nil {
			return err
		}
		_, err = f.Write(make([]byte, 4096))
		return errors.Join(err, f.Close(), root.Remove(name))
	})
}

// diskBlob is an open file.
type diskBlob struct {
	ctx  context.Context // of Open
	file *os.File
	size int64
}

func (b *diskBlob) Size() int64 { return b.size }

func (b *diskBlob) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, unavailable(b.ctx, "read", nil)
	}
	n, err := b.file.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // the end is io.EOF itself
		err = unavailable(b.ctx, "read", err)
	}
	return n, err
}

func (b *diskBlob) Seek(offset int64, whence int) (int64, error) { return b.file.Seek(offset, whence) }

func (b *diskBlob) Close() error { return b.file.Close() }
