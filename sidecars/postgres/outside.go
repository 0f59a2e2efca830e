package postgres

import (
	"context"
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
	return aside(data)
}

// aside puts away what a server was configured by.
func aside(data string) error {
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

// Copyable tells whether a running server can be copied: it is asked before gigabytes are. It has to let its user in for replication, and to be of the
// major version of the programs here.
func (s *Server) Copyable(ctx context.Context, from Upstream) error {
	if err := from.check(); err != nil {
		return err
	}
	here, err := s.programMajor(ctx)
	if err != nil {
		return err
	}
	conn, err := s.connectFor(ctx, from, "", map[string]string{"replication": "true"})
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	there, err := serverVersion(conn)
	if err != nil {
		return err
	}
	if there != here {
		return fmt.Errorf("it is PostgreSQL %d, and a copy can be run by nothing else than that; here is %d", there, here)
	}
	return nil
}

// Copy makes a copy of a running server in a folder that does not exist, with the log that it needs, and with settings of its own: what the other one
// archives, loads and logs is its own affair, also where an agent of another cluster wrote it.
func (s *Server) Copy(ctx context.Context, from Upstream, into string) error {
	if err := s.baseBackup(ctx, from, into, "", CloneOptions{}); err != nil { // Restore moves the log, as that of a backup
		return err
	}
	return aside(into)
}
