package drill

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// sample is a config with every field.
func sample() *Config {
	return &Config{
		Cluster: "shop", Namespace: "databases",
		Scratch: manifest.Map{
			"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
			"metadata": manifest.Map{"name": "shop-drill", "namespace": "databases", "labels": manifest.Map{LabelOf: "shop"}},
			"spec": manifest.Map{
				"instances": int64(1),
				"bootstrap": manifest.Map{"recovery": manifest.Map{"source": "origin"}},
				"externalClusters": []any{manifest.Map{"name": "origin", "plugin": manifest.Map{
					"name": "barman-cloud.cloudnative-pg.io", "parameters": manifest.Map{"barmanObjectName": "shop", "serverName": "shop"},
				}}},
			},
		},
		Point:    Random,
		Window:   &Window{Kind: "ObjectStore", Name: "shop", ServerName: "shop"},
		Snapshot: true,
		Checks:   []Check{{Name: "orders", Database: "app", SQL: "SELECT count(*) FROM orders", Expect: "> 0"}},
		Amcheck:  true,
		Timeout:  Duration(90 * time.Minute),
		Login:    Login{Secret: "shop-drill-superuser", Host: "shop-drill-rw", Port: 5432, SSLMode: "require"},
		Record:   Record{ConfigMap: "shop-drill-metrics", Labels: map[string]string{"app.kubernetes.io/name": "shop"}},
	}
}

func TestConfigIsReadAsItWasWritten(t *testing.T) {
	want := sample()
	got, err := Decode(want.Encode())
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, want.Encode(), got.Encode())
}

func TestDurationsAreReadAsTheyWereWritten(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1500 * time.Millisecond: "1s500ms", 2 * time.Hour: "2h", 90 * time.Minute: "1h30m", 49 * time.Hour: "49h",
	} {
		text, err := Duration(d).MarshalText()
		require.NoError(t, err)
		require.Equal(t, want, string(text))
		var back Duration
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, d, time.Duration(back))
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"another name", func(c *Config) { c.Scratch["metadata"].(manifest.Map)["name"] = "shop" },
			"scratch is postgresql.cnpg.io/v1 Cluster/databases/shop, not postgresql.cnpg.io/v1 Cluster/databases/shop-drill"},
		{"another namespace", func(c *Config) { c.Namespace = "other" },
			"scratch is postgresql.cnpg.io/v1 Cluster/databases/shop-drill, not postgresql.cnpg.io/v1 Cluster/other/shop-drill"},
		{"no label", func(c *Config) { delete(c.Scratch["metadata"].(manifest.Map), "labels") }, `scratch has the label onggi.dev/drill-of="", not "shop"`},
		{"no recovery", func(c *Config) { delete(c.Scratch["spec"].(manifest.Map), "bootstrap") }, "scratch has no spec.bootstrap.recovery: nothing would be restored"},
		{"an archiver", func(c *Config) {
			c.Scratch["spec"].(manifest.Map)["plugins"] = []any{manifest.Map{"name": "p", "isWALArchiver": true}}
		}, "scratch has spec.plugins[0].isWALArchiver: it would write to an archive"},
		{"an archiver in a string", func(c *Config) {
			c.Scratch["spec"].(manifest.Map)["plugins"] = []any{manifest.Map{"name": "p", "isWALArchiver": "false"}}
		}, "scratch has spec.plugins[0].isWALArchiver: it would write to an archive"},
		{"plugins in a mapping", func(c *Config) { c.Scratch["spec"].(manifest.Map)["plugins"] = manifest.Map{} }, "scratch has spec.plugins that are no list"},
		{"a backup", func(c *Config) { c.Scratch["spec"].(manifest.Map)["backup"] = manifest.Map{} }, "scratch has spec.backup: it would write to an archive"},
		{"a random moment of nowhere", func(c *Config) { c.Window = nil }, "point random needs a window"},
		{"another point", func(c *Config) { c.Point = "latest" }, `point is "latest": it is newest or random`},
		{"no timeout", func(c *Config) { c.Timeout = 0 }, "timeout is missing"},
		{"two checks of a name", func(c *Config) { c.Checks = append(c.Checks, c.Checks[0]) }, `checks[1].name is "orders", which is taken`},
		{"a check named amcheck", func(c *Config) { c.Checks[0].Name = "amcheck" }, `checks[0].name is "amcheck", which is taken`},
		{"a name with a quote", func(c *Config) { c.Checks[0].Name = "it's" }, `checks[0].name is "it's": it is a lower case DNS label`},
		{"an expectation of words", func(c *Config) { c.Checks[0].Expect = "> many" }, `checks[0].expect: "> many" compares with "many", which is not a decimal number`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := sample()
			tt.change(c)
			_, err := Decode(c.Encode())
			require.EqualError(t, err, "read config: "+tt.want)
		})
	}
	for name, data := range map[string]string{
		"an unknown field":    "clutser: shop\n",
		"a field twice":       "cluster: a\ncluster: b\n",
		"a number for a name": "cluster: 5\n",
		"an unknown duration": "timeout: 5 fortnights\n",
		"nothing":             "",
		"a list":              "- cluster\n",
		"a field of a check":  "checks: [{nmae: x}]\n",
		"a second document":   "cluster: a\n---\ncluster: b\n",
	} {
		_, err := Decode([]byte(data))
		require.Error(t, err, name)
	}
}
