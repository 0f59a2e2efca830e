package main

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile writes a file under a temporary name first, and then puts it in its place: os.Rename replaces a file that is
// there, os.Link refuses to.
func writeFile(place func(from, to string) error, name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".onggi-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already after a rename
	mode := os.FileMode(0o644)
	if old, err := os.Stat(name); err == nil {
		mode = old.Mode().Perm()
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return place(f.Name(), name)
}
