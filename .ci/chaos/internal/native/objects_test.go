package native

import (
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/kube"
)

func TestObjectsAndWhereTheyBelong(t *testing.T) {
	all, err := parse("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: shop, namespace: ns}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: shop-rw, namespace: ns}\n---\napiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: shop}\n")
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, "/apis/apps/v1/namespaces/ns/statefulsets/shop", path(all[0]))
	require.Equal(t, "/api/v1/namespaces/ns/services/shop-rw", path(all[1]))
	require.Empty(t, path(all[2]), "no CustomResourceDefinition")
	require.Equal(t, "shop-rw", kube.Text(all.Of("Service", "shop-rw"), "metadata", "name"))
	require.Nil(t, all.Of("Service", "nobody"))
}
