package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// passfilePrefix is what a line of a passfile has before the password.
func passfilePrefix(user string) string { return "*:*:*:" + passfileEscapes.Replace(user) + ":" }

var passfileEscapes = strings.NewReplacer(`\`, `\\`, ":", `\:`)

// writePassfile makes a file that has the password of one user, for every server and database.
func writePassfile(name, user, password string) error {
	_, err := writeFile(name, []byte(passfilePrefix(user)+passfileEscapes.Replace(password)+"\n"))
	return err
}

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
	return writePassfile(s.Paths.Passfile, Replicator, password)
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
	escaped, ours := strings.CutPrefix(line, passfilePrefix(Replicator))
	if !ours {
		return "", nil
	}
	return strings.NewReplacer(`\\`, `\`, `\:`, ":").Replace(escaped), nil
}

// Admits asks another member whether it lets the replicator in with a password.
func (s *Server) Admits(ctx context.Context, upstream Upstream, password string) error {
	conn, err := s.connectWith(ctx, upstream, password)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
