package postgres_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// Where nothing was written since the last segment ended, the position is the boundary between two, and postgres 17 and newer name the later one of
// them, which nobody archives. So there is always something written.
func TestWhatWasWrittenIsArchivedAlsoWhereNothingWas(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "a")
	n.stop()
	archive := t.TempDir()
	require.NoError(t, os.Chmod(archive, 0o777))
	require.NoError(t, os.Chmod(filepath.Dir(archive), 0o755))
	n.configure(func(s *postgres.Settings) { s.ArchiveCommand = "cp %p " + archive + "/%f" })
	n.start(postgres.AsPrimary)
	for range 3 {
		last := n.sql("SELECT pg_walfile_name(pg_current_wal_insert_lsn() + 1)")
		require.NoFileExists(t, filepath.Join(archive, last))
		require.NoError(t, n.ArchiveAll(n.ctx(), patience))
		require.FileExists(t, filepath.Join(archive, last))
	}
}
