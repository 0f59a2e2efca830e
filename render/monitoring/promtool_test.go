package monitoring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

// promtool runs Prometheus's own tool. Without it the tests of expressions are skipped, except where they must run: in CI
// and with ONGGI_REQUIRE_TOOLS=1.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	bin := os.Getenv("ONGGI_PROMTOOL")
	if bin == "" {
		found, err := exec.LookPath("promtool")
		if err != nil {
			const missing = "promtool is neither on PATH nor named by ONGGI_PROMTOOL: alerts and dashboard queries are not tested"
			if os.Getenv("CI") != "" || os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
				t.Fatal(missing)
			}
			t.Skip(missing)
		}
		bin = found
	}
	out, err := exec.Command(bin, args...).CombinedOutput()
	require.NoError(t, err, "promtool %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// writeRules writes groups of rules as a file that Prometheus would load.
func writeRules(t *testing.T, path string, annotated bool, gs ...ruleGroup) {
	t.Helper()
	for _, g := range gs {
		for i := range g.Rules {
			if !annotated {
				g.Rules[i].Annotations = nil
			}
		}
	}
	b, err := yaml.Marshal(map[string]any{"groups": gs})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o644))
}

// ruleFiles writes what the unit tests in testdata/promtool name in rule_files: one file for each group of shop's rules.
func ruleFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	intree := shop()
	intree.Backup.Plugin = false
	for suffix, objs := range map[string][]manifest.Object{"": monitoring.Rules(shop()), "-intree": monitoring.Rules(intree)} {
		for _, g := range groups(t, objs) {
			name := strings.TrimPrefix(g.Name, "databases.shop.") + suffix + ".rules.yaml"
			// Without annotations: promtool compares them too, and a test of when an alert fires should not break over its
			// text.
			writeRules(t, filepath.Join(dir, name), false, g)
		}
	}
	writeRules(t, filepath.Join(dir, "annotated.rules.yaml"), true, groups(t, monitoring.Rules(shop()))...)
	return dir
}

func TestRulesAreValid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yaml")
	intree := shop()
	intree.Backup.Plugin = false
	for name, c := range map[string]monitoring.Cluster{"everything": shop(), "plain": plain(), "in-tree backup": intree} {
		t.Run(name, func(t *testing.T) {
			writeRules(t, file, true, groups(t, monitoring.Rules(c))...)
			// Two severities of one alert are not a mistake, which is all that linting looks for.
			promtool(t, "check", "rules", "--lint=none", file)
		})
	}
}

// TestAlertsFire runs testdata/promtool: each file is a unit test that promtool runs by itself once the rule files lie
// beside it.
func TestAlertsFire(t *testing.T) {
	dir := ruleFiles(t)
	files, err := filepath.Glob("testdata/promtool/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			copied := filepath.Join(dir, filepath.Base(file))
			require.NoError(t, os.WriteFile(copied, b, 0o644))
			promtool(t, "test", "rules", copied)
		})
	}
}

// unitTest is as much of a promtool test file as the tests below look at.
type unitTest struct {
	RuleFiles []string `json:"rule_files"`
	Tests     []struct {
		Name        string `json:"name"`
		InputSeries []struct {
			Series string `json:"series"`
		} `json:"input_series"`
		AlertRuleTest []struct {
			EvalTime  string `json:"eval_time"`
			AlertName string `json:"alertname"`
			ExpAlerts []struct {
				ExpLabels map[string]string `json:"exp_labels"`
			} `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func unitTests(t *testing.T) []unitTest {
	t.Helper()
	files, err := filepath.Glob("testdata/promtool/*.yaml")
	require.NoError(t, err)
	var all []unitTest
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		var u unitTest
		require.NoError(t, yaml.Unmarshal(b, &u), file)
		all = append(all, u)
	}
	return all
}

// Every alert, at each severity, has a case where it fires, one where it does not, and one where its metrics do not exist.
func TestEveryAlertIsTested(t *testing.T) {
	type key struct{ alert, severity string }
	fires, silent, absent := map[key]bool{}, map[key]bool{}, map[key]bool{}
	severities := map[string][]string{}
	all := rules(t, monitoring.Rules(shop()))
	for _, r := range all {
		severities[r.Alert] = append(severities[r.Alert], r.Labels["severity"])
	}
	for _, u := range unitTests(t) {
		for _, group := range u.Tests {
			for _, c := range group.AlertRuleTest {
				require.Contains(t, severities, c.AlertName, "%s: no such alert", group.Name)
				firing := map[string]bool{}
				for _, a := range c.ExpAlerts {
					firing[a.ExpLabels["severity"]] = true
				}
				for _, severity := range severities[c.AlertName] {
					k := key{c.AlertName, severity}
					fires[k] = fires[k] || firing[severity]
					silent[k] = silent[k] || !firing[severity]
					absent[k] = absent[k] || len(group.InputSeries) == 0
				}
			}
		}
	}
	for _, r := range all {
		k := key{r.Alert, r.Labels["severity"]}
		require.True(t, fires[k], "no case in which %v fires", k)
		require.True(t, silent[k], "no case in which %v is silent", k)
		require.True(t, absent[k], "no case of %v without any metrics", k)
	}
}

var templateLabel = regexp.MustCompile(`\$labels\.([a-z_]+)`)

// An annotation that names a label which the alert does not have reads "volume  is 91% full" at three in the morning.
func TestAnnotationsNameLabelsThatExist(t *testing.T) {
	labels := map[string]map[string]string{} // by alert, of any case in which it fires
	for _, u := range unitTests(t) {
		for _, group := range u.Tests {
			for _, c := range group.AlertRuleTest {
				for _, a := range c.ExpAlerts {
					labels[c.AlertName] = a.ExpLabels
				}
			}
		}
	}
	for _, r := range rules(t, monitoring.Rules(shop())) {
		for name, text := range r.Annotations {
			for _, m := range templateLabel.FindAllStringSubmatch(text, -1) {
				require.Contains(t, labels[r.Alert], m[1], "%s: %s: %s", r.Alert, name, text)
			}
		}
	}
}
