package watch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBeingWritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(name)
	require.NoError(t, err)
	require.True(t, beingWritten(name))
	require.NoError(t, f.Close())
	require.False(t, beingWritten(name))
	f, err = os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	require.False(t, beingWritten(name), "a reader is no writer")
	require.False(t, beingWritten(name+"x"))
}
