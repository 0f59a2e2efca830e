package native

import (
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/kube"
)

func TestQuantity(t *testing.T) {
	for text, bytes := range map[string]int64{"10Gi": 10 << 30, "256Mi": 256 << 20} {
		got, err := quantity(text)
		require.NoError(t, err)
		require.Equal(t, bytes, got)
	}
	for _, text := range []string{"", "10", "10GB", "1.5Gi", "Gi"} {
		_, err := quantity(text)
		require.Error(t, err, text)
	}
}

func TestTheOwnerIsWhoControls(t *testing.T) {
	of := func(references ...any) kube.Object {
		return kube.Object{"metadata": kube.Object{"ownerReferences": references}}
	}
	require.Equal(t, "2", owner(of(kube.Object{"uid": "1"}, kube.Object{"uid": "2", "controller": true})))
	require.Empty(t, owner(of(kube.Object{"uid": "1", "controller": false})))
	require.Empty(t, owner(kube.Object{}))
}

func TestAPodMountsItsClaims(t *testing.T) {
	pod := kube.Object{"spec": kube.Object{"volumes": []any{
		kube.Object{"name": "a", "emptyDir": kube.Object{}},
		kube.Object{"name": "b", "persistentVolumeClaim": kube.Object{"claimName": "data-shop-0"}},
	}}}
	require.True(t, mounts(pod, "data-shop-0"))
	require.False(t, mounts(pod, "data-shop-1"))
	require.False(t, mounts(pod, ""))
}
