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
			set, problems := spec.Load(folder(t, filepath.Join(parent, e.Name())))
			require.Empty(t, problems, e.Name())
			for _, doc := range set.Clusters {
				for _, env := range append([]string{""}, doc.Environments()...) {
					cluster, problems := doc.Resolve(env)
					require.Empty(t, problems, e.Name())
					bundle, problems := render.Compile(cluster)
					require.Empty(t, problems, "%s in %q", e.Name(), env)
					out = append(out, sample{e.Name() + "/" + doc.Name + "@" + env, cluster, bundle})
				}
			}
		}
	}
	require.Greater(t, len(out), 20)
	return out
}
