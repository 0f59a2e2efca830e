package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writeFile puts content where path says, wholly or not at all, also if the machine loses power. It says whether anything
// changed: a file that already has the content is left alone.
func writeFile(path string, content []byte) (changed bool, err error) {
	if was, err := os.ReadFile(path); err == nil && bytes.Equal(was, content) {
		return false, nil
	}
	// The name is fixed, so that what an interrupted writing leaves is overwritten by the next.
	next := path + ".onggi-new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false, fmt.Errorf("write %s: %v", path, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(next, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(next)
		return false, fmt.Errorf("write %s: %w", path, err)
	}
	return true, nil
}

// removeFiles removes files of a folder; those that are not there are no error.
func removeFiles(dir string, names ...string) error {
	removed := false
	for _, name := range names {
		err := os.Remove(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove a file: %v", err)
		}
		removed = removed || err == nil
	}
	if !removed {
		return nil
	}
	return syncDir(dir)
}

// syncDir makes what was renamed, made or removed in a folder last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %v", dir, err)
	}
	return errors.Join(f.Sync(), f.Close())
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
