package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

const passfilePrefix = "*:*:*:" + Replicator + ":"

// WritePassfile writes the replicator's password to the passfile, which primary_conninfo and the programs name. Who connects reads it
// anew, so nothing has to be told.
func (s *Server) WritePassfile(passwordFile string) error {
	password, err := ReadPassword(passwordFile)
	if err != nil {
		return fmt.Errorf("write the passfile: %w", err)
	}
	return s.SetPassfile(password)
}

// SetPassfile is WritePassfile of a password.
func (s *Server) SetPassfile(password string) error {
	if s.Paths.Passfile == "" {
		return errors.New("write the passfile: there is no path for it")
	}
	line := passfilePrefix + strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(password) + "\n"
	_, err := writeFile(s.Paths.Passfile, []byte(line))
	return err
}

// Passfile is the password that the passfile has, "" where there is none.
func (s *Server) Passfile() (string, error) {
	text, err := os.ReadFile(s.Paths.Passfile)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the passfile: %v", err)
	}
	line, _ := strings.CutSuffix(string(text), "\n")
	escaped, ours := strings.CutPrefix(line, passfilePrefix)
	if !ours {
		return "", nil
	}
	return strings.NewReplacer(`\\`, `\`, `\:`, ":").Replace(escaped), nil
}

// ErrPassword is matched by the error of Admits for a password that is not the replicator's.
var ErrPassword = errors.New("the password is not the replicator's")

// Admits asks another member whether it lets the replicator in with a password. Any error but ErrPassword says nothing of the password.
func (s *Server) Admits(ctx context.Context, upstream Upstream, password string) error {
	conn, err := s.connectWith(ctx, upstream, password)
	switch sqlState(err) {
	case "28P01", "28000":
		return fmt.Errorf("%w: %v", ErrPassword, err)
	}
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
