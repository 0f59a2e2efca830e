package charts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWordsOfValues(t *testing.T) {
	for text, want := range map[string]string{
		"PrometheusRule": "prometheusRule", "HTTPRoute": "httpRoute", "TLS": "tls", "enablePDB": "enablePDB",
		"ACCESS_KEY_ID": "ACCESS_KEY_ID", "max_connections": "max_connections", "my-lb": "myLb", "a.b/c": "aBC",
		"2nd": "n2nd", "": "value", "é": "value",
	} {
		require.Equal(t, want, camel(text), text)
		require.True(t, identifier(camel(text)), text)
	}
	require.Equal(t, "loadBalancerIPs", shortKey("metallb.io/loadBalancerIPs"))
	require.Equal(t, []string{"barman", "object", "name"}, words("barmanObjectName"))
}

func TestNoValueStandsInAnothersPlace(t *testing.T) {
	n := newNames()
	place := func(want ...[]string) string {
		v := &value{want: want}
		n.give(v)
		return v.name()
	}
	require.Equal(t, "backup.retention", place([]string{"backup", "retention"}))
	require.Equal(t, "backup.spec.retention", place([]string{"backup", "retention"}, []string{"backup", "spec", "retention"}))
	require.Equal(t, "backupRetentionUnit", place([]string{"backup", "retention", "unit"}), "a value is no mapping")
	require.Equal(t, "backup2", place([]string{"backup"}), "a mapping is no value")
	require.Equal(t, "globalX", place([]string{"global", "x"}), "Helm's own")
	require.Equal(t, "globalX2", place([]string{"global", "x"}))
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"plain":               "plain",
		"{{ $labels.pod }}":   "{{`{{ $labels.pod }}`}}",
		"a {{ b }} c {{ d }}": "a {{`{{ b }}`}} c {{`{{ d }}`}}",
		"{{ `raw` }}":         "{{`{{`}} `raw` }}",
		"{{ two\nlines }}":    "{{`{{`}} two\nlines }}",
		"}} {{":               "}} {{`{{`}}",
	} {
		require.Equal(t, want, escape(text))
	}
}
