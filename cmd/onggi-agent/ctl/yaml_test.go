package ctl

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestYAML(t *testing.T) {
	got, err := asYAML([]byte(`{"b": [1, {"x": "one two", "y": []}, [true, null]], "a": {"on": "no", "c": {}}, "d": [], "e": "10.5", "f": 12345678901234567890, "g": "a: b", "h": ["<x>", ""]}`))
	require.NoError(t, err)
	require.Equal(t, `a:
  c: {}
  "on": "no"
b:
- 1
- x: one two
  "y": []
- - true
  - null
d: []
e: "10.5"
f: 12345678901234567890
g: "a: b"
h:
- "<x>"
- ""
`, string(got))
}

// What is written is read again as what it was.
func FuzzYAML(f *testing.F) {
	f.Add(`{"a": [{"b": ["c", {}]}], "~": "- x", " ": "\t\u2028"}`)
	f.Add(`[[], [[1.5]], "0x1f", "1_000", "2026-11-22"]`)
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		if json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		written, err := asYAML([]byte(text))
		require.NoError(t, err)
		back, err := yaml.YAMLToJSON(written)
		require.NoError(t, err, string(written))
		var got any
		require.NoError(t, json.Unmarshal(back, &got))
		require.Equal(t, want, got, string(written))
	})
}
