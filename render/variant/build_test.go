package variant_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// homelab is the example, as any command reads it.
func homelab(t *testing.T) *spec.Document {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "examples", "homelab", "*.yaml"))
	require.NoError(t, err)
	var sources []spec.Source
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		sources = append(sources, spec.Source{Name: filepath.ToSlash(name), Data: data})
	}
	set, problems := spec.Load(sources)
	require.Empty(t, problems)
	return set.Clusters[0]
}

func TestBuild(t *testing.T) {
	set, err := variant.Build(homelab(t), variant.Options{Knobs: true})
	require.NoError(t, err)
	require.Equal(t, "lemon", set.Name)
	require.Equal(t, "17.10", set.Version)
	require.Len(t, set.Envs, 2)
	require.Equal(t, "databases-dev", set.Envs[0].Namespace)
	require.Contains(t, set.Requires, "clusters.postgresql.cnpg.io")
	require.NotContains(t, set.Requires, "services.")

	knobs := make(map[string]variant.Knob)
	for _, k := range set.Knobs {
		knobs[k.Path] = k
	}
	t.Run("a field that is copied is a knob, with its documentation", func(t *testing.T) {
		k := knobs["storage.size"]
		require.Equal(t, "10Gi", k.Value)
		require.NotEmpty(t, k.Doc)
		require.Len(t, k.Fields, 1)
		require.Equal(t, []any{"spec", "storage", "size"}, k.Fields[0].Path)
	})
	t.Run("the pinned image is a knob although the spec does not name it", func(t *testing.T) {
		require.Contains(t, knobs["image"].Value, "postgresql:17.10")
	})
	t.Run("instances says what it moves besides", func(t *testing.T) {
		require.Equal(t, int64(1), knobs["instances"].Envs["dev"])
		require.Contains(t, knobs["instances"].Doc, "spec.enablePDB")
	})
	t.Run("of an enum only what is copied may be chosen", func(t *testing.T) {
		require.NotContains(t, knobs["backup.walCompression"].Schema["enum"], "none")
	})
	t.Run("what shapes other fields is no knob", func(t *testing.T) {
		for _, path := range []string{"version", "backend", "replication.mode", "timeouts.stop", "backup.destination.x"} {
			require.NotContains(t, knobs, path)
		}
	})
}

func TestOnly(t *testing.T) {
	set, err := variant.Build(homelab(t), variant.Options{Only: []string{"prod"}})
	require.NoError(t, err)
	require.Len(t, set.Envs, 1)
	_, err = variant.Build(homelab(t), variant.Options{Only: []string{"pord"}})
	require.ErrorContains(t, err, "ONG3001")
}
