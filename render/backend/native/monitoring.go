package native

import (
	"slices"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

// monitoring is how Prometheus finds the agents' metrics, and the alerts on them.
func (b builder) monitoring() []manifest.Object {
	m := b.Monitoring
	if m == nil {
		return nil
	}
	labels := make(map[string]string)
	for k, v := range b.labels(manifest.PartMonitoring).All() {
		labels[k], _ = v.(string)
	}
	c := monitoring.Cluster{
		Name: b.Name, Namespace: b.Namespace, Backend: monitoring.Native, Labels: labels,
		Interval: m.Interval, Hibernated: b.Hibernate, MonitorLabels: m.Labels, RunbookURL: m.RunbookURL,
		DashboardNamespace: m.DashboardNamespace, DashboardFolder: m.DashboardFolder,
	}
	if b.Backup != nil && m.BackupMaxAge > 0 {
		c.Backup = &monitoring.Backup{WAL: true, MaxAge: time.Duration(m.BackupMaxAge) * time.Second}
		if d := b.Backup.Drill; d != nil && !d.Suspend {
			c.Backup.DrillMaxAge, c.Backup.DrillJob = time.Duration(d.MaxAge)*time.Second, d.Name
		}
	}
	if b.Dumps != nil {
		for _, d := range b.Dumps.Series {
			c.Dumps = append(c.Dumps, monitoring.Dump{Name: d.Name, MaxAge: time.Duration(d.MaxAge) * time.Second, Suspended: d.Suspend})
		}
	}
	if b.Pooler != nil {
		for _, member := range b.Pooler.Members {
			c.Poolers = append(c.Poolers, member.Name)
		}
	}
	var monitors, rules, dashboards []manifest.Object
	if m.Scrape {
		monitors = monitoring.PodMonitors(c)
	}
	if m.Alerts {
		rules = monitoring.Rules(c)
	}
	if m.Dashboards {
		dashboards = monitoring.Dashboards(c)
	}
	return slices.Concat(monitors, rules, dashboards)
}
