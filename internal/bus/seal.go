package bus

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"
)

// sealer keeps what nodes tell each other from whoever else can reach their NATS: nobody without the key can read it, change
// it, or tell them anything. The subject is authenticated with it.
type sealer struct {
	aead  cipher.AEAD
	nonce [chacha20poly1305.NonceSizeX]byte // random for each process, but for its count
	count atomic.Uint64
}

// nonceCount is how many bytes of the nonce count; the other sixteen are random.
const nonceCount = 8

// sealVersion begins every payload.
const sealVersion = 1

func newSealer(key []byte) (*sealer, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	s := &sealer{aead: aead}
	_, _ = rand.Read(s.nonce[:]) // never fails: crypto/rand ends the program instead
	return s, nil
}

// overhead is by how much a sealed payload is larger.
const overhead = 1 + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

func (s *sealer) seal(subject string, payload []byte) []byte {
	out := make([]byte, 0, overhead+len(payload))
	out = append(out, sealVersion)
	out = append(out, s.nonce[nonceCount:]...)
	n := s.count.Add(1)
	for range nonceCount {
		out = append(out, byte(n))
		n >>= 8
	}
	return s.aead.Seal(out, out[1:], payload, []byte(subject))
}

var errNotOurs = errors.New("not said by a node of this Maru")

func (s *sealer) open(subject string, sealed []byte) ([]byte, error) {
	if len(sealed) < overhead || sealed[0] != sealVersion {
		return nil, errNotOurs
	}
	nonce, rest := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	payload, err := s.aead.Open(nil, nonce, rest, []byte(subject))
	if err != nil {
		return nil, errNotOurs
	}
	return payload, nil
}
