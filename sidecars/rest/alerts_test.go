package rest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const (
	alertsFile = "../../render/monitoring/agent.yaml"
	runbooks   = "../../docs/agent.md"
)

type alertRules struct {
	Groups []alertGroup `json:"groups"`
}

type alertGroup struct {
	Name  string      `json:"name"`
	Rules []alertRule `json:"rules"`
}

type alertRule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func readAlerts(t *testing.T) alertRules {
	t.Helper()
	data, err := os.ReadFile(alertsFile)
	require.NoError(t, err)
	var rules alertRules
	require.NoError(t, yaml.UnmarshalStrict(data, &rules, yaml.DisallowUnknownFields))
	return rules
}

// Every series that an alert asks for is one that the agent writes, and every alert has its runbook.
func TestAlertsAskForWhatIsThere(t *testing.T) {
	there := string(Metrics(&View{Scope: "shop", Name: "shop-0", Counters: Counters{FenceKills: map[string]uint64{"permit": 1}}, Backup: func() *BackupView { return &BackupView{} }}))
	pages, err := os.ReadFile(runbooks)
	require.NoError(t, err)
	series := regexp.MustCompile(`\b(patroni|onggi)_[a-z_]+`)
	alerts := 0
	for _, g := range readAlerts(t).Groups {
		for _, r := range g.Rules {
			alerts++
			require.Contains(t, string(pages), "\n### "+r.Alert+"\n")
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			names := series.FindAllString(r.Expr, -1)
			require.NotEmpty(t, names, r.Alert)
			for _, name := range names {
				require.Contains(t, there, "\n# TYPE "+strings.TrimSuffix(name, "_count")+" ", r.Alert)
			}
		}
	}
	require.Equal(t, alerts, strings.Count(string(pages), "\n### Agent"), "a runbook of no alert")
}

func TestAlertsFireAndAreSilent(t *testing.T) {
	bin, err := exec.LookPath("promtool")
	if err != nil {
		const missing = "promtool is not on PATH: the alerts are not fired"
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	dir := t.TempDir()
	rules := readAlerts(t)
	for _, g := range rules.Groups {
		for i := range g.Rules {
			g.Rules[i].Annotations = nil // promtool compares them too, and a test of when an alert fires should not break over its text
		}
	}
	plain, err := yaml.Marshal(rules)
	require.NoError(t, err)
	cases, err := os.ReadFile("testdata/promtool/agent.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "agent-alerts.yaml"), plain, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tests.yaml"), cases, 0o644))
	for _, args := range [][]string{{"check", "rules", mustAbs(t, alertsFile)}, {"test", "rules", filepath.Join(dir, "tests.yaml")}} {
		out, err := exec.Command(bin, args...).CombinedOutput()
		require.NoError(t, err, "promtool %s\n%s", strings.Join(args, " "), out)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	require.NoError(t, err)
	return abs
}
