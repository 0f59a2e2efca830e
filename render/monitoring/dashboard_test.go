package monitoring_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

// board is as much of a dashboard as the tests look at.
type board struct {
	Title         string `json:"title"`
	UID           string `json:"uid"`
	SchemaVersion int    `json:"schemaVersion"`
	Templating    struct {
		List []struct{ Type, Name, Query string } `json:"list"`
	} `json:"templating"`
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ RefID, Expr, LegendFormat string }
	} `json:"panels"`
}

func dashboardText(t *testing.T, c monitoring.Cluster) string {
	t.Helper()
	objs := monitoring.Dashboards(c)
	require.Len(t, objs, 1)
	data := objs[0].Body()["data"].(manifest.Map)
	require.Len(t, data, 1)
	return data[c.Namespace+"."+c.Name+".json"].(string)
}

func readBoard(t *testing.T, c monitoring.Cluster) board {
	t.Helper()
	var b board
	require.NoError(t, json.Unmarshal([]byte(dashboardText(t, c)), &b))
	return b
}

func TestDashboardIsWellFormed(t *testing.T) {
	b := readBoard(t, shop())
	require.Equal(t, "shop (databases)", b.Title)
	require.Equal(t, 39, b.SchemaVersion)
	require.LessOrEqual(t, len(b.UID), 40, "Grafana refuses longer ones")
	require.NotContains(t, dashboardText(t, shop()), "@", "a mark was left in")
	require.LessOrEqual(t, len(dashboardText(t, shop())), 27<<10)

	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range b.Panels {
		require.False(t, ids[p.ID], "two panels have id %d", p.ID)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				require.Less(t, x, 24)
				require.Empty(t, taken[[2]int{x, y}], "%q covers another panel", p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
		require.Equal(t, p.Type == "row", len(p.Targets) == 0, p.Title)
	}
}

func TestDashboardHasTheRowsThatTheClusterHasUseFor(t *testing.T) {
	rows := func(c monitoring.Cluster) (titles []string) {
		for _, p := range readBoard(t, c).Panels {
			if p.Type == "row" {
				titles = append(titles, p.Title)
			}
		}
		return titles
	}
	require.Equal(t, []string{"Overview", "Replication", "Load", "Storage", "Pods", "Backup", "Pooler", "Restore drill"}, rows(shop()))
	require.Equal(t, []string{"Overview", "Replication", "Load", "Storage", "Pods"}, rows(plain()))
}

// Two clusters differ in the head of their dashboards and nowhere else.
func TestDashboardsDifferByConstantsOnly(t *testing.T) {
	other := shop()
	other.Name, other.Namespace, other.Poolers = "erp", "finance", []string{"erp-rw", "erp-ro"}
	headA, restA, _ := strings.Cut(dashboardText(t, shop()), "\n")
	headB, restB, _ := strings.Cut(dashboardText(t, other), "\n")
	require.Equal(t, restA, restB)
	require.NotEqual(t, headA, headB)
	constants := map[string]string{}
	for _, v := range readBoard(t, other).Templating.List {
		constants[v.Name] = v.Query
	}
	require.Equal(t, map[string]string{
		"datasource": "prometheus", "namespace": "finance", "cluster": "erp",
		"pods": "erp-[0-9]+", "poolers": "(erp-rw|erp-ro)-[a-z0-9]+-[a-z0-9]+", "backup": "barman_cloud_cloudnative_pg_io",
	}, constants)
	require.NotEqual(t, readBoard(t, shop()).UID, readBoard(t, other).UID)
}

var variable = regexp.MustCompile(`\$\{?([a-z_]+)\}?`)

// resolve puts the values of a dashboard's variables into a query, as Grafana does.
func resolve(t *testing.T, b board, expr string) string {
	t.Helper()
	values := map[string]string{"__rate_interval": "5m"}
	for _, v := range b.Templating.List {
		values[v.Name] = v.Query
	}
	return variable.ReplaceAllStringFunc(expr, func(s string) string {
		name := variable.FindStringSubmatch(s)[1]
		require.Contains(t, values, name, "no such variable: %s", expr)
		return values[name]
	})
}

// Every query is valid PromQL and, asked of a healthy cluster, returns something: its metrics exist and its joins match.
func TestDashboardQueriesReturnData(t *testing.T) {
	old := func(samples []sample) (kept []sample) { // what PostgreSQL 16 reports
		for _, s := range samples {
			if !strings.HasPrefix(s.Series, "cnpg_pg_stat_checkpointer_") {
				kept = append(kept, s)
			}
		}
		return kept
	}
	intree := shop()
	intree.Backup.Plugin = false
	for name, tc := range map[string]struct {
		cluster monitoring.Cluster
		series  []sample
	}{
		"plugin":             {shop(), exporter(t)},
		"in-tree backup, 16": {intree, old(exporter(t))},
	} {
		t.Run(name, func(t *testing.T) {
			b := readBoard(t, tc.cluster)
			var records, absent []any
			for _, p := range b.Panels {
				for _, target := range p.Targets {
					record := fmt.Sprintf("panel:%d:%s", p.ID, target.RefID)
					records = append(records, map[string]any{"record": record, "expr": resolve(t, b, target.Expr)})
					absent = append(absent, map[string]any{"expr": "absent(" + record + ")", "eval_time": "30m"})
				}
			}
			require.Greater(t, len(records), 40)
			dir := t.TempDir()
			write(t, filepath.Join(dir, "rules.yaml"), map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": records}}})
			write(t, filepath.Join(dir, "test.yaml"), map[string]any{
				"rule_files": []any{"rules.yaml"},
				"tests":      []any{map[string]any{"interval": "1m", "input_series": tc.series, "promql_expr_test": absent}},
			})
			promtool(t, "check", "rules", "--lint=none", filepath.Join(dir, "rules.yaml"))
			promtool(t, "test", "rules", filepath.Join(dir, "test.yaml"))
		})
	}
}

func write(t *testing.T, path string, v any) {
	t.Helper()
	b, err := yaml.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o644))
}
