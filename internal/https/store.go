package https

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// store is a folder with what one CA knows us by and has given us: the key of an account, and a file for each name with a
// certificate's key and chain.
type store struct {
	folder string
	making sync.Mutex // of the account: several names have one
}

// openStore makes the folder of a CA in the folder of all.
func openStore(all string, directory *url.URL) (*store, error) {
	s := &store{folder: filepath.Join(all, strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(directory.Host+directory.Path)), ".-"))}
	return s, os.MkdirAll(s.folder, 0o700) //nolint:gosec // within the folder of all, whatever the URL
}

const accountFile = "account.pem"

// account is the key of the account, made where there is none. A CA does without a name and a password: who has the key is the account.
func (s *store) account() (crypto.Signer, error) {
	s.making.Lock()
	defer s.making.Unlock()
	path := filepath.Join(s.folder, accountFile)
	text, err := os.ReadFile(path) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if text, err = encodeKey(key); err != nil {
			return nil, err
		}
		return key, s.write(accountFile, text)
	}
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(text); block != nil {
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
	}
	return nil, fmt.Errorf("%s: holds no key; without the file a new account is made", path)
}

// certificate is what is stored for a name, nil for nothing.
func (s *store) certificate(name string) (*tls.Certificate, error) {
	text, err := os.ReadFile(filepath.Join(s.folder, name+".pem")) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as it says
	}
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err == nil {
		err = pair.Leaf.VerifyHostname(name)
	}
	return &pair, err
}

// keep stores a certificate.
func (s *store) keep(name string, text []byte) error { return s.write(name+".pem", text) }

// write writes a file of which there is always a whole one, the old or the new.
func (s *store) write(name string, text []byte) error {
	file, err := os.CreateTemp(s.folder, ".new-*") // its owner's alone
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(s.folder, name))
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// encode is a key and the chain of its certificate in one file, as they are read again.
func encode(key *ecdsa.PrivateKey, chain [][]byte) ([]byte, *tls.Certificate, error) {
	text, err := encodeKey(key)
	if err != nil {
		return nil, nil, err
	}
	b := bytes.NewBuffer(text)
	for _, der := range chain {
		if err := pem.Encode(b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return nil, nil, err
		}
	}
	pair, err := tls.X509KeyPair(b.Bytes(), b.Bytes())
	return b.Bytes(), &pair, err
}
