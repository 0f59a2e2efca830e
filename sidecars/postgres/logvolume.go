package postgres

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// The log on a volume of its own.
//
// pg_wal of every data directory is a link to a folder of its own there, whose name nothing else ever has and which is never renamed:
// <wal>/<tag>/<random>. So a data directory takes its log along wherever it is renamed to, a swap is one rename on one volume, and another
// volume in the place of the log's is told by the link that leads nowhere. What no data directory leads to any more is removed by sweepWAL.

// Names in a data directory while its log is moved to another volume.
const (
	walDir    = "pg_wal"
	walNext   = "pg_wal.onggi-new" // the link to a whole copy
	walBefore = "pg_wal.onggi-old" // the log that was copied
)

// ErrLogLost is matched by the error of StartCommand for a data directory whose log is gone: its volume was lost, or another is in its place.
var ErrLogLost = errors.New("its log is gone")

// tagFile is the name of the volume's folder on the volume of the log.
const tagFile = "wal"

var tagName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// tag is the folder on the volume of the log that has the logs of this volume's data directories, and nothing else. It is made once.
func (s *Server) tag() (string, error) {
	path := filepath.Join(s.notes(), tagFile)
	text, err := os.ReadFile(path)
	if err == nil {
		if name := strings.TrimSpace(string(text)); tagName.MatchString(name) {
			return filepath.Join(s.Paths.WAL, name), nil
		}
		return "", fmt.Errorf("find the log's folder: %s says %q", path, text)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("find the log's folder: %v", err)
	}
	name := random()
	if err := os.MkdirAll(s.notes(), 0o700); err != nil {
		return "", fmt.Errorf("name the log's folder: %v", err)
	}
	if _, err := writeFile(path, []byte(name+"\n")); err != nil {
		return "", fmt.Errorf("name the log's folder: %w", err)
	}
	return filepath.Join(s.Paths.WAL, name), nil
}

func random() string {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}

// newWAL makes an empty folder for the log of a data directory that is about to be made; "" where the log is inside it. Nothing leads to it
// yet, so it is gone after the next sweep unless a data directory does by then.
func (s *Server) newWAL() (string, error) {
	if s.Paths.WAL == "" {
		return "", nil
	}
	if err := s.sweepWAL(); err != nil {
		return "", err
	}
	parent, err := s.tag()
	if err != nil {
		return "", err
	}
	// The mount itself is not made: without it the log would be on the wrong disk.
	if err := os.Mkdir(parent, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make a folder for the log: %v", err)
	}
	dir := filepath.Join(parent, random())
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the log: %v", err)
	}
	return dir, errors.Join(syncDir(parent), syncDir(s.Paths.WAL))
}

// walArgs are the arguments that make initdb and pg_basebackup put the log there.
func walArgs(dir string) []string {
	if dir == "" {
		return nil
	}
	return []string{"--waldir=" + dir}
}

// walOf is where the log of a data directory is on another volume; "" where it is inside, or nowhere.
func walOf(data string) (string, error) {
	target, err := os.Readlink(filepath.Join(data, walDir))
	switch {
	case err == nil:
		return target, nil
	case errors.Is(err, fs.ErrNotExist), isNoLink(err):
		return "", nil
	}
	return "", fmt.Errorf("look where the log is: %v", err)
}

// LogLost is where the log of the data directory should be and is not, "" where it is there, or there is no data directory. Nothing can be
// started from such a directory: only a copy of another member's helps. What cannot be looked at is an error, and not lost.
func (s *Server) LogLost() (string, error) {
	data := s.Paths.Data
	if m, err := s.readMark(); err != nil {
		return "", err
	} else if m != nil && m.Work == workSwap && exists(s.beside()) {
		data = s.beside() // which is to be the data directory
	}
	if _, err := majorOf(data); errors.Is(err, ErrNoData) {
		return "", nil
	}
	at := filepath.Join(data, walDir)
	info, err := os.Stat(at)
	switch {
	case err == nil && info.IsDir():
		return "", nil
	case err == nil:
		return "", fmt.Errorf("look for the log: %s is no folder", at)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("look for the log: %v", err)
	}
	if !exists(at) && (exists(filepath.Join(data, walBefore)) || exists(filepath.Join(data, walNext))) {
		return "", nil // it is being moved, which Recover ends
	}
	target, err := walOf(data)
	if target == "" {
		target = at
	}
	return target, err
}

// sweepWAL removes the logs of this volume's data directories that are gone. It knows those on the volume and one folder deeper.
func (s *Server) sweepWAL() error {
	if s.Paths.WAL == "" || !exists(filepath.Join(s.notes(), tagFile)) {
		return nil
	}
	parent, err := s.tag()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for logs that nothing leads to: %v", err)
	}
	led, err := s.led()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(parent, entry.Name())
		if led[entry.Name()] != "" {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove a log that nothing leads to: %v", err)
		}
	}
	return nil
}

// led are the names of the folders that links of data directories lead to: the volume of the log may have been mounted elsewhere. A folder that
// cannot be read is an error, since a log that it leads to must not be taken for one that nothing does.
func (s *Server) led() (map[string]string, error) {
	led := map[string]string{}
	folders := []string{s.Paths.Data, filepath.Dir(s.Paths.Data), s.Paths.Volume}
	for _, top := range slices.Compact(slices.Clone(folders[1:])) {
		inside, err := subfolders(top)
		if err != nil {
			return nil, err
		}
		for _, folder := range inside {
			deeper, err := subfolders(folder)
			if err != nil {
				return nil, err
			}
			folders = append(append(folders, folder), deeper...)
		}
	}
	for _, folder := range folders {
		for _, name := range []string{walDir, walNext} {
			target, err := os.Readlink(filepath.Join(folder, name))
			switch {
			case err == nil:
				led[filepath.Base(target)] = target
			case isNoLink(err), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			default:
				return nil, fmt.Errorf("look where a log is: %v", err)
			}
		}
	}
	return led, nil
}

// subfolders of a folder; of one that is not ours to read, as lost+found, none.
func subfolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for data directories: %v", err)
	}
	var found []string
	for _, entry := range entries {
		if entry.IsDir() {
			found = append(found, filepath.Join(dir, entry.Name()))
		}
	}
	return found, nil
}

// isNoLink tells the error of reading what is no link.
func isNoLink(err error) bool { return errors.Is(err, syscall.EINVAL) }

// ForeignLogs are the folders on the volume of the log that belong to no data directory of this volume: what a data volume that was lost has left.
// They may have the only copy of what was committed last, so nobody removes them but makeRoom, and people.
func (s *Server) ForeignLogs() ([]string, error) {
	if s.Paths.WAL == "" {
		return nil, nil
	}
	own, err := s.tag()
	if err != nil {
		return nil, err
	}
	led, err := s.led()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.Paths.WAL)
	if err != nil {
		return nil, fmt.Errorf("look for foreign logs: %v", err)
	}
	var found []string
	for _, entry := range entries {
		path := filepath.Join(s.Paths.WAL, entry.Name())
		used := path == own
		for _, target := range led {
			used = used || filepath.Base(filepath.Dir(target)) == entry.Name()
		}
		if !used && entry.IsDir() && tagName.MatchString(entry.Name()) {
			found = append(found, path)
		}
	}
	return found, nil
}

// makeRoom removes foreign logs once the data directory is whole, where there is less room left than they take.
func (s *Server) makeRoom(done *Cloned) error {
	found, err := s.ForeignLogs()
	for _, path := range found {
		size, err := dirSize(path)
		if err != nil {
			return err
		}
		free, err := freeBytes(s.Paths.WAL)
		if err != nil {
			return err
		}
		if free > size {
			continue
		}
		if err := removeTree(path, RemovedForSpace, done); err != nil {
			return err
		}
	}
	return err
}
