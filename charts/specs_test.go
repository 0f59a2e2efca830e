package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// Every spec of the repository becomes a chart that Helm has nothing to say about, with all its knobs.
func TestChartsOfTheRepositorysSpecs(t *testing.T) {
	kube, err := chartutil.ParseKubeVersion(DefaultKubeVersion)
	require.NoError(t, err)
	for name, set := range repositorySets(t) {
		t.Run(name, func(t *testing.T) {
			files := emit(t, set)
			require.Equal(t, files, emit(t, set))
			result := lint.AllWithKubeVersion(writeChart(t, files), map[string]any{}, set.Namespace, kube)
			require.Empty(t, result.Messages)
			for _, k := range set.Knobs {
				require.NotContains(t, string(files["values.yaml"]), "# -- \n", k.Path)
			}
		})
	}
}

func repositorySets(t *testing.T) map[string]variant.Set {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("..", "testdata", "specs", "*"))
	require.NoError(t, err)
	examples, err := filepath.Glob(filepath.Join("..", "examples", "*"))
	require.NoError(t, err)
	sets := map[string]variant.Set{}
	for _, dir := range append(dirs, examples...) {
		found, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		require.NoError(t, err)
		var sources []spec.Source
		for _, name := range found {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			sources = append(sources, spec.Source{Name: name, Data: data})
		}
		loaded, problems := spec.Load(sources)
		require.Empty(t, problems)
		for _, doc := range loaded.Clusters {
			set, err := variant.Build(doc, variant.Options{Knobs: true})
			require.NoError(t, err)
			sets[fmt.Sprintf("%s/%s", filepath.Base(dir), doc.Name)] = set
		}
	}
	require.NotEmpty(t, sets)
	return sets
}
