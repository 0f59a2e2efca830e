package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Origin is how the value of a key came about.
type Origin string

// The origins.
const (
	Made  Origin = "made"  // made up here; nobody knows it
	Given Origin = "given" // given by a person; its digest tells whether another one is given later
	Named Origin = "named" // written in the spec: a username
)

// Record is what a file says of one of its keys.
type Record struct {
	Origin      Origin
	Fingerprint string // of the certificate that it was sealed for
	Digest      string // of a value that was given: "<id of the digest key>:<digest>"
	Value       string // of one that the spec names
}

// annotation keeps the records, one line for each key:
//
//	ACCESS_KEY given SHA256:… 5f3a…:91c2…
//	password made SHA256:…
//	username named SHA256:… "app"
const annotation = "onggi.dev/sealed"

// formatRecords writes records, sorted by key.
func formatRecords(records map[string]Record) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(records)) {
		r := records[key]
		fmt.Fprintf(&b, "%s %s %s", key, r.Origin, r.Fingerprint)
		switch r.Origin {
		case Given:
			b.WriteString(" " + r.Digest)
		case Named:
			b.WriteString(" " + strconv.Quote(r.Value))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// parseRecords reads what formatRecords writes, and nothing else.
func parseRecords(text string) (map[string]Record, error) {
	out := make(map[string]Record)
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		part := strings.SplitN(line, " ", 4)
		if !ended || len(part) < 3 {
			return nil, fmt.Errorf("annotation %s: %q is not a record", annotation, line)
		}
		key, r := part[0], Record{Origin: Origin(part[1]), Fingerprint: part[2]}
		ok := false
		switch {
		case r.Origin == Made:
			ok = len(part) == 3
		case len(part) < 4:
		case r.Origin == Given:
			r.Digest, ok = part[3], !strings.Contains(part[3], " ")
		case r.Origin == Named:
			value, err := strconv.Unquote(part[3])
			r.Value, ok = value, err == nil && strconv.Quote(value) == part[3]
		}
		if _, twice := out[key]; twice || !ok || key == "" || r.Fingerprint == "" {
			return nil, fmt.Errorf("annotation %s: %q is not a record", annotation, line)
		}
		out[key] = r
	}
	return out, nil
}

// DigestKey is the local key of digests, 32 random bytes that are kept out of every repository; nil when there is none.
type DigestKey []byte

// digest tells one value from another, to whoever has the key. It covers where the value is used and for which certificate it was
// sealed, so that two equal digests never say that two secrets are the same.
func (k DigestKey) digest(fingerprint string, scope Scope, namespace, name, key string, value []byte) string {
	h := hmac.New(sha256.New, k)
	for _, field := range [][]byte{[]byte("onggi seal 1"), []byte(fingerprint), []byte(scope), []byte(namespace), []byte(name), []byte(key), value} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		h.Write(length[:])
		h.Write(field)
	}
	return k.id() + ":" + hex.EncodeToString(h.Sum(nil))
}

// id names the key without telling it: digests made with another key cannot be compared.
func (k DigestKey) id() string {
	h := hmac.New(sha256.New, k)
	h.Write([]byte("onggi seal key 1"))
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// comparable reports whether a digest was made with this key.
func (k DigestKey) comparable(digest string) bool {
	return len(k) > 0 && strings.HasPrefix(digest, k.id()+":")
}
