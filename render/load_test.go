package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

// folder reads the YAML files of a folder as sources, named by their paths below it.
func folder(t testing.TB, dir string) []spec.Source {
	t.Helper()
	var sources []spec.Source
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		sources = append(sources, spec.Source{Name: filepath.ToSlash(name), Data: data})
		return err
	}))
	require.NotEmpty(t, sources)
	return sources
}
