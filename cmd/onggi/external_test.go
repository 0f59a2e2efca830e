package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/policies/crd"
)

// The law holds for ExternalSecrets too; they pass their definition, and whatever the other objects read is made by one of them.
func TestLawOfExternalSecrets(t *testing.T) {
	schemas, err := crd.Load(os.DirFS(filepath.Join("..", "..", "testdata", "crds")))
	require.NoError(t, err)
	made := 0
	eachSeed(t, seeds(t, 2), func(l *law) {
		l.c.Cluster["spec"].(map[string]any)["secrets"] = map[string]any{
			"provider": "external-secrets", "store": map[string]any{"name": "vault", "path": "a/b", "refresh": "90m"},
		}
		_, set, ok := l.built(l.c.YAML(), true)
		if !ok {
			return
		}
		chart, err := charts.Emit(set, charts.Options{})
		require.NoError(l, err)
		for _, m := range charts.Verify(set, chart) {
			require.NoError(l, m)
		}
		overlay, err := overlays.Emit(set, overlays.Options{})
		require.NoError(l, err)
		require.NoError(l, overlays.Verify(set, overlay))
		for _, env := range variants(set) {
			for _, o := range env.Objects {
				if o.Ref().Kind == "ExternalSecret" {
					made++
					require.Empty(l, schemas.Validate(o))
				}
			}
			for _, f := range policies.Check(policies.Input{Objects: env.Objects, Namespace: env.Namespace}) {
				require.NotContains(l, []string{"ONG7001", "ONG7002"}, f.Policy, "%s in %q", f.Message, env.Name)
			}
		}
	})
	if *lawSeed < 0 {
		require.Positive(t, made, "no random spec reads a Secret")
	}
}
