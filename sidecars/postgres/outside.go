package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteOutsidePassfile writes a passfile of its own for a server that is no member.
func WriteOutsidePassfile(name, user, passwordFile string) error {
	password, err := ReadPassword(passwordFile)
	if err != nil {
		return fmt.Errorf("write the passfile of the server outside: %w", err)
	}
	return writePassfile(name, user, password)
}

// foreign puts the configuration of a server aside that was never an agent's: what it archives, loads and logs is its own affair, and some
// servers keep none in the data directory.
func foreign(data string) error {
	main, err := os.ReadFile(filepath.Join(data, mainFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, line := range parseSettings(string(main)) {
		if line.Name == "include" && line.Value == confFile {
			return nil
		}
	}
	for _, name := range []string{mainFile, autoFile} {
		path := filepath.Join(data, name)
		if err := os.Rename(path, path+".outside"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("put the configuration of the server outside aside: %v", err)
		}
		if _, err := writeFile(path, nil); err != nil {
			return err
		}
	}
	return nil
}
