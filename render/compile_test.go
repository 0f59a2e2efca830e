package render_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

func TestSamplesCompile(t *testing.T) { samples(t) }

const small = `apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: databases}
spec:
  version: "17"
  backend: cloudnative-pg
  storage: {size: 10Gi}
`

// objects compiles one cluster in one environment; refs are its objects in order.
func objects(t *testing.T, env string, files map[string]string) (objs map[string]manifest.Map, refs []string) {
	t.Helper()
	var sources []spec.Source
	for name, text := range files {
		sources = append(sources, spec.Source{Name: name, Data: []byte(text)})
	}
	set, problems := spec.Load(sources)
	require.Empty(t, problems)
	require.Len(t, set.Clusters, 1)
	cluster, problems := set.Clusters[0].Resolve(env)
	require.Empty(t, problems)
	bundle, problems := render.Compile(cluster)
	require.Empty(t, problems)
	objs = make(map[string]manifest.Map)
	for _, o := range bundle.Objects {
		refs = append(refs, o.Ref().String())
		objs[o.Ref().Kind+"/"+o.Ref().Name] = o.Body()
	}
	return objs, refs
}

// Overrides are merge patches over the finished objects, in their order: null takes away, lists are replaced.
func TestOverrides(t *testing.T) {
	objs, _ := objects(t, "", map[string]string{"shop.yaml": small + `  hba: [host all all 10.0.0.0/8 scram-sha-256]
  overrides:
    - {kind: Cluster, name: shop, patch: {spec: {logLevel: debug, affinity: null, postgresql: {pg_hba: [], extensions: [{name: vector}]}}}}
    - {kind: Cluster, name: shop, patch: {metadata: {annotations: {a: b, gone: null}}, spec: {logLevel: trace}}}
    - {kind: ConfigMap, name: extra, patch: {data: {one: null, two: "2"}}}
`, "extra.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: databases}\ndata: {one: '1'}\n"})
	cluster := objs["Cluster/shop"]
	fields := cluster["spec"].(manifest.Map)
	require.Equal(t, "trace", fields["logLevel"], "the later one wins")
	require.NotContains(t, fields, "affinity")
	require.Equal(t, manifest.Map{"pg_hba": []any{}, "extensions": []any{manifest.Map{"name": "vector"}}}, fields["postgresql"])
	require.Equal(t, manifest.Map{"a": "b"}, cluster["metadata"].(manifest.Map)["annotations"])
	require.Equal(t, manifest.Map{"two": "2"}, objs["ConfigMap/extra"]["data"], "manifests beside the spec can be patched too")
}

// Manifests beside a spec go with the environments of their namespace: a SealedSecret is bound to the one it was sealed for.
// Those in no environment's namespace go with all.
func TestExtrasFollowTheNamespace(t *testing.T) {
	files := map[string]string{
		"onggi.yaml": "apiVersion: onggi.dev/v1alpha1\nkind: Project\nenvironments: [prod, {name: dev, namespace: databases-dev}]\n",
		"shop.yaml":  small,
		"a.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: databases}\n",
		"b.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: databases-dev}\n",
		"c.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared, namespace: elsewhere}\n",
	}
	for env, want := range map[string][]string{
		"":     {"ConfigMap/databases/settings", "ConfigMap/elsewhere/shared", "Cluster/databases/shop"},
		"prod": {"ConfigMap/databases/settings", "ConfigMap/elsewhere/shared", "Cluster/databases/shop"},
		"dev":  {"ConfigMap/databases-dev/settings", "ConfigMap/elsewhere/shared", "Cluster/databases-dev/shop"},
	} {
		_, refs := objects(t, env, files)
		require.Equal(t, want, refs, "in %q", env)
	}
}

// Every object is in the namespace of the cluster, but for a dashboard that Grafana wants elsewhere.
func TestNamespaces(t *testing.T) {
	_, refs := objects(t, "dev", map[string]string{
		"onggi.yaml": "apiVersion: onggi.dev/v1alpha1\nkind: Project\nenvironments: [{name: dev, namespace: databases-dev}]\n",
		"shop.yaml":  small + "  pooler: {}\n  monitoring: {alerts: true}\n  databases: [{name: a}, {name: b}]\n  network: {}\n  expose: [{name: lb}]\n",
	})
	require.Greater(t, len(refs), 6)
	for _, ref := range refs {
		require.Contains(t, ref, "/databases-dev/")
	}
}
