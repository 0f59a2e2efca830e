package render

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
)

// FuzzMerge holds the merge in place against the one that copies.
func FuzzMerge(f *testing.F) {
	for _, s := range [][2]string{
		{`{"a": {"b": 1}, "c": [1]}`, `{"a": {"b": null, "d": {"e": null}}, "c": null}`},
		{`{"a": 1}`, `{"a": {"b": null, "c": 2}}`},
		{`{}`, `{"a": null, "b": {"c": {"d": null}}, "e": [null]}`},
		{`{"a": {"b": {}}}`, `{"a": {}}`},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, target, patch string) {
		var x, p map[string]any
		if yaml.Unmarshal([]byte(target), &x) != nil || yaml.Unmarshal([]byte(patch), &p) != nil || x == nil || p == nil {
			return
		}
		want := manifest.MergePatch(x, p)
		got := manifest.Clone(x)
		merge(got, manifest.Clone(p))
		require.Equal(t, want, any(got))
	})
}
