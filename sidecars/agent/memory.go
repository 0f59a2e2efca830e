package agent

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/onggi-db/onggi/sidecars/ha"
)

// Volume is the folder onggi of the data volume. It implements Memory.
type Volume struct {
	// Lost is where the log of the data there should be and is not, "" where nothing is lost. Nil: it is never asked.
	Lost func() (string, error)

	dir     string
	ballast int64
}

// The files of the folder.
const (
	memberFile  = "member"
	stateFile   = "state.json"
	lostFile    = "lost-log" // where the log was for whose loss the identity was changed
	ballastFile = "ballast"
)

// NewVolume is the memory on a mounted volume. ballast is how many bytes are kept there to be given up on the day on which it is
// full, 0 for none.
func NewVolume(mount string, ballast int64) *Volume {
	return &Volume{dir: filepath.Join(mount, "onggi"), ballast: ballast}
}

var memberID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// Open implements Memory.
func (v *Volume) Open() (string, ha.Durable, error) {
	if err := os.MkdirAll(v.dir, 0o700); err != nil {
		return "", ha.Durable{}, fmt.Errorf("open the volume's memory: %w", err)
	}
	if err := v.forget(); err != nil {
		return "", ha.Durable{}, fmt.Errorf("open the volume's memory: %w", err)
	}
	id, err := v.member()
	if err != nil {
		return "", ha.Durable{}, fmt.Errorf("open the volume's memory: %w", err)
	}
	var d ha.Durable
	text, err := os.ReadFile(filepath.Join(v.dir, stateFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", ha.Durable{}, fmt.Errorf("open the volume's memory: %w", err)
	default:
		// What is there and cannot be read is no reason to begin as if nothing had been promised.
		if err := json.Unmarshal(text, &d); err != nil {
			return "", ha.Durable{}, fmt.Errorf("open the volume's memory: read %s: %w", stateFile, err)
		}
	}
	v.fill()
	return id, d, nil
}

// forget makes a volume whose log is lost another member's: what the member of before acknowledged may be gone with it, and where it votes as if it
// had never had that, an election goes without. It is done once for each loss, and begun again where it was interrupted.
func (v *Volume) forget() error {
	if v.Lost == nil {
		return nil
	}
	where, err := v.Lost()
	if err != nil || where == "" {
		return err
	}
	if known, err := os.ReadFile(filepath.Join(v.dir, lostFile)); err == nil && strings.TrimSpace(string(known)) == where {
		return nil
	}
	if _, err := v.rename(); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(v.dir, stateFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return v.replace(lostFile, []byte(where+"\n"))
}

// member is the volume's identity, which is made where it has none.
func (v *Volume) member() (string, error) {
	text, err := os.ReadFile(filepath.Join(v.dir, memberFile))
	if err == nil {
		id := strings.TrimSpace(string(text))
		if !memberID.MatchString(id) {
			return "", fmt.Errorf("read %s: %q is no identity", memberFile, id)
		}
		return id, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return v.rename()
}

// rename gives the volume a new identity.
func (v *Volume) rename() (string, error) {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails
	id := hex.EncodeToString(raw[:])
	return id, v.replace(memberFile, []byte(id+"\n"))
}

// Remember implements Memory. On a full volume it gives up the ballast and tries once more.
func (v *Volume) Remember(d ha.Durable) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode what to remember: %w", err)
	}
	err = v.replace(stateFile, text)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		if v.GiveUp() {
			err = v.replace(stateFile, text)
		}
	}
	return err
}

func (v *Volume) replace(name string, text []byte) error {
	return replaceFile(filepath.Join(v.dir, name), text)
}

// replaceFile writes a file of mode 0600 wholly or not at all, also if the machine loses power.
func replaceFile(name string, text []byte) error {
	temporary := name + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// fill sets the ballast aside, if there is room for many times as much.
func (v *Volume) fill() {
	name := filepath.Join(v.dir, ballastFile)
	if info, err := os.Stat(name); v.ballast == 0 || err == nil && info.Size() == v.ballast {
		return
	}
	var st syscall.Statfs_t
	if syscall.Statfs(v.dir, &st) != nil || int64(st.Bavail)*st.Bsize < 16*v.ballast {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return
	}
	// A file system that cannot reserve has no ballast: a hole would give nothing up.
	if syscall.Fallocate(int(f.Fd()), 0, 0, v.ballast) != nil {
		_ = os.Remove(name)
	}
	_ = f.Close()
}

// GiveUp removes the ballast, and tells whether there was one.
func (v *Volume) GiveUp() bool { return os.Remove(filepath.Join(v.dir, ballastFile)) == nil }
