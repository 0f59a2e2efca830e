package variant_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// A knob sets the fields of its spec field and no others, in every variant; where that cannot be, there is no knob.
func TestKnobsOfListItems(t *testing.T) {
	tests := []struct {
		name, roles, prod string
		want              []string
	}{
		{"each item has its own", "[{name: a}, {name: b}]", "{}", []string{"roles.a.connectionLimit", "roles.b.connectionLimit"}},
		{"two items with one name in values", "[{name: a-b}, {name: aB}, {name: c}]", "{}", []string{"roles.c.connectionLimit"}},
		{"items that change places", "[{name: a}, {name: b}, {name: c}]", "{roles: [{name: b}, {name: a}, {name: c}]}", []string{"roles.c.connectionLimit"}},
		{"an item in the place of another", "[{name: a}, {name: b}]", "{roles: [{name: b}]}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: fmt.Appendf(nil, `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec: {version: "17", backend: cloudnative-pg, storage: {size: 1Gi}, roles: %s}
environments: {prod: %s}
`, tt.roles, tt.prod)}})
			require.Empty(t, problems)
			built, err := variant.Build(set.Clusters[0], variant.Options{Knobs: true})
			require.NoError(t, err)
			var got []string
			for _, k := range built.Knobs {
				if slices.ContainsFunc(k.Fields, func(f variant.Field) bool {
					return slices.Contains(f.Path, any("roles")) && f.Path[len(f.Path)-1] == "connectionLimit"
				}) {
					got = append(got, k.Path)
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}
