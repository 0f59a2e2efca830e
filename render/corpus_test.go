package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/spec"
)

// sample is one database of one folder of specs, in one environment.
type sample struct {
	name    string
	cluster *spec.Cluster
	bundle  render.Bundle
}

// samples are all databases of testdata/specs and examples, in all their environments, compiled.
func samples(t testing.TB) []sample {
	t.Helper()
	var out []sample
	for _, parent := range []string{"../testdata/specs", "../examples"} {
		entries, err := os.ReadDir(parent)
		require.NoError(t, err)
		for _, e := range entries {
			out = append(out, compiled(t, e.Name(), folder(t, filepath.Join(parent, e.Name())))...)
		}
	}
	require.Greater(t, len(out), 20)
	return out
}

// compiled compiles all databases of some files in all their environments.
func compiled(t testing.TB, name string, sources []spec.Source) []sample {
	t.Helper()
	set, problems := spec.Load(sources)
	require.Empty(t, problems, name)
	var out []sample
	for _, doc := range set.Clusters {
		for _, env := range append([]string{""}, doc.Environments()...) {
			cluster, problems := doc.Resolve(env)
			require.Empty(t, problems, name)
			bundle, problems := render.Compile(cluster)
			require.Empty(t, problems, "%s in %q", name, env)
			out = append(out, sample{name + "/" + doc.Name + "@" + env, cluster, bundle})
		}
	}
	return out
}
