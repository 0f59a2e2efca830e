package sealing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/onggi-db/onggi/render/seal"
)

// digestKeySize is that of SHA-256's block: more would be hashed first.
const digestKeySize = 32

// readDigestKey reads the local key of digests; nil without an error when there is none yet.
func readDigestKey(name string) (seal.DigestKey, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil // making one says what is wrong with the place
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read digest key %s: others can read it, and try out with it what was sealed: chmod 600 it, or delete it for a new one", name)
	}
	data, err := readLimited(name, 1<<10)
	if err != nil {
		return nil, fmt.Errorf("read digest key %s: %w", name, err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) != digestKeySize {
		return nil, fmt.Errorf("read digest key %s: it is not the text that onggi wrote: restore it, or delete it for a new one", name)
	}
	return key, nil
}

// makeDigestKey writes a new key. When another run was first, that one's is taken.
func makeDigestKey(name string, entropy io.Reader) (seal.DigestKey, error) {
	key := make(seal.DigestKey, digestKeySize)
	if _, err := io.ReadFull(entropy, key); err != nil {
		return nil, fmt.Errorf("make digest key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("make digest key: %w", err)
	}
	err := place(os.Link, name, []byte(hex.EncodeToString(key)+"\n"), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return readDigestKey(name)
	}
	if err != nil {
		return nil, fmt.Errorf("make digest key %s: %w", name, err)
	}
	return key, nil
}
