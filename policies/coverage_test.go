package policies

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/manifest"
)

// Every validation of every policy is broken by some sample, alone: an expression that is always true would pass every other
// test.
func TestEveryValidationHasASample(t *testing.T) {
	files, err := filepath.Glob("testdata/ONG*/fail*.yaml")
	require.NoError(t, err)
	var objects []*entry
	for _, file := range files {
		objects = append(objects, newWorld(sample(t, file)).entries...)
	}
	for _, f := range embeddedVAP() {
		for i := range f.policy.Spec.Validations {
			one := f
			one.policy = f.policy.DeepCopy()
			one.policy.Spec.Validations = one.policy.Spec.Validations[i : i+1]
			policies, err := compileVAP([]vapFile{one})
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(objects, func(e *entry) bool { return len(evaluate(policies, e)) > 0 }), "%s: spec.validations[%d]", f.path, i)
		}
	}
}

// The samples use fields that exist: a policy on a misspelt field, with a sample that misspells it too, would check nothing.
func TestSamplesUseRealFields(t *testing.T) {
	schemas, err := crd.Load(os.DirFS(filepath.Join(shared(t), "crds")))
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/ONG*/*.yaml")
	require.NoError(t, err)
	for _, file := range append(files, "testdata/full.yaml") {
		for _, o := range sample(t, file).Objects {
			for _, v := range schemas.Validate(o) {
				if o.Ref().Kind == "ExternalSecret" {
					continue // its definition is not among those at hand
				}
				require.NotContains(t, []crd.Reason{crd.UnknownField, crd.NoSchema, crd.BadSchema}, v.Reason, "%s: %s %s: %s", file, v.Ref, manifest.FormatPath(v.Path), v.Message)
			}
		}
	}
}
