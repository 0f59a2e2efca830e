package cloudnativepg

import (
	"time"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

// monitoring makes what Prometheus reads, and the dashboards.
func (b builder) monitoring() (monitors, dashboards []manifest.Object) {
	m := b.Monitoring
	if m == nil {
		return nil, nil
	}
	labels := make(map[string]string)
	for k, v := range b.labels(manifest.PartMonitoring) {
		labels[k], _ = v.(string)
	}
	c := monitoring.Cluster{
		Name: b.Name, Namespace: b.Namespace, Backend: monitoring.CloudNativePG, Labels: labels,
		Interval: m.Interval, Hibernated: b.Hibernate, TLS: m.TLS, MonitorLabels: m.Labels, RunbookURL: m.RunbookURL,
		DashboardNamespace: m.DashboardNamespace, DashboardFolder: m.DashboardFolder,
	}
	if b.TLS != nil {
		c.CASecret = b.caSecret()
	}
	if k := b.Backup; k != nil && m.BackupMaxAge > 0 {
		c.Backup = &monitoring.Backup{
			Plugin: k.Method == "plugin", WAL: k.Destination != "",
			MaxAge: time.Duration(m.BackupMaxAge) * time.Second,
		}
		if d := b.drill(); d != nil && !d.Suspend {
			c.Backup.DrillMaxAge = time.Duration(d.MaxAge) * time.Second
		}
	}
	if b.Pooler != nil {
		for _, member := range b.Pooler.Members {
			c.Poolers = append(c.Poolers, member.Name)
		}
	}
	if m.Scrape {
		monitors = monitoring.PodMonitors(c)
	}
	if m.Alerts {
		monitors = append(monitors, monitoring.Rules(c)...)
	}
	if m.Dashboards {
		dashboards = monitoring.Dashboards(c)
	}
	return monitors, dashboards
}

// caSecret holds the authority that signed the server's certificate.
func (b builder) caSecret() string {
	switch {
	case b.TLS.CertManager != nil:
		return b.Name + "-server-tls"
	case b.TLS.CASecret != "":
		return b.TLS.CASecret
	}
	return b.Name + "-ca"
}
