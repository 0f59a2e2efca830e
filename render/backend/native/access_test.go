package native_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// The label says who leads, and the kubelet nothing about it: it decides who of the others is read from.
func TestServicesOfThePrimaryGoByTheLabelAlone(t *testing.T) {
	b := compile(t, `{instances: 3, pooler: {mode: transaction, readOnly: {}}, expose: [{name: lb, externalTrafficPolicy: Local}, {name: node, type: NodePort, role: primary},
{name: reads, type: NodePort, role: replica}, {name: inside, type: ClusterIP, role: any}, {name: pool, type: NodePort, role: pooler}]}`)
	type leads struct {
		role   any // that its pods are selected by; nil: none
		always bool
	}
	got := map[string]leads{}
	for _, o := range b.Objects {
		if o.Ref().Kind != "Service" {
			continue
		}
		role, _ := manifest.Get(o.Body(), "spec", "selector", "onggi.dev/role")
		always, _ := manifest.Get(o.Body(), "spec", "publishNotReadyAddresses")
		got[o.Ref().Name] = leads{role, always == true}
	}
	require.Equal(t, map[string]leads{
		"shop-rw": {"primary", true}, "shop-lb": {"primary", true}, "shop-node": {"primary", true},
		"shop-ro": {"replica", false}, "shop-reads": {"replica", false},
		"shop-r": {nil, false}, "shop-inside": {nil, false},
		"shop-pods":   {nil, true}, // names of pods that are not there yet
		"shop-pooler": {nil, false}, "shop-pooler-ro": {nil, false}, "shop-pool": {nil, false},
	}, got)
	require.Equal(t, "Local", at(t, find(t, b, "Service", "shop-lb"), "spec", "externalTrafficPolicy"))
}
