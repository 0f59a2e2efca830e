package charts

import (
	"bytes"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

func TestEmitRefuses(t *testing.T) {
	t.Run("a version that is not SemVer", func(t *testing.T) {
		_, err := Emit(shop(t), Options{ChartVersion: "1"})
		require.ErrorContains(t, err, `chart version "1"`)
	})
	t.Run("a Kubernetes that the chart is not for", func(t *testing.T) {
		_, err := Emit(shop(t), Options{KubeVersion: "v1.20.0"})
		require.EqualError(t, err, "prove chart with values.yaml: the chart is for Kubernetes >=1.29.0-0, not for v1.20.0")
	})
	t.Run("an object that is there twice", func(t *testing.T) {
		set := shop(t)
		set.Envs[0].Objects = append(set.Envs[0].Objects, set.Envs[0].Objects[0])
		_, err := Emit(set, Options{})
		require.EqualError(t, err, "pair objects: dev has Cluster/databases-dev/shop twice")
	})
	t.Run("a knob whose schema its own value breaks", func(t *testing.T) {
		set := shop(t)
		set.Knobs[1].Schema = manifest.Map{"type": "string"}
		_, err := Emit(set, Options{})
		require.ErrorContains(t, err, "at '/instances': got number, want string")
	})
}

// Whatever breaks the equality of chart and spec is found, and named by environment, object and field.
func TestVerifyNamesTheFieldThatDiffers(t *testing.T) {
	set := shop(t)
	whole := emit(t, set)
	require.Empty(t, Verify(set, whole))
	for _, c := range []struct{ name, file, old, new, want string }{
		{
			"a literal", "templates/cluster-shop.yaml", "stopDelay: 10000000", "stopDelay: 1",
			"prove chart with values.yaml: Cluster/databases/shop spec.stopDelay: 10000000 != 1 (the spec's value first)",
		},
		{
			"a value of Base", "values.yaml", "instances: 3", "instances: 4",
			"prove chart with values.yaml: Cluster/databases/shop spec.instances: 3 != 4 (the spec's value first)",
		},
		{
			"a value of an environment", "values-prod.yaml", "instances: 5", "instances: 4",
			"prove chart with values-prod.yaml: Cluster/databases/shop spec.instances: 5 != 4 (the spec's value first)",
		},
		{
			"a switch", "values-dev.yaml", "backup:\n  enabled: false", "backup:\n  enabled: true",
			"prove chart with values-dev.yaml: Cluster/databases-dev/shop spec.backup: nothing != {\"target\":\"prefer-standby\"} (the spec's value first)",
		},
		{
			"a template that does not parse", "templates/cluster-shop.yaml", "{{- end }}", "{{- ende }}",
			`prove chart with values.yaml: render chart: parse error at (shop/templates/cluster-shop.yaml:7): function "ende" not defined`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(whole)
			require.Contains(t, string(files[c.file]), c.old)
			files[c.file] = bytes.Replace(files[c.file], []byte(c.old), []byte(c.new), 1)
			found := Verify(set, files)
			require.NotEmpty(t, found)
			require.EqualError(t, found[0], c.want)
		})
	}
}

func TestVerifyFindsAnObjectThatIsRenderedTwice(t *testing.T) {
	set := shop(t)
	files := emit(t, set)
	files["templates/copy.yaml"] = files["templates/networkpolicy-shop.yaml"]
	found := Verify(set, files)
	require.Len(t, found, 1)
	require.EqualError(t, found[0],
		"prove chart with values-prod.yaml: NetworkPolicy/databases/shop: only in the second (the spec's value first)")
}

func TestRenderRefusesAFileThatIsNotThere(t *testing.T) {
	_, err := Render(emit(t, shop(t)), "values-stage.yaml", "databases")
	require.EqualError(t, err, "the chart has no values-stage.yaml")
}
