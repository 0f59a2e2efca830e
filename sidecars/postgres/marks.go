package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The kinds of work on a data directory that leave it half done when they are interrupted.
const (
	workRewind = "rewind" // the directory itself must not be started
	workSwap   = "swap"   // a whole copy stands beside the directory and is to be renamed into its place
)

// mark says what is being done to the data directory. It stands beside it, since pg_rewind removes files that its source lacks.
type mark struct {
	Work   string        `json:"work"`
	From   string        `json:"from,omitempty"`
	Term   uint64        `json:"term,omitempty"`
	Reason RemovalReason `json:"reason,omitempty"` // why the old directory goes; "" where it is kept
	Keep   string        `json:"keep,omitempty"`   // the path under which it is kept; "" is one made of the term
}

func (s *Server) notes() string    { return filepath.Join(s.Paths.Volume, "onggi") }
func (s *Server) markPath() string { return filepath.Join(s.notes(), "work.json") }

// readMark is nil where nothing is half done.
func (s *Server) readMark() (*mark, error) {
	text, err := os.ReadFile(s.markPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the mark of work under way: %v", err)
	}
	return parseMark(text)
}

func parseMark(text []byte) (*mark, error) {
	var m mark
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read the mark of work under way: %v", err)
	}
	if m.Work != workRewind && m.Work != workSwap {
		return nil, fmt.Errorf("read the mark of work under way: %q is no work that is known", m.Work)
	}
	return &m, nil
}

func (s *Server) writeMark(m mark) error {
	if err := os.MkdirAll(s.notes(), 0o700); err != nil {
		return fmt.Errorf("mark work under way: %v", err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("mark work under way: %v", err)
	}
	_, err = writeFile(s.markPath(), append(text, '\n'))
	return err
}

func (s *Server) removeMark() error { return removeFiles(s.notes(), "work.json") }

// Unfinished tells what interrupted work left the data directory half done: "rewind", "swap" or "".
func (s *Server) Unfinished() (string, error) {
	m, err := s.readMark()
	if err != nil || m == nil {
		return "", err
	}
	return m.Work, nil
}

// lastGood are the files that a server starts by. What ALTER SYSTEM wrote can keep it from starting as well as what we did.
var lastGood = []string{mainFile, autoFile, confFile, openHBAFile, identFile}

// KeepGood keeps a copy of the files that the running server was started with, for RestoreGood. Call it once a server that was
// configured has run for a while.
func (s *Server) KeepGood() error {
	dir := filepath.Join(s.notes(), "last-good")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the settings: %v", err)
	}
	for _, name := range lastGood {
		text, err := os.ReadFile(filepath.Join(s.Paths.Data, name))
		if err == nil {
			_, err = writeFile(filepath.Join(dir, name), text)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("keep the settings: %w", err)
		}
	}
	return nil
}

// Kept tells that KeepGood has kept something.
func (s *Server) Kept() bool {
	_, err := os.Stat(filepath.Join(s.notes(), "last-good", confFile))
	return err == nil
}

// RestoreGood puts back what KeepGood kept, after a server has failed to start several times. The settings it replaces are
// remembered: Configure refuses just these with ErrRejected from then on. It returns the files that were different, none
// where nothing was kept, and then the settings are not what keeps the server from starting.
func (s *Server) RestoreGood() ([]string, error) {
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(s.Paths.Data, name))
		return string(text)
	}
	bad := fingerprint(read(confFile), read(openHBAFile), read(identFile))
	var restored []string
	for _, name := range lastGood {
		text, err := os.ReadFile(filepath.Join(s.notes(), "last-good", name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return restored, fmt.Errorf("restore the settings: %v", err)
		}
		changed, err := writeFile(filepath.Join(s.Paths.Data, name), text)
		if err != nil {
			return restored, fmt.Errorf("restore the settings: %w", err)
		}
		if changed {
			restored = append(restored, name)
		}
	}
	if slices.ContainsFunc(restored, func(name string) bool { return name == confFile || name == openHBAFile || name == identFile }) {
		if _, err := writeFile(s.rejectedPath(), []byte(bad+"\n")); err != nil {
			return restored, err
		}
	}
	return restored, nil
}

func (s *Server) rejectedPath() string { return filepath.Join(s.notes(), "rejected") }

func (s *Server) isRejected(texts ...string) bool {
	rejected, err := os.ReadFile(s.rejectedPath())
	return err == nil && strings.TrimSpace(string(rejected)) == fingerprint(texts...)
}

func fingerprint(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:])
}
