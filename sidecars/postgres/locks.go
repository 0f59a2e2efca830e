package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// noProcess is a process id that Linux never gives out: its ids end below 2^22.
const noProcess = "4194304"

// ForgetProcess makes lock files of a server that was killed say that its process is gone. Call it before StartCommand and Rewind,
// only when the supervisor has reported that no process of the server is left and holds the volume's lock.
//
// Postgres takes the id in its lock file for a running server if any process of the same user has it. In a container's PID
// namespace the ids are small and come again with every start, so that after a kill it may refuse to start for good. The
// rest of postmaster.pid stays: it names the shared memory, by which Postgres notices backends that were left over.
func (s *Server) ForgetProcess() error {
	for _, path := range []string{
		filepath.Join(s.Paths.Data, "postmaster.pid"),
		filepath.Join(s.Paths.Socket, fmt.Sprintf(".s.PGSQL.%d.lock", s.Paths.Port)),
	} {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("forget the process of a killed server: %v", err)
		}
		_, rest, _ := strings.Cut(string(text), "\n")
		if _, err := writeFile(path, []byte(noProcess+"\n"+rest)); err != nil {
			return fmt.Errorf("forget the process of a killed server: %w", err)
		}
	}
	return nil
}
