package monitoring_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/monitoring"
)

// sample is one series and its values, as promtool writes them.
type sample struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

// exporter is testdata/exporter.yaml with the labels of real targets.
func exporter(t *testing.T) []sample {
	t.Helper()
	b, err := os.ReadFile("testdata/exporter.yaml")
	require.NoError(t, err)
	var byTarget map[string][]sample
	require.NoError(t, yaml.UnmarshalStrict(b, &byTarget))
	targets := map[string][]string{
		"primary": {`namespace="databases",pod="shop-1",container="postgres",endpoint="metrics",instance="10.0.0.1:9187",job="databases/shop"`},
		"standby": {`namespace="databases",pod="shop-2",container="postgres",endpoint="metrics",instance="10.0.0.2:9187",job="databases/shop"`},
		"volume":  {`namespace="databases",persistentvolumeclaim="shop-1",node="a"`, `namespace="databases",persistentvolumeclaim="shop-1-wal",node="a"`},
		"pooler":  {`namespace="databases",pod="shop-pooler-rw-5d9c7b7f6b-x2x4z",container="pgbouncer",endpoint="metrics",job="databases/shop-pooler-rw"`},
		"alerts":  {``},
	}
	targets["instance"] = append(targets["primary"], targets["standby"]...)
	var all []sample
	for kind, samples := range byTarget {
		require.Contains(t, targets, kind)
		for _, labels := range targets[kind] {
			for _, s := range samples {
				name, own, _ := strings.Cut(strings.TrimSuffix(s.Series, "}"), "{")
				s.Series = name + "{" + strings.Trim(own+","+labels, ",") + "}"
				all = append(all, s)
			}
		}
	}
	return all
}

var metricName = regexp.MustCompile(`(?:^|[ (])([a-z][a-z0-9_]+)\{`)

// metricsIn are the metrics that an expression reads.
func metricsIn(expr string) []string {
	var names []string
	for _, m := range metricName.FindAllStringSubmatch(expr, -1) {
		names = append(names, m[1])
	}
	return names
}

// A metric that nobody exports makes an alert that never fires.
func TestAlertsReadMetricsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, s := range exporter(t) {
		name, _, _ := strings.Cut(s.Series, "{")
		known[name] = true
	}
	intree := shop()
	intree.Backup.Plugin = false
	for _, c := range []monitoring.Cluster{shop(), intree} {
		for _, r := range rules(t, monitoring.Rules(c)) {
			names := metricsIn(r.Expr)
			require.NotEmpty(t, names, r.Expr)
			for _, name := range names {
				require.True(t, known[name], "%s reads %s, which is not in testdata/exporter.yaml", r.Alert, name)
			}
		}
	}
}

var selector = regexp.MustCompile(`([a-z][a-z0-9_]+)\{([^}]*)\}`)

// An alert of one cluster must not fire over another: every selector names the namespace and whose pods or volumes.
func TestAlertsReadTheirOwnCluster(t *testing.T) {
	c := shop()
	c.Poolers = []string{"shop-pooler-rw", "shop-pooler-ro"}
	for _, r := range rules(t, monitoring.Rules(c)) {
		found := selector.FindAllStringSubmatch(r.Expr, -1)
		require.NotEmpty(t, found, r.Expr)
		for _, s := range found {
			whose := `pod=~"shop-[0-9]+"`
			switch {
			case strings.HasPrefix(s[1], "kubelet_"):
				whose = `persistentvolumeclaim=~"shop-[0-9]+(-wal|-tbs-.+)?"`
			case strings.HasPrefix(s[1], "cnpg_pgbouncer_"):
				whose = `pod=~"` + r.Labels["pooler"] + `-[a-z0-9]+-[a-z0-9]+"`
			}
			require.Contains(t, s[2]+",", `namespace="databases",`+whose+",", "%s: %s", r.Alert, s[0])
		}
	}
}

// Two clusters with the same settings have the same alerts, but for their names.
func TestAlertsOfAnotherClusterDifferByNameOnly(t *testing.T) {
	other := shop()
	other.Name, other.Namespace, other.Poolers = "erp", "finance", []string{"erp-pooler-rw"}
	renamed := strings.NewReplacer("shop", "erp", "databases", "finance").Replace(string(stream(t, monitoring.Rules(shop()))))
	other.Labels = map[string]string{}
	for k, v := range shop().Labels {
		other.Labels[k] = strings.ReplaceAll(v, "shop", "erp")
	}
	require.Equal(t, groups(t, decode(t, renamed)), groups(t, monitoring.Rules(other)))
}
