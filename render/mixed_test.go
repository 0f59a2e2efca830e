package render_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// Every field of every sample is tried in every other sample: databases that nobody thought of. Either a problem is reported,
// or each object passes the upstream definitions. Nothing in between: no object that only the API server would refuse.
func TestSamplesMixed(t *testing.T) {
	specs := make(map[string]map[string]any)
	files, err := filepath.Glob("../testdata/specs/*/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var doc map[string]any
		if yaml.Unmarshal(data, &doc) == nil && doc["kind"] == spec.KindCluster {
			fields := doc["spec"].(map[string]any)
			delete(fields, "overrides")
			specs[file] = fields
		}
	}
	require.Greater(t, len(specs), 8)
	good, refused := 0, 0
	checked := make(map[string]bool) // objects come out the same again and again
	for _, base := range slices.Sorted(maps.Keys(specs)) {
		for _, donor := range slices.Sorted(maps.Keys(specs)) {
			for _, field := range slices.Sorted(maps.Keys(specs[donor])) {
				mixed := maps.Clone(specs[base])
				mixed[field] = specs[donor][field]
				bundle, problems := compileFields(t, mixed)
				if len(problems) > 0 {
					refused++
					continue
				}
				good++
				passes(t, bundle, checked, "%s with %s of %s", base, field, donor)
			}
		}
	}
	require.Greater(t, good, 500)
	require.Greater(t, refused, 20)
}

func compileFields(t *testing.T, fields map[string]any) (render.Bundle, spec.Problems) {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": spec.APIVersion, "kind": spec.KindCluster, "metadata": map[string]any{"name": "shop"}, "spec": fields,
	})
	require.NoError(t, err)
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: text}})
	if len(problems) > 0 || len(set.Clusters) == 0 {
		return render.Bundle{}, problems
	}
	cluster, problems := set.Clusters[0].Resolve("")
	if len(problems) > 0 {
		return render.Bundle{}, problems
	}
	return render.Compile(cluster)
}

// passes holds the objects of a bundle against the definitions of the release that they are for.
func passes(t *testing.T, bundle render.Bundle, checked map[string]bool, format string, args ...any) {
	t.Helper()
	for _, o := range bundle.Objects {
		operator := plan.Version{Major: 1, Minor: 30}
		if !bundle.Plan.Operator.AtLeast(1, 26) {
			operator.Minor = 25
		}
		text := operator.String() + string(manifest.EncodeJSON(o.Body()))
		if checked[text] {
			continue
		}
		checked[text] = true
		require.Empty(t, validator(t, operator).Validate(o), append([]any{format + ": " + o.Ref().String()}, args...)...)
	}
}
