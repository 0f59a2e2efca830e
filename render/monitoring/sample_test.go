package monitoring_test

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

var update = flag.Bool("update", false, "write the golden files")

// shop is a cluster with everything on: the one that goldens and alert tests are about.
func shop() monitoring.Cluster {
	return monitoring.Cluster{
		Name:      "shop",
		Namespace: "databases",
		Backend:   monitoring.CloudNativePG,
		Labels: map[string]string{
			"app.kubernetes.io/name":      "postgresql",
			"app.kubernetes.io/instance":  "shop",
			"app.kubernetes.io/component": "database",
			"app.kubernetes.io/part-of":   "shop",
		},
		MonitorLabels:      map[string]string{"release": "kube-prometheus-stack"},
		TLS:                true,
		Backup:             &monitoring.Backup{Plugin: true, MaxAge: 26 * time.Hour, WAL: true, DrillMaxAge: 14 * 24 * time.Hour},
		Poolers:            []string{"shop-pooler-rw"},
		AlertLabels:        map[string]string{"team": "storefront"},
		DashboardNamespace: "monitoring",
		DashboardFolder:    "Databases",
	}
}

// plain is a cluster of which only the name is known.
func plain() monitoring.Cluster {
	return monitoring.Cluster{Name: "shop", Namespace: "databases", Backend: monitoring.CloudNativePG}
}

// golden compares got with testdata/golden/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/golden/" + name
	if *update {
		require.NoError(t, os.MkdirAll("testdata/golden", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	require.Equal(t, string(want), string(got))
}

// stream writes objects the way a reader wants to see them, with an encoder that is not the one under test elsewhere.
func stream(t *testing.T, objs []manifest.Object) []byte {
	t.Helper()
	var out []byte
	for _, o := range objs {
		b, err := yaml.Marshal(o.Body())
		require.NoError(t, err)
		out = append(append(out, "---\n"...), b...)
	}
	return out
}

// decode reads a stream back.
func decode(t *testing.T, text string) []manifest.Object {
	t.Helper()
	var objs []manifest.Object
	for _, doc := range strings.Split(text, "---\n")[1:] {
		var body manifest.Map
		require.NoError(t, yaml.Unmarshal([]byte(doc), &body))
		objs = append(objs, manifest.New(body))
	}
	return objs
}

// rule is one alerting rule as the objects hold it.
type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type ruleGroup struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

// groups reads the groups of all PrometheusRules back out of their YAML.
func groups(t *testing.T, objs []manifest.Object) []ruleGroup {
	t.Helper()
	var all []ruleGroup
	for _, o := range objs {
		b, err := yaml.Marshal(o.Body()["spec"])
		require.NoError(t, err)
		var spec struct {
			Groups []ruleGroup `json:"groups"`
		}
		require.NoError(t, yaml.UnmarshalStrict(b, &spec))
		all = append(all, spec.Groups...)
	}
	return all
}

// rules are those of all groups, in order.
func rules(t *testing.T, objs []manifest.Object) []rule {
	t.Helper()
	var all []rule
	for _, g := range groups(t, objs) {
		all = append(all, g.Rules...)
	}
	return all
}
