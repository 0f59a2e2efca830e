package spec_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// A manifest goes with the environments that it names; with none named, with all that its namespace does not rule out, but for
// those that have one of their own.
func TestWhoseIsAManifest(t *testing.T) {
	const cluster = "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop, namespace: databases}\n" +
		"spec: {version: \"17\", backend: cloudnative-pg, storage: {size: 10Gi}}\n"
	const project = "apiVersion: onggi.dev/v1alpha1\nkind: Project\nenvironments: [prod, stage, {name: dev, namespace: databases-dev}]\n"
	manifestOf := func(namespace, environments, mark string) string {
		return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: q, namespace: %s, annotations: {mark: %s, onggi.dev/environments: %q}}\n", namespace, mark, environments)
	}
	everywhere, prod, two, dev := manifestOf("databases", "", "everywhere"), manifestOf("databases", "prod", "prod"), manifestOf("databases", "prod,stage", "two"), manifestOf("databases-dev", "", "dev")
	for _, c := range []struct {
		name   string
		extras []string
		want   map[string][]string // environment to marks
	}{
		{"by namespace", []string{everywhere, dev}, map[string][]string{"": {"everywhere"}, "prod": {"everywhere"}, "stage": {"everywhere"}, "dev": {"dev"}}},
		{"by name", []string{prod}, map[string][]string{"": nil, "prod": {"prod"}, "stage": nil, "dev": nil}},
		{"by names", []string{two}, map[string][]string{"": nil, "prod": {"two"}, "stage": {"two"}, "dev": nil}},
		{"in place of its namesake", []string{everywhere, prod, dev}, map[string][]string{"": {"everywhere"}, "prod": {"prod"}, "stage": {"everywhere"}, "dev": {"dev"}}},
		{"whatever comes first", []string{prod, everywhere}, map[string][]string{"": {"everywhere"}, "prod": {"prod"}, "stage": {"everywhere"}, "dev": nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources := []spec.Source{{Name: "onggi.yaml", Data: []byte(project)}, {Name: "shop.yaml", Data: []byte(cluster)}}
			for i, extra := range c.extras {
				sources = append(sources, spec.Source{Name: fmt.Sprintf("extra%d.yaml", i), Data: []byte(extra)})
			}
			set, problems := spec.Load(sources)
			require.Empty(t, problems)
			for env, want := range c.want {
				resolved, problems := set.Clusters[0].Resolve(env)
				require.Empty(t, problems)
				var got []string
				for _, o := range resolved.Extras {
					mark, _ := manifest.Get(o.Body(), "metadata", "annotations", "mark")
					got = append(got, mark.(string))
				}
				require.Equal(t, want, got, "in %q", env)
			}
		})
	}
}
