package overlays

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGolden(t *testing.T) {
	tests := map[string]Options{
		"plain":   {},
		"shipped": {Components: []string{"longhorn", "metallb", "arm64"}},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			files, err := Emit(sample(t), options)
			require.NoError(t, err)
			golden(t, filepath.Join("testdata", "golden", name), files)
		})
	}
}

// golden compares files with a folder.
func golden(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.RemoveAll(dir))
		for file, data := range files {
			to := filepath.Join(dir, filepath.FromSlash(file))
			require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
			require.NoError(t, os.WriteFile(to, data, 0o644))
		}
	}
	var onDisk []string
	require.NoError(t, filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		onDisk = append(onDisk, filepath.ToSlash(name))
		return err
	}))
	require.ElementsMatch(t, onDisk, slices.Collect(maps.Keys(files)))
	for file, data := range files {
		want, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		require.NoError(t, err)
		require.Equal(t, string(want), string(data), file)
	}
}
