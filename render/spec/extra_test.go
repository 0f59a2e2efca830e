package spec

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/spec/node"
)

var legacySamples = []string{
	"yes", "no", "on", "off", "y", "N", "true", "null", "~", "0777", "0o17", "0x1F", "0b101", "1_000", "12:30", "1e3", ".5", "1.", "1.50", "-1", "+1", "00", "08", "09.5",
	"2026-01-01", "2026-11-22T06:00:00Z", "9223372036854775807", "9223372036854775808", ".inf", "-.inf", ".nan", "1.2.3", "-", "--", "+", "0x", "1e400", "=", "yEs", "-0b11", "1__0", "_1", "0_7",
}

// TestLegacyValue holds what is taken in from foreign manifests equal to what kubectl's library makes of it.
func TestLegacyValue(t *testing.T) {
	for _, s := range legacySamples {
		legacyAgrees(t, s)
	}
}

func FuzzLegacyValue(f *testing.F) {
	for _, s := range legacySamples {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !strings.ContainsAny(s, ".!&") { // tags, and numbers that are not finite, which are errors there and strings here
			legacyAgrees(t, s)
		}
	})
}

func legacyAgrees(t *testing.T, s string) {
	src := "v: " + s + "\n"
	docs, errs := node.Parse("x.yaml", []byte(src))
	if len(errs) > 0 || len(docs) != 1 || docs[0].Kind != node.Mapping || len(docs[0].Keys) != 1 {
		return
	}
	v := docs[0].Get("v")
	if v == nil || v.Kind != node.Scalar || v.Style != node.Plain {
		return
	}
	want, err := yaml.YAMLToJSON([]byte(src))
	if err != nil {
		return // infinity
	}
	got, err := json.Marshal(map[string]any{"v": legacyValue(v)})
	require.NoError(t, err)
	if strings.Contains(string(want), "9223372036854775808") {
		return // an unsigned number beyond int64, which a canonical object cannot hold
	}
	require.JSONEq(t, string(want), string(got), "%q", src)
}
