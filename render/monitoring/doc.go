// Package monitoring builds the monitoring objects of one database cluster: PodMonitors that scrape it, PrometheusRules
// that watch it, a Grafana dashboard that shows it.
//
//	pods := monitoring.PodMonitors(c) // one for the instances, one for each pooler
//	rules := monitoring.Rules(c)      // <name>-alerts, -alerts-backup, -alerts-drill, -alerts-dump, -alerts-pooler
//	board := monitoring.Dashboards(c) // a ConfigMap that Grafana's sidecar loads
//
// All three are pure functions of [Cluster], which holds what a plan has already resolved. They hold no wish of their own:
// what is not asked for (a backup, a pooler) is an object less, never a condition inside one, so that the environments of
// one database differ by whole objects.
//
// # What an expression may know
//
// An expression names the cluster (its namespace, the pattern of its pods) and, for backups, how old one may be. It never
// names the number of instances, of connections or of synchronous standbys: what is expected is read from the metrics
// too. Scaling a cluster leaves every alert as it was.
//
// Which metric answers which question is data, one value for each back end (see metricsOf). A question that a back end
// has no metric for is left empty there, and alerts that ask it are not emitted.
//
// # Alerts
//
// Severities are critical (wake someone: data cannot be written, or cannot be recovered), warning (look at it today) and
// info (good to know). Some alerts come in two severities with one name and one runbook; route critical and let
// Alertmanager inhibit the warning. Each alert carries the labels namespace, database_cluster and severity. The label is
// not called cluster, because that is what most people call the Kubernetes cluster in external_labels.
//
// Every alert has a page in docs/runbooks, named like it.
package monitoring
