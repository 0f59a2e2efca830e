package cloudnativepg_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// row is one case of a table: the fields of a spec, laid over the smallest one, and what stands in the objects made of it.
type row struct {
	name, spec string
	// want has places ("Cluster/shop spec.instances", or "Pooler/shop-pooler" for the whole object) and what stands there,
	// in YAML. nothing means that the place does not exist.
	want map[string]string
}

const nothing = "\x00"

// check compiles every row, looks at the places, and lets the upstream definitions judge all objects.
func check(t *testing.T, rows []row) {
	compiled := make(map[string][]manifest.Object)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			objs := compile(t, r.spec)
			compiled[r.name] = objs
			for _, place := range slices.Sorted(maps.Keys(r.want)) {
				want, object := r.want[place], place
				object, path, _ := strings.Cut(place, " ")
				value, found := at(t, objs, object, path)
				if want == nothing {
					require.False(t, found, "%s is %v", place, value)
					continue
				}
				require.True(t, found, "%s is not there; there are %v", place, refs(objs))
				var wanted any
				require.NoError(t, yaml.Unmarshal([]byte(want), &wanted))
				require.Equal(t, manifest.Canonical(wanted), value, place)
			}
		})
	}
	t.Run("the definitions", func(t *testing.T) {
		dir := os.Getenv("ONGGI_SHARED")
		if dir == "" {
			dir = filepath.Join("..", "..", "..", "..", "shared")
		}
		if _, err := os.Stat(filepath.Join(dir, "crds")); err != nil {
			t.Skipf("needs the upstream definitions: set ONGGI_SHARED to the folder that holds crds/ (%v)", err)
		}
		require.Len(t, compiled, len(rows), "rows have names of their own")
		for _, r := range rows {
			schemas, err := latest(dir)
			if strings.Contains(r.spec, "'1.24'") || strings.Contains(r.spec, "'1.25'") {
				schemas, err = older(dir)
			}
			require.NoError(t, err)
			for _, o := range compiled[r.name] {
				require.Empty(t, schemas.Validate(o), "%s: %s", r.name, o.Ref())
			}
		}
	})
}

// latest and older are the definitions, read once: of the newest release, and of one from before the plugin.
var latest, older = schemas(), schemas("cnpg-1.25")

func schemas(releases ...string) func(dir string) (*crd.Schemas, error) {
	var once sync.Once
	var loaded *crd.Schemas
	var err error
	return func(dir string) (*crd.Schemas, error) {
		once.Do(func() { loaded, err = crd.Load(os.DirFS(filepath.Join(dir, "crds")), releases...) })
		return loaded, err
	}
}

// compile renders the smallest spec with the fields of a snippet.
func compile(t *testing.T, snippet string) []manifest.Object {
	t.Helper()
	fields := map[string]any{
		"version": "17", "backend": "cloudnative-pg", "storage": map[string]any{"size": "10Gi"},
	}
	require.NoError(t, yaml.Unmarshal([]byte(snippet), &fields), snippet)
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": spec.APIVersion, "kind": spec.KindCluster, "spec": fields,
		"metadata": map[string]any{"name": "shop", "namespace": "databases"},
	})
	require.NoError(t, err)
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: text}})
	require.Empty(t, problems, "%s", text)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems, "%s", text)
	bundle, problems := render.Compile(cluster)
	require.Empty(t, problems, "%s", text)
	return bundle.Objects
}

// at finds an object by Kind/name, and a place in it.
func at(t *testing.T, objs []manifest.Object, object, path string) (any, bool) {
	t.Helper()
	steps, err := manifest.ParsePath(path)
	require.NoError(t, err)
	for _, o := range objs {
		if r := o.Ref(); r.Kind+"/"+r.Name == object {
			return manifest.Get(o.Body(), steps...)
		}
	}
	return nil, false
}

func refs(objs []manifest.Object) []string {
	out := make([]string, len(objs))
	for i, o := range objs {
		out[i] = o.Ref().Kind + "/" + o.Ref().Name
	}
	return out
}
