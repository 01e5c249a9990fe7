package https

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files are looked at: two calls of the system, no reading.
const lookEvery = time.Second

// Files are a certificate and its key in two files, which another program replaces from time to time.
type Files struct {
	cert, key string
	log       *slog.Logger

	current atomic.Pointer[tls.Certificate]

	// of Run alone
	seen   stamp // of what current was read from, or of what was found unusable
	failed error // why seen is unusable
	said   bool  // the log knows
	remind reminder
}

var _ Certificates = (*Files)(nil)

// stamp tells one state of the two files from another, however they are replaced: in place, by renaming, by a new link.
type stamp struct{ cert, key fs.FileInfo }

func (s stamp) same(other stamp) bool {
	return sameFile(s.cert, other.cert) && sameFile(s.key, other.key)
}

func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// OpenFiles reads a certificate with its chain and its key, both PEM. One that has expired is a warning alone: to have people
// click it away is better than to have them find nothing.
func OpenFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log, remind: reminder{log: log}}
	var err error
	if f.seen, err = f.stamp(); err != nil {
		return nil, err
	}
	pair, err := f.read()
	if err != nil {
		return nil, err
	}
	f.current.Store(pair)
	if mode := f.seen.key.Mode().Perm(); mode&0o007 != 0 {
		log.Warn("the key of the certificate can be read by everybody on this machine: chmod o= it", "file", key, "mode", mode.String())
	}
	f.remind.look(pair.Leaf, time.Now())
	return f, nil
}

func (f *Files) stamp() (s stamp, err error) {
	if s.cert, err = os.Stat(f.cert); err != nil {
		return s, named("--tls-cert", f.cert, err)
	}
	if s.key, err = os.Stat(f.key); err != nil {
		return s, named("--tls-key", f.key, err)
	}
	return s, nil
}

func (f *Files) read() (*tls.Certificate, error) {
	cert, err := os.ReadFile(f.cert)
	if err != nil {
		return nil, named("--tls-cert", f.cert, err)
	}
	key, err := os.ReadFile(f.key)
	if err != nil {
		return nil, named("--tls-key", f.key, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		if strings.Contains(string(key), "ENCRYPTED") {
			err = errors.New("the key is encrypted, and Maru has no passphrase")
		}
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %s", f.cert, f.key, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return &pair, nil
}

// named says which flag named a file, and what is wrong with it.
func named(flag, file string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s %s: %w", flag, file, err)
}

// Certificate implements Certificates: the same for every name, which only the browser knows to be right.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load(), nil
}

// NotAfter implements Certificates.
func (f *Files) NotAfter() time.Time { return f.current.Load().Leaf.NotAfter }

// Run implements Certificates: it reads the files anew when they change. Connections that are open go on as they are.
func (f *Files) Run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.look()
		}
	}
}

// look reads what has changed. What cannot be used leaves the old in place, and is tried at each look until it can: whoever replaces
// two files one after the other is in between for a moment, so that only what lasts until the next look is told, and once.
func (f *Files) look() {
	defer func() { f.remind.look(f.current.Load().Leaf, time.Now()) }()
	now, err := f.stamp()
	same := err == nil && f.seen.cert != nil && now.same(f.seen)
	if same && f.failed == nil {
		return
	}
	var pair *tls.Certificate
	if err == nil {
		pair, err = f.read()
	}
	if err == nil {
		f.current.Store(pair)
		f.seen, f.failed, f.said = now, nil, false
		f.log.Info("the certificate was replaced", "names", pair.Leaf.DNSNames, "until", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
		return
	}
	lasts := f.failed != nil && f.failed.Error() == err.Error()
	if lasts && !f.said {
		f.said = true
		f.log.Error("the new certificate cannot be used, the old one stays", "error", err.Error())
	}
	if !lasts {
		f.said = false
	}
	f.seen, f.failed = now, err
}
