// Package program copies the program that runs, for a container whose image does not have it: an init container of the program's own image
// puts it into a volume that both mount.
package program

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Install copies this program to a name in a folder and returns where it is. The copy is renamed into place, so that it is there whole or not at all.
func Install(dir, name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own program: %w", err)
	}
	target := filepath.Join(dir, name)
	if err := install(self, target); err != nil {
		return "", fmt.Errorf("install: %w", err)
	}
	return target, nil
}

func install(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	next, err := os.CreateTemp(filepath.Dir(to), ".onggi-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // is gone after the rename
	if _, err = io.Copy(next, in); err == nil {
		err = next.Chmod(0o755)
	}
	if closed := next.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(next.Name(), to)
}
