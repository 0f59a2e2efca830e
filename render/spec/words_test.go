package spec_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

func TestWords(t *testing.T) {
	set, problems := spec.Load([]spec.Source{
		{Name: "onggi.yaml", Data: []byte("apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: team}\ndefaults: {storage: {class: fast}}\n")},
		{Name: "shop.yaml", Data: []byte("apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop}\nspec: {version: \"17\", instances: 3, databases: [app]}\n" +
			"environments: {prod: {superuser: {secret: root-secret}}}\n")},
	})
	require.Empty(t, problems)
	require.Equal(t, []string{"17", "app", "fast", "root-secret"}, slices.Sorted(maps.Keys(set.Clusters[0].Words())))
}
