package monitoring_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/monitoring"
)

// nativeShop is shop under onggi's agent.
func nativeShop() monitoring.Cluster {
	c := shop()
	c.Backend, c.TLS, c.Backup.DrillJob = monitoring.Native, false, "shop-drill"
	c.Dumps = []monitoring.Dump{{Name: "nightly", MaxAge: 32 * time.Hour}, {Name: "paused", MaxAge: time.Hour, Suspended: true}}
	return c
}

// asNative writes a case on CloudNativePG's metrics with the names that native has for them.
var asNative = strings.NewReplacer(
	`container="postgres"`, `container="exporter"`, "container: postgres", "container: exporter",
	"cnpg_collector_up", "pg_up", "cnpg_collector_fencing_on", "onggi_fenced",
	"cnpg_collector_last_collection_error", "pg_exporter_last_scrape_error", "cnpg_last_error", "pg_exporter_user_queries_load_error",
	"cnpg_collector_manual_switchover_required", "onggi_switchover_awaited",
	"cnpg_collector_sync_replicas", "onggi_sync_standbys", `value="expected"`, `value="asked"`, `value="observed"`, `value="required"`,
	"cnpg_collector_pg_wal_archive_status", "onggi_pg_wal_archive_ready", "cnpg_collector_pg_wal", "onggi_pg_wal_segments",
	"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{", `onggi_backup_last_timestamp_seconds{type="any",`,
	"barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp", "onggi_backup_last_failure_timestamp_seconds",
	"cnpg_pg_", "onggi_pg_", "cnpg_backends_", "onggi_backends_", "streaming_replica", "onggi_replicator",
	`persistentvolumeclaim="`, `persistentvolumeclaim="data-`, "persistentvolumeclaim: ", "persistentvolumeclaim: data-",
)

var otherClaim = regexp.MustCompile(`data-([a-z]+-[0-9]+)-(wal|tbs-[a-z]+)`)

// nativeCases are the promtool tests of native, by file: those of CloudNativePG with native's names, without the cases of alerts that native has
// not or tells by other metrics, and native's own.
func nativeCases(t *testing.T) map[string][]byte {
	t.Helper()
	cases := map[string][]byte{}
	for _, own := range []string{"native.yaml", "drill.yaml", "dump.yaml"} {
		text, err := os.ReadFile("testdata/promtool-native/" + own)
		require.NoError(t, err)
		cases[own] = text
	}
	has := map[string]bool{}
	for _, r := range rules(t, monitoring.Rules(nativeShop())) {
		has[r.Alert] = r.Alert != "PostgresOneNode" && !strings.HasPrefix(r.Alert, "PostgresPooler")
	}
	for _, name := range []string{"availability", "replication", "storage", "load", "backup", "wal", "absent"} {
		text, err := os.ReadFile("testdata/promtool/" + name + ".yaml")
		require.NoError(t, err)
		var file map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(otherClaim.ReplaceAllString(asNative.Replace(string(text)), "$2-$1")), &file))
		for _, one := range file["tests"].([]any) {
			c := one.(map[string]any)
			c["input_series"] = slices.DeleteFunc(c["input_series"].([]any), func(s any) bool { // which only CloudNativePG counts
				return strings.Contains(s.(map[string]any)["series"].(string), `value="done"`)
			})
			c["alert_rule_test"] = slices.DeleteFunc(c["alert_rule_test"].([]any), func(a any) bool {
				alert := a.(map[string]any)["alertname"].(string)
				return !has[alert] && name != "absent" || a.(map[string]any)["exp_alerts"] != nil && !has[alert] && alert != "PostgresPoolerDown"
			})
		}
		cases[name+".yaml"], err = yaml.Marshal(file)
		require.NoError(t, err)
	}
	return cases
}

// Each alert of native fires, is silent, and is silent or not without metrics, as CloudNativePG's does.
func TestNativeAlertsFire(t *testing.T) {
	dir := t.TempDir()
	all := rules(t, monitoring.Rules(nativeShop()))
	for _, g := range groups(t, monitoring.Rules(nativeShop())) {
		writeRules(t, filepath.Join(dir, strings.TrimPrefix(g.Name, "databases.shop.")+".rules.yaml"), false, g)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	var files []string
	for name, text := range nativeCases(t) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, text, 0o644))
		files = append(files, path)
		require.NotContains(t, string(text), "cnpg_pg_")
		var u unitTest
		require.NoError(t, yaml.Unmarshal(text, &u))
		for _, group := range u.Tests {
			for _, c := range group.AlertRuleTest {
				for _, a := range c.ExpAlerts {
					fires[c.AlertName+a.ExpLabels["severity"]] = true
				}
				silent[c.AlertName] = silent[c.AlertName] || len(c.ExpAlerts) == 0
			}
		}
	}
	for _, r := range all {
		if !strings.HasPrefix(r.Alert, "Agent") { // which sidecars/rest fires
			require.True(t, fires[r.Alert+r.Labels["severity"]], "no case in which %s fires as %s", r.Alert, r.Labels["severity"])
			require.True(t, silent[r.Alert], "no case in which %s is silent", r.Alert)
		}
	}
	promtool(t, append([]string{"test", "rules"}, files...)...)
}

// What CloudNativePG's alerts tell, native's tell too: by the same alert, or by the agent's that knows more.
func TestNativeHasTheAlertsOfTheOthers(t *testing.T) {
	instead := map[string]string{
		"PostgresNoPrimary": "AgentNoPrimary", "PostgresTwoPrimaries": "AgentTwoPrimaries", "PostgresReplicaNotStreaming": "AgentReplicaNotStreaming",
		"PostgresWritesBlocked": "AgentCommitsWait",
	}
	native := map[string]bool{}
	for _, r := range rules(t, monitoring.Rules(nativeShop())) {
		native[r.Alert] = true
	}
	page, err := os.ReadFile("../../docs/native.md")
	require.NoError(t, err)
	for _, r := range rules(t, monitoring.Rules(shop())) {
		alert := r.Alert
		if other, ok := instead[alert]; ok {
			require.False(t, native[alert], "%s and %s tell of the same", alert, other)
			require.Contains(t, string(page), "| `"+alert+"` | `"+other+"` |")
			alert = other
		}
		require.True(t, native[alert], "native has nothing for %s", r.Alert)
	}
}

// Alerts and dashboard ask only for series that the agent, the exporter with its queries, a pooler, a kubelet or kube-state-metrics tells. make e2e-monitoring asks
// real ones.
func TestNativeAsksForItsOwnMetrics(t *testing.T) {
	text := string(stream(t, everything(nativeShop())))
	for _, foreign := range []string{"cnpg_", "barman_", "streaming_replica"} {
		require.NotContains(t, text, foreign)
	}
	for _, major := range []int{13, 16, 17, 18} {
		var queries map[string]struct {
			Query   string
			Metrics []map[string]struct{ Usage, Description string }
		}
		require.NoError(t, yaml.UnmarshalStrict([]byte(monitoring.Queries(major)+monitoring.DumpQueries()), &queries))
		told := map[string]bool{}
		for name, q := range queries {
			require.NotEmpty(t, q.Query, name)
			for _, m := range q.Metrics {
				for column, as := range m {
					require.Contains(t, []string{"LABEL", "GAUGE", "COUNTER"}, as.Usage, name)
					require.NotEmpty(t, as.Description, name)
					told[name+"_"+column] = true
				}
			}
		}
		asked := regexp.MustCompile(`onggi_(pg|backends|wal)_[a-z_]+`)
		for _, name := range asked.FindAllString(text, -1) {
			if strings.Contains(name, "_stat_bgwriter_") || strings.Contains(name, "_stat_checkpointer_") {
				continue // one of the two is there
			}
			require.True(t, told[name], "%s is in no query for PostgreSQL %d", name, major)
		}
		require.Equal(t, major >= 17, told["onggi_pg_stat_checkpointer_checkpoints_timed"])
		require.Equal(t, major < 17, told["onggi_pg_stat_bgwriter_checkpoints_timed"])
	}
}

func TestNativeGolden(t *testing.T) {
	golden(t, "native.yaml", stream(t, everything(nativeShop())))
}
