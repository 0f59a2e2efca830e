package monitoring

import (
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// Rules are the alerts of the cluster: <name>-alerts for what every cluster has, <name>-alerts-backup, <name>-alerts-drill and
// <name>-alerts-dump, <name>-alerts-pooler for those that have backups, drills, dumps and poolers. No other cluster's rules can have these names.
func Rules(c Cluster) []manifest.Object {
	c = c.withDefaults()
	m, ok := metricsOf(c)
	if !ok || c.Hibernated {
		return nil
	}
	b := &builder{
		Cluster: c, metrics: m,
		subject:  c.Namespace + "/" + c.Name + ": ",
		runbooks: c.RunbookURL + "/",
		common:   stringMap(c.AlertLabels),
	}
	b.common.Set("namespace", c.Namespace)
	b.common.Set("database_cluster", c.Name)
	always := make([]any, 0, 5)
	if c.Backend == Native {
		always = append(always, agentGroup(c))
	}
	always = append(always,
		b.group("availability", append(b.availability(), b.roles()...)),
		b.group("replication", b.replication()),
		b.group("storage", b.storage()),
		b.group("load", b.load()),
	)
	objs := make([]manifest.Object, 0, 4)
	objs = append(objs, b.object(c.Name+"-alerts", always...))
	if c.Backup != nil {
		alerts := b.backup()
		if c.Backup.WAL {
			alerts = append(alerts, b.walArchive()...)
		}
		objs = append(objs, b.object(c.Name+"-alerts-backup", b.group("backup", alerts)))
		if c.Backup.DrillMaxAge > 0 {
			objs = append(objs, b.object(c.Name+"-alerts-drill", b.group("drill", b.drillAlerts())))
		}
	}
	objs = append(objs, b.dumpRules()...)
	return append(objs, b.poolerRules()...)
}

func (b *builder) poolerRules() []manifest.Object {
	if len(b.Poolers) == 0 {
		return nil
	}
	var alerts []alert
	for _, pooler := range b.Poolers {
		alerts = append(alerts, b.pooler(pooler)...)
	}
	return []manifest.Object{b.object(b.Name+"-alerts-pooler", b.group("pooler", alerts))}
}

// Severities, from the gravest.
const (
	critical = "critical" // data cannot be written, or could not be recovered
	warning  = "warning"
	info     = "info"
)

// alert is one alerting rule. What is the same for every cluster is held as any: a constant becomes one without an
// allocation, and there are forty rules to a cluster.
type alert struct {
	name     any // also that of its runbook
	severity any
	hold     any // how long the expression must hold before it fires; nil for at once
	expr     string
	summary  string // what is wrong, after the name of the cluster
	detail   any    // the description: which one, how much, what follows
	pooler   string // the pooler it is about, if any
	dump     string // the series of dumps it is about, if any
}

// builder turns alerts of one cluster into rules.
type builder struct {
	Cluster
	metrics  metrics
	subject  string
	runbooks string
	// common are the labels of every alert. Those that say whose it is come after the user's, which cannot replace them.
	common *manifest.Fields
	plain  []*manifest.Fields // those of alerts that are about the whole cluster, of each severity once
	texts  strings.Builder
}

// textSize is a piece of memory for texts: those of a cluster with everything on take two or three.
const textSize = 8 << 10

// join puts a text together. The texts of a cluster stand behind each other in a few pieces of memory: there are hundreds.
func (b *builder) join(parts ...string) string {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if b.texts.Cap()-b.texts.Len() < size {
		b.texts = strings.Builder{}
		b.texts.Grow(max(size, textSize))
	}
	from := b.texts.Len()
	for _, part := range parts {
		b.texts.WriteString(part)
	}
	return b.texts.String()[from:]
}

// labels say whose alert it is and how severe.
func (b *builder) labels(a *alert) *manifest.Fields {
	switch {
	case a.pooler != "":
		return b.common.With("severity", a.severity, "pooler", a.pooler)
	case a.dump != "":
		return b.common.With("severity", a.severity, "dump", a.dump)
	}
	for _, labels := range b.plain {
		if labels.Get("severity") == a.severity {
			return labels
		}
	}
	labels := b.common.With("severity", a.severity)
	b.plain = append(b.plain, labels)
	return labels
}

// unanswered stands where an expression asks what the back end has no metric for.
const unanswered = "\x00"

// of selects the series of the cluster's instances that answer a question.
func (b *builder) of(s series) string {
	switch {
	case s.name == "":
		return unanswered
	case s.match == "":
		return b.join(s.name, "{", b.metrics.instances, "}")
	}
	return b.join(s.name, "{", b.metrics.instances, ",", s.match, "}")
}

// onPrimary narrows a vector to the pods that take writes.
func (b *builder) onPrimary() string {
	return b.join(" and on (namespace, pod) ", b.of(b.metrics.inRecovery), " == 0")
}

func (b *builder) object(name string, groups ...any) manifest.Object {
	return object("monitoring.coreos.com/v1", "PrometheusRule", b.Namespace, name, b.own, "spec", manifest.Of("groups", groups))
}

// group leaves out the alerts that ask an unanswered question, and those that the agent has a better one for. Prometheus shows groups of all clusters in one list, so
// their names carry the cluster's.
func (b *builder) group(name string, alerts []alert) any {
	rules := make([]any, 0, len(alerts))
	for i := range alerts {
		if !strings.Contains(alerts[i].expr, unanswered) && !b.toldByAgent(&alerts[i]) {
			rules = append(rules, b.rule(&alerts[i]))
		}
	}
	return manifest.Of("name", b.Namespace+"."+b.Name+"."+name, "rules", rules)
}

func (b *builder) rule(a *alert) any {
	rule := manifest.Of(
		"alert", a.name,
		"expr", a.expr,
		"for", a.hold,
		"labels", b.labels(a),
		"annotations", manifest.Of(
			"summary", b.join(b.subject, a.summary),
			"description", a.detail,
			"runbook_url", b.join(b.runbooks, a.name.(string), ".md"),
		),
	)
	if a.hold == nil {
		rule.Delete("for")
	}
	return rule
}
