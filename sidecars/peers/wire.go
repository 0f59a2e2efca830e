package peers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
)

// The headers of the protocol.
const (
	headerCluster = "Onggi-Cluster"
	headerFrom    = "Onggi-From"
	headerTo      = "Onggi-To"
	headerNonce   = "Onggi-Nonce"
	headerSeal    = "Onggi-Seal"

	prefix = "/peer/v1/"
)

// MaxBody bounds a request and an answer, in bytes.
const MaxBody = 64 << 10

// Keys are what messages are sealed with: the first one seals, each of them opens, so that one can take another's place. They are
// asked for at every message. A nil Keys is no seal; one that has none to give, because a file is empty, opens and seals nothing.
type Keys func() [][]byte

// letter is what a seal covers.
type letter struct {
	answer                  bool
	status                  int // of an answer
	kind, cluster, from, to string
	nonce                   string
	body                    []byte
}

// seal is the seal of a letter in hexadecimal. Each part goes in with its length, so that no two letters have the same bytes.
func (l letter) seal(key []byte) string {
	mac := hmac.New(sha256.New, key)
	var size [8]byte
	part := func(p []byte) {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		mac.Write(size[:])
		mac.Write(p)
	}
	direction := uint64(0)
	if l.answer {
		direction = 1 + uint64(l.status)
	}
	part(binary.BigEndian.AppendUint64(nil, direction))
	for _, text := range []string{l.kind, l.cluster, l.from, l.to, l.nonce} {
		part([]byte(text))
	}
	part(l.body)
	return hex.EncodeToString(mac.Sum(nil))
}

// opens says whether one of the keys made this seal.
func (l letter) opens(keys [][]byte, seal string) bool {
	for _, key := range keys {
		if len(key) > 0 && hmac.Equal([]byte(l.seal(key)), []byte(seal)) {
			return true
		}
	}
	return false
}

var (
	errSeal  = errors.New("the seal is missing or wrong")
	errNoKey = errors.New("there is no key to seal with")
)

// put writes the letter's headers, sealed if there are keys.
func (l letter) put(header http.Header, keys Keys) error {
	header.Set(headerCluster, l.cluster)
	header.Set(headerFrom, l.from)
	header.Set(headerTo, l.to)
	header.Set(headerNonce, l.nonce)
	if keys == nil {
		return nil
	}
	now := keys()
	if len(now) == 0 || len(now[0]) == 0 {
		return errNoKey
	}
	header.Set(headerSeal, l.seal(now[0]))
	return nil
}

// check is nil for a letter that is sealed as it should be.
func (l letter) check(header http.Header, keys Keys) error {
	if keys != nil && !l.opens(keys(), header.Get(headerSeal)) {
		return errSeal
	}
	return nil
}

// newNonce is 128 random bits.
func newNonce() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}
