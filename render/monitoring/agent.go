package monitoring

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
)

// Native is the value of [Cluster.Backend] for clusters run by onggi's own agent.
const Native = "native"

// agentRunbooks is the page whose headings are the agent's alerts.
const agentRunbooks = "https://github.com/onggi-db/onggi/blob/main/docs/agent.md#"

//go:embed agent.yaml
var agentFile []byte

// agentAlert is a rule of agent.yaml, about every cluster that Prometheus sees.
type agentAlert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

var agentAlerts = sync.OnceValue(func() []agentAlert {
	var file struct {
		Groups []struct {
			Rules []agentAlert `json:"rules"`
		} `json:"groups"`
	}
	if err := yaml.Unmarshal(agentFile, &file); err != nil {
		panic("read the agent's alerts, which are part of this program: " + err.Error())
	}
	return file.Groups[0].Rules
})

// agentSeries are the names of the agent's metrics in an expression, each with the bracket that opens its matchers, where it has some.
var agentSeries = regexp.MustCompile(`\b(?:patroni|onggi)_[a-z_]+\{?`)

// narrowed has an expression ask the pods of one cluster alone.
func narrowed(expr string, c Cluster) string {
	pods := `namespace="` + c.Namespace + `",pod=~"` + c.Name + `-[0-9]+"`
	return agentSeries.ReplaceAllStringFunc(strings.TrimSpace(expr), func(s string) string {
		if name, ok := strings.CutSuffix(s, "{"); ok {
			return name + "{" + pods + ","
		}
		return s + "{" + pods + "}"
	})
}

// agentGroup are the agent's alerts, each narrowed to the pods of one cluster.
func agentGroup(c Cluster) any {
	var rules []any
	for _, a := range agentAlerts() {
		runbook := agentRunbooks + strings.ToLower(a.Alert)
		if c.RunbookURL != DefaultRunbooks {
			runbook = c.RunbookURL + "/" + a.Alert + ".md"
		}
		labels := stringMap(c.AlertLabels, map[string]string{"namespace": c.Namespace, "database_cluster": c.Name, "severity": a.Labels["severity"]})
		rule := manifest.Of(
			"alert", a.Alert, "expr", narrowed(a.Expr, c), "labels", labels,
			"annotations", manifest.Of("summary", a.Annotations["summary"], "runbook_url", runbook),
		)
		if a.For != "" {
			rule.Set("for", a.For)
		}
		rules = append(rules, rule)
	}
	return manifest.Of("name", c.Namespace+"."+c.Name+".agent", "rules", rules)
}
