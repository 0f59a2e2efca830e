package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The init container copies the program whole, and again over what a former one left.
func TestInstall(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	want, err := os.ReadFile(self)
	require.NoError(t, err)
	for range 2 {
		var out, errs bytes.Buffer
		require.Zero(t, dispatch([]string{"install", dir}, &out, &errs), errs.String())
		target := filepath.Join(dir, "onggi-agent")
		require.Contains(t, out.String(), target)
		got, err := os.ReadFile(target)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
		info, err := os.Stat(target)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o755), info.Mode().Perm())
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "nothing half-written stays")
	}
}

func TestInstallRefusals(t *testing.T) {
	for _, args := range [][]string{{"install"}, {"install", "a", "b"}, {"install", filepath.Join(t.TempDir(), "none")}} {
		var out, errs bytes.Buffer
		require.Equal(t, exitFailed, dispatch(args, &out, &errs))
		require.Contains(t, errs.String(), "install")
		require.Empty(t, out.String())
	}
}
