package supervise

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A container that is started again in the same pod finds the lock files of the postmaster that died, and some thread of ours has the pid in them.
func TestLocksOfADeadPostmasterAreRemoved(t *testing.T) {
	run, data := t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(run, "postgres"), 0o700))
	locks := []string{filepath.Join(run, ".s.PGSQL.5432.lock"), filepath.Join(run, "postgres", ".s.PGSQL.5432.lock"), filepath.Join(data, "postmaster.pid")}
	kept := filepath.Join(run, "postgres", ".s.PGSQL.5432")
	for _, path := range append(locks, kept) {
		require.NoError(t, os.WriteFile(path, []byte("18\n"), 0o600))
	}
	s := &supervisor{o: Options{Socket: filepath.Join(run, "supervisor.sock"), Data: data}, log: newLog(io.Discard)}
	s.removeStale()
	for _, path := range locks {
		require.NoFileExists(t, path)
	}
	require.FileExists(t, kept)
}
