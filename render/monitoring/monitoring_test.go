package monitoring_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

func everything(c monitoring.Cluster) []manifest.Object {
	objs := monitoring.PodMonitors(c)
	objs = append(objs, monitoring.Rules(c)...)
	return append(objs, monitoring.Dashboards(c)...)
}

func TestGolden(t *testing.T) {
	for name, c := range map[string]monitoring.Cluster{"everything": shop(), "plain": plain()} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".yaml", stream(t, everything(c)))
		})
	}
}

func TestObjects(t *testing.T) {
	refs := func(c monitoring.Cluster) (out []string) {
		for _, o := range everything(c) {
			require.Equal(t, manifest.PartMonitoring, o.Part)
			out = append(out, o.Ref().String())
		}
		return out
	}
	require.Equal(t, []string{
		"PodMonitor/databases/shop", "PodMonitor/databases/shop-pooler-rw",
		"PrometheusRule/databases/shop-alerts", "PrometheusRule/databases/shop-alerts-backup", "PrometheusRule/databases/shop-alerts-drill", "PrometheusRule/databases/shop-alerts-pooler",
		"ConfigMap/monitoring/databases.shop-dashboard",
	}, refs(shop()))
	require.Equal(t, []string{"PodMonitor/databases/shop", "PrometheusRule/databases/shop-alerts", "ConfigMap/databases/shop-dashboard"}, refs(plain()))

	t.Run("names of different clusters never meet", func(t *testing.T) {
		seen := map[string]bool{}
		for _, id := range [][2]string{{"a", "b"}, {"a", "b-alerts"}, {"a", "b-backup"}, {"a", "b-drill"}, {"a", "b-alerts-backup"}, {"a", "b-dashboard"}, {"a-b", "c"}, {"a", "b-c"}} {
			c := shop()
			c.Namespace, c.Name, c.Poolers = id[0], id[1], []string{id[1] + "-pooler-rw"}
			objs := everything(c)
			for _, ref := range refs(c) {
				require.False(t, seen[ref], ref)
				seen[ref] = true
			}
			for key := range objs[len(objs)-1].Body()["data"].(manifest.Map) {
				require.False(t, seen[key], "Grafana's sidecar writes all dashboards into one folder: %s", key)
				seen[key] = true
			}
		}
	})
	t.Run("a hibernated cluster has no pods to miss", func(t *testing.T) {
		c := shop()
		c.Hibernated = true
		require.Empty(t, monitoring.Rules(c))
	})
	t.Run("alerts of the agent are about one cluster", func(t *testing.T) {
		c := plain()
		c.Backend = monitoring.Native
		require.Equal(t, []string{"PodMonitor/databases/shop", "PrometheusRule/databases/shop-alerts", "ConfigMap/databases/shop-dashboard"}, refs(c))
		series := regexp.MustCompile(`(patroni|onggi)_[a-z_]+(.{0,60})`)
		all := rules(t, monitoring.Rules(c))
		require.Greater(t, len(all), 10)
		for _, r := range all {
			if !strings.HasPrefix(r.Alert, "Agent") {
				continue
			}
			found := series.FindAllStringSubmatch(r.Expr, -1)
			require.NotEmpty(t, found, r.Alert)
			for _, hit := range found {
				require.True(t, regexp.MustCompile(`^\{namespace="databases",pod=~"shop-\[0-9\]\+"[,}]`).MatchString(hit[2]), "%s asks %s of every cluster", r.Alert, hit[0])
			}
			require.Contains(t, []string{"critical", "warning", "info"}, r.Labels["severity"])
			require.Equal(t, "shop", r.Labels["database_cluster"])
			require.Contains(t, r.Annotations["runbook_url"], "agent.md#"+strings.ToLower(r.Alert))
		}
		c.Hibernated = true
		require.Empty(t, monitoring.Rules(c))
	})
	t.Run("a back end whose metrics are not known", func(t *testing.T) {
		c := shop()
		c.Backend = "zalando"
		require.False(t, monitoring.Supported(c.Backend))
		require.Empty(t, everything(c))
	})
}

// What a caller does to one object, overrides for instance, must not show in another one.
func TestObjectsShareNothing(t *testing.T) {
	c := shop()
	before := stream(t, everything(c))
	for _, o := range everything(c) {
		scribble(o.Body())
	}
	require.Equal(t, string(before), string(stream(t, everything(c))))
	objs := everything(c)
	scribble(objs[0].Body())
	require.Equal(t, string(stream(t, everything(c)[1:])), string(stream(t, objs[1:])))
}

func scribble(v any) {
	switch v := v.(type) {
	case manifest.Map:
		for _, child := range v {
			scribble(child)
		}
		v["scribble"] = true
	case []any:
		for i := range v {
			scribble(v[i])
			v[i] = "scribble"
		}
	}
}

// Object values are of the few types that every emitter handles.
func TestValuesAreCanonical(t *testing.T) {
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case nil, bool, int64, float64, string:
		case []any:
			for i, child := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), child)
			}
		case manifest.Map:
			for k, child := range v {
				walk(path+"."+k, child)
			}
		default:
			t.Errorf("%s is a %T", path, v)
		}
	}
	for _, o := range everything(shop()) {
		walk(o.Ref().String(), o.Body())
	}
}

func TestAlerts(t *testing.T) {
	for _, r := range rules(t, monitoring.Rules(shop())) {
		require.Contains(t, []string{"critical", "warning", "info"}, r.Labels["severity"], r.Alert)
		require.Equal(t, "databases", r.Labels["namespace"], r.Alert)
		require.Equal(t, "shop", r.Labels["database_cluster"], r.Alert)
		require.Equal(t, "storefront", r.Labels["team"], r.Alert)
		for _, name := range []string{"summary", "description", "runbook_url"} {
			require.NotEmpty(t, r.Annotations[name], "%s: %s", r.Alert, name)
		}
		require.Equal(t, monitoring.DefaultRunbooks+"/"+r.Alert+".md", r.Annotations["runbook_url"])
		if r.Labels["severity"] == "critical" {
			hold, err := time.ParseDuration(r.For)
			require.NoError(t, err, r.Alert)
			require.GreaterOrEqual(t, hold, 2*time.Minute, "%s would page for a blip", r.Alert)
		}
	}
}

func TestAlertLabelsCannotHideWhoseAlertItIs(t *testing.T) {
	c := shop()
	c.AlertLabels = map[string]string{"severity": "none", "namespace": "x", "database_cluster": "x", "pooler": "x"}
	for _, r := range rules(t, monitoring.Rules(c)) {
		require.NotEqual(t, "none", r.Labels["severity"])
		require.Equal(t, "databases", r.Labels["namespace"])
		require.Equal(t, "shop", r.Labels["database_cluster"])
	}
}

func TestSettings(t *testing.T) {
	exprs := func(c monitoring.Cluster, alert string) (out []string) {
		for _, r := range rules(t, monitoring.Rules(c)) {
			if r.Alert == alert {
				out = append(out, r.Expr)
			}
		}
		return out
	}
	t.Run("how old a backup may be", func(t *testing.T) {
		c := shop()
		c.Backup.MaxAge = 90 * time.Minute
		got := exprs(c, "PostgresBackupTooOld")
		require.Contains(t, got[0], "> 5400")
		require.Contains(t, got[1], "> 10800")
	})
	t.Run("how full a volume may be", func(t *testing.T) {
		c := shop()
		c.StorageWarnPercent = 70
		got := exprs(c, "PostgresVolumeAlmostFull")
		require.Contains(t, got[0], "> 70")
		require.Contains(t, got[1], "> 85")
	})
	t.Run("backups without a WAL archive", func(t *testing.T) {
		c := shop()
		c.Backup.WAL = false
		require.NotEmpty(t, exprs(c, "PostgresBackupTooOld"))
		require.Empty(t, exprs(c, "PostgresWALArchivingFailing"))
		require.Empty(t, exprs(c, "PostgresWALArchiveBacklog"))
	})
	t.Run("how old a drill may be", func(t *testing.T) {
		c := shop()
		c.Backup.DrillMaxAge = 21 * 24 * time.Hour
		require.Contains(t, exprs(c, "PostgresDrillTooOld")[0], "> 1814400")
		c.Backup.DrillMaxAge = 0
		require.Empty(t, exprs(c, "PostgresDrillTooOld"))
		require.Empty(t, exprs(c, "PostgresDrillFailed"))
	})
	t.Run("runbooks elsewhere", func(t *testing.T) {
		c := shop()
		c.RunbookURL = "https://wiki.example.com/db/"
		require.Equal(t, "https://wiki.example.com/db/PostgresDown.md", rules(t, monitoring.Rules(c))[0].Annotations["runbook_url"])
	})
}

// The limit of what a chart's values, a ConfigMap and an eye can take.
func TestObjectsAreModest(t *testing.T) {
	size := 0
	for _, o := range everything(shop()) {
		b, err := json.Marshal(o.Body())
		require.NoError(t, err)
		size += len(b)
	}
	require.Less(t, size, 72<<10)
}

// Every alert has its page, and no page is left of an alert that is gone.
func TestRunbooks(t *testing.T) {
	alerts := map[string]bool{}
	for _, r := range append(rules(t, monitoring.Rules(shop())), rules(t, monitoring.Rules(nativeShop()))...) {
		if !strings.HasPrefix(r.Alert, "Agent") { // theirs are of the agent's page
			alerts[r.Alert] = true
		}
	}
	const dir = "../../docs/runbooks"
	for alert := range alerts {
		b, err := os.ReadFile(filepath.Join(dir, alert+".md"))
		require.NoError(t, err)
		page := string(b)
		require.Regexp(t, "^# "+alert+"\n", page)
		for _, section := range []string{"Meaning", "Impact", "Diagnosis", "Mitigation", "How this was tested"} {
			require.Contains(t, page, "\n## "+section+"\n", alert)
		}
		index, err := os.ReadFile(filepath.Join(dir, "README.md"))
		require.NoError(t, err)
		require.Contains(t, string(index), "("+alert+".md)", "the index does not list it")
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.md"))
	require.NoError(t, err)
	require.Len(t, pages, len(alerts)+1, "a page without an alert")
}

var sink []manifest.Object

func BenchmarkEverything(b *testing.B) {
	c := shop()
	monitoring.Dashboards(c) // the template is made once in the life of a process
	b.ReportAllocs()
	for b.Loop() {
		sink = everything(c)
	}
}

func BenchmarkRules(b *testing.B) {
	c := shop()
	b.ReportAllocs()
	for b.Loop() {
		sink = monitoring.Rules(c)
	}
}

func BenchmarkDashboards(b *testing.B) {
	c := shop()
	b.ReportAllocs()
	for b.Loop() {
		sink = monitoring.Dashboards(c)
	}
}
