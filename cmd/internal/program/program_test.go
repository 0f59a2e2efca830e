package program_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/program"
)

// The copy is this program, anybody may run it, and it takes the place of another one at once.
func TestInstall(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "onggi"), []byte("an older one"), 0o600))
	target, err := program.Install(dir, "onggi")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "onggi"), target)
	self, err := os.Executable()
	require.NoError(t, err)
	want, err := os.ReadFile(self)
	require.NoError(t, err)
	got, err := os.ReadFile(target)
	require.NoError(t, err)
	require.True(t, string(want) == string(got))
	info, err := os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)

	_, err = program.Install(filepath.Join(dir, "nowhere"), "onggi")
	require.ErrorIs(t, err, os.ErrNotExist)
}
