package faults

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// disk is where a maru under test keeps its data.
type disk struct {
	folder  string
	mounted bool // a file system of its own, which can be full
	filler  *os.File
}

// fill takes what space is left, to the last block.
func (d *disk) fill(t testing.TB) {
	t.Helper()
	var err error
	d.filler, err = os.Create(filepath.Join(d.folder, "filler"))
	must(t, err)
	block := make([]byte, 4096)
	for err == nil {
		_, err = d.filler.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// free gives the space back.
func (d *disk) free(t testing.TB) {
	t.Helper()
	must(t, d.filler.Close())
	must(t, os.Remove(d.filler.Name()))
}

// lock makes the disk read-only, while nobody has a file open; unlock ends that.
func (d *disk) lock(t testing.TB) { t.Helper(); d.setReadOnly(t, true, 0o500, 0o400) }

func (d *disk) unlock(t testing.TB) { t.Helper(); d.setReadOnly(t, false, 0o700, 0o600) }

func (d *disk) setReadOnly(t testing.TB, readOnly bool, folder, file os.FileMode) {
	t.Helper()
	if d.mounted {
		d.remount(t, readOnly)
		return
	}
	files, err := os.ReadDir(d.folder)
	must(t, err)
	for _, f := range files {
		must(t, os.Chmod(filepath.Join(d.folder, f.Name()), file))
	}
	must(t, os.Chmod(d.folder, folder))
}
