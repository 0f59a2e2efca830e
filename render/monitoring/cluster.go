package monitoring

import (
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// CloudNativePG is the value of [Cluster.Backend] for clusters run by the CloudNativePG operator.
const CloudNativePG = "cloudnative-pg"

// DefaultRunbooks is the folder of runbook pages that alerts link to when [Cluster.RunbookURL] is empty.
const DefaultRunbooks = "https://github.com/onggi-db/onggi/blob/main/docs/runbooks"

// Cluster is what the monitoring objects are built from. Name and Namespace are DNS labels; Backend is one of the
// constants of this package. Everything else may be left zero.
type Cluster struct {
	Name      string
	Namespace string
	Backend   string
	// Labels go on every object, as metadata.labels.
	Labels map[string]string

	// Interval is how often Prometheus scrapes, as Prometheus writes durations; default 30s.
	Interval string
	// TLS says that the metrics port speaks TLS, with the server certificate of the database.
	TLS bool
	// CASecret holds, under ca.crt, who signed that certificate; default <name>-ca.
	CASecret string
	// MonitorLabels go on PodMonitors and PrometheusRules besides Labels: what a Prometheus selects them by, for instance
	// release: kube-prometheus-stack.
	MonitorLabels map[string]string

	// Hibernated says that the cluster is stopped on purpose: it has no pods, and [Rules] returns nothing.
	Hibernated bool
	// Backup is nil for a cluster without backups.
	Backup *Backup
	// Dumps are its series of logical dumps.
	Dumps []Dump
	// Poolers are the names of its connection poolers.
	Poolers []string

	// StorageWarnPercent is how full a volume may be before a warning; default 80. The critical alert comes half way
	// between it and full.
	StorageWarnPercent int64
	// RunbookURL is the folder that holds <AlertName>.md; default [DefaultRunbooks].
	RunbookURL string
	// AlertLabels go on every alert, for instance team: storefront. They cannot replace the labels that say whose alert
	// it is and how severe.
	AlertLabels map[string]string

	// DashboardNamespace is where Grafana looks for dashboards; default Namespace.
	DashboardNamespace string
	// DashboardLabels go on the dashboard besides Labels; default grafana_dashboard: "1".
	DashboardLabels map[string]string
	// DashboardFolder is the Grafana folder; none by default.
	DashboardFolder string

	own *manifest.Fields // the labels of PodMonitors and PrometheusRules
}

// Backup says how backups of the cluster show in its metrics.
type Backup struct {
	// Plugin says that the barman-cloud plugin takes the backups. The operator's own backup metrics then stay 0 for ever.
	Plugin bool
	// MaxAge is how old the newest backup may be, in whole seconds: the longest gap of the schedule plus the time a backup
	// takes. Default 26 hours, which suits a daily one.
	MaxAge time.Duration
	// WAL says that the write-ahead log is archived too.
	WAL bool
	// DrillMaxAge is how old the last good restore drill may be, in whole seconds; 0 without drills.
	DrillMaxAge time.Duration
	// DrillJob is the CronJob of drills that leave their results nowhere but in their Jobs, as native's do: what kube-state-metrics tells of
	// these is asked instead.
	DrillJob string
}

// Dump is a series of logical dumps.
type Dump struct {
	Name string
	// MaxAge is how old the last good dump may be, in whole seconds.
	MaxAge time.Duration
	// Suspended says that none are made on purpose; nobody misses them.
	Suspended bool
}

// Supported says whether backend has metrics that this package knows. For one that has not, every function returns
// nothing.
func Supported(backend string) bool {
	switch backend {
	case CloudNativePG, Native:
		return true
	}
	return false
}

// withDefaults fills in what was left zero.
func (c Cluster) withDefaults() Cluster {
	c.Interval = or(c.Interval, "30s")
	c.CASecret = or(c.CASecret, c.Name+"-ca")
	c.RunbookURL = strings.TrimSuffix(or(c.RunbookURL, DefaultRunbooks), "/")
	c.DashboardNamespace = or(c.DashboardNamespace, c.Namespace)
	if c.StorageWarnPercent == 0 {
		c.StorageWarnPercent = 80
	}
	c.own = stringMap(c.Labels, c.MonitorLabels)
	if c.DashboardLabels == nil {
		c.DashboardLabels = map[string]string{"grafana_dashboard": "1"}
	}
	return c
}

// maxAge is Backup.MaxAge in seconds, times a factor, as PromQL writes a number.
func (b Backup) maxAge(factor int64) string {
	age := b.MaxAge
	if age == 0 {
		age = 26 * time.Hour
	}
	return strconv.FormatInt(int64(age/time.Second)*factor, 10)
}

// object makes an object of this package's part, with its contents in a field beside the metadata.
func object(apiVersion, kind any, namespace, name string, labels *manifest.Fields, contents string, value any) manifest.Object {
	meta := manifest.Of("name", name, "namespace", namespace, "labels", labels)
	if labels.Len() == 0 {
		meta.Delete("labels")
	}
	return manifest.Object{Part: manifest.PartMonitoring}.Made(manifest.Of("apiVersion", apiVersion, "kind", kind, "metadata", meta, contents, value))
}

// stringMap merges maps of strings into one mapping; a later one wins.
func stringMap(maps ...map[string]string) *manifest.Fields {
	merged := manifest.Room(8)
	for _, m := range maps {
		for k, v := range m {
			merged.Set(k, v)
		}
	}
	return merged
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
