package overlays

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
)

// forms of a patch, as TestPatchForms tells them apart.
const (
	merges   = "merge"
	replaces = "merge, with a list that is replaced"
	operates = "JSON patch"
	cannot   = "no patch: a file in each variant"
)

// TestPatchForms goes through every shape of difference, in kinds that Kustomize has a schema for and in custom resources.
// Emit has built each back before it returns; holds builds it once more.
func TestPatchForms(t *testing.T) {
	tests := []struct {
		name, object string
		change       func(body manifest.Map)
		form         string
	}{
		{"scalar", "Cluster/shop", func(o manifest.Map) { spec(o)["instances"] = int64(5) }, merges},
		{"scalar that YAML 1.1 reads as a boolean", "ConfigMap/shop-traps", func(o manifest.Map) { child(o, "data")["country"] = "yes" }, merges},
		{"new field", "Cluster/shop", func(o manifest.Map) { spec(o)["enablePDB"] = false }, merges},
		{"new mapping", "Cluster/shop", func(o manifest.Map) { spec(o)["affinity"] = manifest.Map{"topologyKey": "zone"} }, merges},
		{"empty mapping", "NetworkPolicy/shop", func(o manifest.Map) { spec(o)["podSelector"] = manifest.Map{} }, merges},
		{"field gone", "Cluster/shop", func(o manifest.Map) { delete(spec(o), "superuserSecret") }, merges},
		{"field deep down gone", "Cluster/shop", func(o manifest.Map) { delete(child(o, "spec", "postgresql", "parameters"), "timezone") }, merges},
		{"all of a mapping gone", "SealedSecret/superuser-secrets", func(o manifest.Map) {
			child(o, "spec", "template", "metadata")["labels"] = manifest.Map{}
		}, merges},
		{"label with a slash", "Cluster/shop", func(o manifest.Map) { child(o, "metadata", "labels")["example.com/team"] = "no" }, merges},
		{"labels gone", "Cluster/shop", func(o manifest.Map) { delete(child(o, "metadata"), "labels") }, merges},
		{"annotations gone", "Service/shop-lb", func(o manifest.Map) { delete(child(o, "metadata"), "annotations") }, merges},
		{"annotations empty", "Service/shop-lb", func(o manifest.Map) { child(o, "metadata")["annotations"] = manifest.Map{} }, merges},
		{"large number", "Cluster/shop", func(o manifest.Map) { spec(o)["postgresUID"] = int64(1_000_650_000) }, merges},
		{"number beyond a float", "Cluster/shop", func(o manifest.Map) { spec(o)["serial"] = int64(9_007_199_254_740_993) }, merges},
		{"fraction", "Cluster/shop", func(o manifest.Map) { spec(o)["ratio"] = 1e-9 }, merges},
		{"null", "Cluster/shop", func(o manifest.Map) { spec(o)["affinity"] = nil }, operates},
		{"null beside a number beyond a float", "Cluster/shop", func(o manifest.Map) {
			spec(o)["affinity"], spec(o)["serial"] = nil, int64(9_007_199_254_740_993)
		}, cannot},
		{"text for a mapping", "Cluster/shop", func(o manifest.Map) { spec(o)["superuserSecret"] = "text" }, operates},
		{"mapping for text", "Cluster/shop", func(o manifest.Map) { spec(o)["imageName"] = manifest.Map{"name": "a"} }, operates},
		{"list for a mapping", "Cluster/shop", func(o manifest.Map) { spec(o)["storage"] = []any{"a"} }, operates},
		{"key that looks like a directive", "ConfigMap/shop-traps", func(o manifest.Map) { child(o, "data")["$patch"] = "delete" }, operates},
		{"template text", "PrometheusRule/shop", func(o manifest.Map) {
			spec(o)["groups"].([]any)[0].(manifest.Map)["rules"].([]any)[0].(manifest.Map)["for"] = "{{ $labels.pod }}"
		}, operates}, // one word in a long list
		{"text of many lines", "ConfigMap/shop-dashboard", func(o manifest.Map) {
			child(o, "data")["shop.json"] = "{\n  \"title\": \"{{ $labels.pod }}\"\n}\n\n"
		}, merges},

		{"custom resource: item added to a list", "Cluster/shop", func(o manifest.Map) {
			hba := child(o, "spec", "postgresql")
			hba["pg_hba"] = append(hba["pg_hba"].([]any), "hostssl all all 172.16.0.0/12 scram-sha-256")
		}, merges},
		{"custom resource: list shorter", "Cluster/shop", func(o manifest.Map) {
			managed := child(o, "spec", "managed")
			managed["roles"] = managed["roles"].([]any)[:1]
		}, merges},
		{"custom resource: list in another order", "Cluster/shop", func(o manifest.Map) {
			managed := child(o, "spec", "managed")
			managed["roles"] = reversed(managed["roles"])
		}, merges},
		{"custom resource: list empty", "Cluster/shop", func(o manifest.Map) { spec(o)["plugins"] = []any{} }, merges},
		{"custom resource: list gone", "Cluster/shop", func(o manifest.Map) { delete(spec(o), "plugins") }, merges},
		{"custom resource: long list with one item more", "PrometheusRule/shop", func(o manifest.Map) {
			group := spec(o)["groups"].([]any)[0].(manifest.Map)
			group["rules"] = append(group["rules"].([]any), manifest.Map{"alert": "PostgresDiskFull", "expr": "1"})
		}, operates},

		{"core kind: item of a keyed list changed", "Service/shop-lb", func(o manifest.Map) { port(o, 0)["targetPort"] = "postgres" }, merges},
		{"core kind: key of a keyed list changed", "Service/shop-lb", func(o manifest.Map) { port(o, 0)["port"] = int64(5433) }, replaces},
		{"core kind: item added at the end", "Service/shop-lb", func(o manifest.Map) {
			spec(o)["ports"] = append(spec(o)["ports"].([]any), manifest.Map{"name": "rest", "port": int64(8008)})
		}, replaces}, // Kustomize puts it in front
		{"core kind: item added in front", "Service/shop-lb", func(o manifest.Map) {
			spec(o)["ports"] = append([]any{manifest.Map{"name": "rest", "port": int64(8008)}}, spec(o)["ports"].([]any)...)
		}, merges},
		{"core kind: list shorter", "Service/shop-lb", func(o manifest.Map) { spec(o)["ports"] = spec(o)["ports"].([]any)[1:] }, replaces},
		{"core kind: list in another order", "Service/shop-lb", func(o manifest.Map) { spec(o)["ports"] = reversed(spec(o)["ports"]) }, replaces},
		{"core kind: field of an item gone", "Service/shop-lb", func(o manifest.Map) { delete(port(o, 1), "targetPort") }, replaces},
		{"core kind: list empty", "Service/shop-lb", func(o manifest.Map) { spec(o)["ports"] = []any{} }, replaces},
		{"core kind: list gone", "Service/shop-lb", func(o manifest.Map) { delete(spec(o), "ports") }, merges},
		{"core kind: list of strings", "Service/shop-lb", func(o manifest.Map) { spec(o)["loadBalancerSourceRanges"] = []any{"10.0.0.0/8"} }, merges},
		{"core kind: list without keys", "NetworkPolicy/shop", func(o manifest.Map) { spec(o)["ingress"] = spec(o)["ingress"].([]any)[:1] }, merges},
		{"core kind: list without keys, in another order", "NetworkPolicy/shop", func(o manifest.Map) {
			spec(o)["ingress"] = reversed(spec(o)["ingress"])
		}, merges},
		{"core kind: several changes at once", "Service/shop-lb", func(o manifest.Map) {
			spec(o)["type"] = "ClusterIP"
			delete(spec(o), "loadBalancerSourceRanges")
			spec(o)["ports"] = spec(o)["ports"].([]any)[:1]
			delete(child(o, "metadata"), "annotations")
		}, replaces},
	}
	base := sampleObjects(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := copied(base)
			edit(env, test.object, test.change)
			set := only(base, env)
			files, err := Emit(set, Options{})
			require.NoError(t, err)
			holds(t, set, files, nil)
			require.Equal(t, test.form, formIn(t, files), "%s", describePatches(files))
		})
	}
}

func port(o manifest.Map, i int) manifest.Map {
	return spec(o)["ports"].([]any)[i].(manifest.Map)
}

func reversed(list any) []any {
	items := list.([]any)
	out := make([]any, len(items))
	for i, item := range items {
		out[len(items)-1-i] = item
	}
	return out
}

// formIn tells the form of the one patch of overlays/prod.
func formIn(t *testing.T, files map[string][]byte) string {
	t.Helper()
	k, err := parseKustomization("overlays/prod", files)
	require.NoError(t, err)
	if len(k.Patches) == 0 {
		require.Len(t, k.Resources, 2)
		return cannot
	}
	require.Len(t, k.Patches, 1)
	data := files["overlays/prod/"+k.Patches[0].Path]
	var body any
	require.NoError(t, yaml.Unmarshal(data, &body))
	if _, isList := body.([]any); isList {
		require.NotNil(t, k.Patches[0].Target)
		return operates
	}
	require.Nil(t, k.Patches[0].Target)
	if hasDirective(body) {
		return replaces
	}
	return merges
}

func hasDirective(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if key == directive || hasDirective(value) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if hasDirective(item) {
				return true
			}
		}
	}
	return false
}

func describePatches(files map[string][]byte) string {
	text := ""
	for _, file := range sortedKeys(files) {
		if len(file) > len("overlays/") && file[:len("overlays/")] == "overlays/" {
			text += "== " + file + "\n" + string(files[file])
		}
	}
	return text
}
