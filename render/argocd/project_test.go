package argocd_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// The project of a bare database allows every kind that a spec of its back end may be rendered to: one that left the list with the
// last object of the kind would keep that object for ever.
func TestProjectHasEveryKindOfABackEnd(t *testing.T) {
	found, err := filepath.Glob("../../testdata/specs/*/*.yaml")
	require.NoError(t, err)
	kinds := map[string]map[string]bool{}
	for _, name := range found {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		loaded, problems := spec.Load([]spec.Source{{Name: name, Data: data}})
		require.Empty(t, problems)
		for _, doc := range loaded.Clusters {
			set, err := variant.Build(doc, variant.Options{})
			if err != nil {
				continue // what it lacks stands in its project
			}
			if kinds[set.Backend] == nil {
				kinds[set.Backend] = map[string]bool{}
			}
			for _, objs := range append([]variant.Env{{Objects: set.Base}}, set.Envs...) {
				for _, o := range objs.Objects {
					kinds[set.Backend][o.Ref().Group()+"/"+o.Ref().Kind] = o.Part != manifest.PartExtra
				}
			}
		}
	}
	for _, backend := range []string{"cloudnative-pg", "native"} {
		bare := variant.Set{Name: "shop", Namespace: "databases", Engine: "postgres", Version: "17.10", Backend: backend}
		files, err := argocd.Emit(argocd.Input{Project: homelab(), Databases: []variant.Set{bare}})
		require.NoError(t, err)
		allowed := map[string]bool{}
		for _, k := range at(decode(t, files["project.yaml"]), "spec", "namespaceResourceWhitelist").([]any) {
			allowed[k.(manifest.Map)["group"].(string)+"/"+k.(manifest.Map)["kind"].(string)] = true
		}
		require.NotEmpty(t, kinds[backend])
		for _, kind := range slices.Sorted(maps.Keys(kinds[backend])) {
			if kinds[backend][kind] {
				require.True(t, allowed[kind], "%s of %s", kind, backend)
			}
		}
	}
}
